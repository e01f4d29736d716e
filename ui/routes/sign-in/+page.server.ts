// Signing in. It shows the console; at a site it grants nothing.

import { redirect } from '@sveltejs/kit';

import { orFail, textOf } from '#ui/server/request.ts';
import { safeTarget, setCookies, visitorOf } from '#ui/server/visitor.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, url }) => {
  const { host, actor, identity, refusal } = locals;
  const to = safeTarget(url.searchParams.get('to'));
  if (actor !== null) redirect(303, to);
  const founding = (await host.accounts?.founding()) ?? 'closed';
  if (founding === 'first') redirect(303, '/found');
  return { to, refusal, signedInAs: identity?.name ?? null, mayFound: founding === 'open' };
};

export const actions: Actions = {
  default: async (event) => {
    const { accounts } = event.locals.host;
    if (accounts === null) redirect(303, '/sign-in');
    const form = await event.request.formData();
    const email = textOf(form, 'email');
    const to = safeTarget(event.url.searchParams.get('to'));
    const answer = await orFail(
      () => accounts.signIn(visitorOf(event), { email, password: textOf(form, 'password') }),
      { email },
    );
    if (!('cookies' in answer)) return answer;
    setCookies(event.cookies, answer.cookies);
    redirect(303, answer.kind === 'signed-in' ? to : `/sign-in/code?to=${encodeURIComponent(to)}`);
  },
};
