// Signing out: a form, never a link.

import { redirect } from '@sveltejs/kit';

import { setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = () => redirect(303, '/');

export const actions: Actions = {
  default: async (event) => {
    const { accounts } = event.locals.host;
    if (accounts !== null) {
      const { cookies } = await accounts.signOut(visitorOf(event));
      setCookies(event.cookies, cookies);
    }
    redirect(303, '/sign-in');
  },
};
