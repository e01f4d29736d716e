// The first run: the first account and its organisation.

import { redirect } from '@sveltejs/kit';

import { orFail, textOf } from '#ui/server/request.ts';
import { setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals }) => {
  const { accounts } = locals.host;
  const founding = (await accounts?.founding()) ?? 'closed';
  if (founding === 'closed') redirect(303, '/sign-in');
  return { isFirst: founding === 'first' };
};

export const actions: Actions = {
  default: async (event) => {
    const { accounts } = event.locals.host;
    if (accounts === null) redirect(303, '/sign-in');
    const form = await event.request.formData();
    const entered = {
      organisation: textOf(form, 'organisation'),
      name: textOf(form, 'name'),
      email: textOf(form, 'email'),
    };
    const answer = await orFail(
      () => accounts.found(visitorOf(event), { ...entered, password: textOf(form, 'password') }),
      entered,
    );
    if (!('cookies' in answer)) return answer;
    setCookies(event.cookies, answer.cookies);
    redirect(303, '/welcome');
  },
};
