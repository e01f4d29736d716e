// Signing out: a form, never a link. At Clerk one signs out there; here its cookies go, so that this browser is nobody.
// Either way the relay lets the browser in no more.

import { redirect } from '@sveltejs/kit';

import { isClerkCookie } from '#ui/server/identity/clerk.ts';
import { revokeOwnDevice } from '#ui/server/own-device.ts';
import { setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = () => redirect(303, '/');

export const actions: Actions = {
  default: async (event) => {
    const { accounts } = event.locals.host;
    await revokeOwnDevice(event);
    if (accounts === null) {
      const clerks = event.cookies.getAll().filter(({ name }) => isClerkCookie(name));
      for (const { name } of clerks) event.cookies.delete(name, { path: '/' });
    } else {
      const { cookies } = await accounts.signOut(visitorOf(event));
      setCookies(event.cookies, cookies);
    }
    redirect(303, '/sign-in');
  },
};
