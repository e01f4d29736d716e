// People of the organisation, who is invited, and the roster. Keys and rosters are signed in the browser.

import { type RequestEvent, redirect } from '@sveltejs/kit';

import { disconnect } from '#ui/server/disconnect.ts';
import type { Role } from '#ui/server/identity/identity.ts';
import { actorOf, orFail, textOf } from '#ui/server/request.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, depends }) => {
  depends('console:people');
  const { is, directory } = actorOf(locals);
  const { accounts, config } = locals.host;
  const [people, roster, invitations] = await Promise.all([
    directory.people(),
    directory.roster(),
    is.role === 'owner' && accounts !== null ? accounts.invitations(is) : [],
  ]);
  return { people, roster, invitations, hasAccounts: accounts !== null, origin: config.origin };
};

export const actions: Actions = {
  invite: async (event) => {
    const { accounts, is } = accountsOf(event);
    const form = await event.request.formData();
    const entered = { email: textOf(form, 'email'), role: textOf(form, 'role') };
    return orFail(async () => {
      const role = entered.role as Role; // the accounts parse it
      const { secret, expiresAt } = await accounts.invite(is, { email: entered.email, role });
      const link = new URL(`/invitation/${secret}`, event.locals.host.config.origin).href;
      return { invited: { email: entered.email, link, expiresAt } };
    }, entered);
  },
  withdraw: async (event) => {
    const { accounts, is } = accountsOf(event);
    const form = await event.request.formData();
    return orFail(async () => {
      await accounts.withdrawInvitation(is, textOf(form, 'invitation'));
      return { done: 'The invitation is withdrawn: its link opens nothing any more' };
    }, {});
  },
  role: async (event) => {
    const { accounts, is } = accountsOf(event);
    const form = await event.request.formData();
    return orFail(async () => {
      const role = textOf(form, 'role') as Role; // the accounts parse it
      await accounts.changeRole(is, textOf(form, 'person'), role);
      return { done: 'The role is changed, from their next click on' };
    }, {});
  },
  remove: async (event) => {
    const { host } = event.locals;
    const { is, directory } = actorOf(event.locals);
    const person = textOf(await event.request.formData(), 'person');
    return orFail(async () => {
      const { peerKeys } =
        host.accounts === null
          ? await directory.removePerson(person)
          : await host.accounts.removeMember(is, person);
      disconnect(host, peerKeys);
      return { done: 'They are removed: signed out, and their browsers are disconnected' };
    }, {});
  },
};

function accountsOf({ locals }: RequestEvent) {
  const { accounts } = locals.host;
  if (accounts === null) redirect(303, '/settings/people'); // who belongs is Clerk's affair
  return { accounts, is: actorOf(locals).is };
}
