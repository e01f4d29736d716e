// The second factor, after the password was right.

import { redirect } from '@sveltejs/kit';

import { orFail, textOf } from '#ui/server/request.ts';
import { safeTarget, setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { Actions } from './$types';

export const actions: Actions = {
  default: async (event) => {
    const { accounts } = event.locals.host;
    if (accounts === null) redirect(303, '/sign-in');
    const form = await event.request.formData();
    const kind = textOf(form, 'kind') === 'backup-code' ? 'backup-code' : 'code';
    const answer = await orFail(
      () => accounts.verifySecondFactor(visitorOf(event), { kind, code: textOf(form, 'code') }),
      { kind },
    );
    if (!('cookies' in answer)) return answer;
    setCookies(event.cookies, answer.cookies);
    redirect(303, safeTarget(event.url.searchParams.get('to')));
  },
};
