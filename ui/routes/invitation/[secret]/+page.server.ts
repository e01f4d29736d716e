// The page behind an invitation's link: for anybody who has the link, with or without JavaScript.

import { redirect } from '@sveltejs/kit';

import { orFail, textOf } from '#ui/server/request.ts';
import { setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params, setHeaders }) => {
  setHeaders({ 'x-robots-tag': 'noindex' });
  const { accounts } = locals.host;
  if (accounts === null) return { kind: 'clerk' as const };
  const offer = await accounts.invitation(params.secret);
  if (offer === null) return { kind: 'gone' as const };
  const { id: _, ...shown } = offer;
  return { kind: 'open' as const, offer: shown, signedInAs: locals.identity?.name ?? null };
};

export const actions: Actions = {
  default: async (event) => {
    const { accounts } = event.locals.host;
    if (accounts === null) redirect(303, '/sign-in');
    const form = await event.request.formData();
    const entered = { name: textOf(form, 'name') };
    const answer = await orFail(
      () =>
        accounts.accept(visitorOf(event), {
          ...entered,
          secret: event.params.secret,
          password: textOf(form, 'password'),
        }),
      entered,
    );
    if (!('cookies' in answer)) return answer;
    setCookies(event.cookies, answer.cookies);
    redirect(303, '/settings/account');
  },
};
