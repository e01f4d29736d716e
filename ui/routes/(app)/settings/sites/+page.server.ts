// Clients and their sites, and the token for an appliance that is to join.

import type { OwnDirectory } from '#ui/server/directory.ts';
import type { JoinSecret } from '#ui/server/directory-sites.ts';
import { ConsoleError } from '#ui/server/error.ts';
import { joinTokenText } from '#ui/server/join-token.ts';
import { localSiteOf } from '#ui/server/local-site.ts';
import { removeSite } from '#ui/server/remove-site.ts';
import { actorOf, orFail, textOf } from '#ui/server/request.ts';
import type { Actions, PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, depends }) => {
  depends('console:sites');
  const { is: actor, directory } = actorOf(locals);
  const [clients, sites, roster, computer] = await Promise.all([
    directory.clients(),
    directory.sites(),
    directory.roster(),
    localSiteOf(locals.host, { actor, directory }),
  ]);
  return { clients, sites, roster, computer };
};

export const actions: Actions = {
  add: async ({ locals, request }) => {
    const { directory } = actorOf(locals);
    const form = await request.formData();
    const entered = {
      client: textOf(form, 'client'),
      newClient: textOf(form, 'newClient'),
      name: textOf(form, 'name'),
    };
    return orFail(async () => {
      const clientId = await chooseClient(directory, entered);
      const secret = await directory.createSite({ clientId, name: entered.name });
      return { token: shownToken(secret, locals.host) };
    }, entered);
  },
  token: async ({ locals, request }) => {
    const { directory } = actorOf(locals);
    const form = await request.formData();
    const joins = textOf(form, 'joins') === 'founded' ? 'founded' : 'new';
    return orFail(async () => {
      const secret = await directory.newToken(textOf(form, 'site'), joins);
      return { token: shownToken(secret, locals.host) };
    }, {});
  },
  revoke: async ({ locals, request }) => {
    const { directory } = actorOf(locals);
    const form = await request.formData();
    return orFail(async () => {
      await directory.revokeToken(textOf(form, 'site'));
      return { done: 'The token is revoked: nothing joins by it any more' };
    }, {});
  },
  renameSite: async ({ locals, request }) => {
    const { directory } = actorOf(locals);
    const form = await request.formData();
    return orFail(async () => {
      await directory.renameSite(textOf(form, 'site'), textOf(form, 'name'));
      return { done: 'The site has its new name here; its log keeps the one that it began with' };
    }, {});
  },
  removeSite: async ({ locals, request }) => {
    const { is, directory } = actorOf(locals);
    const form = await request.formData();
    return orFail(async () => {
      await removeSite(textOf(form, 'site'), { is, directory, host: locals.host });
      return { done: 'The site is removed, and its appliance is no longer let in here' };
    }, {});
  },
  renameClient: async ({ locals, request }) => {
    const { directory } = actorOf(locals);
    const form = await request.formData();
    return orFail(async () => {
      await directory.renameClient(textOf(form, 'client'), textOf(form, 'name'));
      return { done: 'The client has its new name' };
    }, {});
  },
  removeClient: async ({ locals, request }) => {
    const { directory } = actorOf(locals);
    const form = await request.formData();
    return orFail(async () => {
      await directory.removeClient(textOf(form, 'client'));
      return { done: 'The client is removed' };
    }, {});
  },
};

function shownToken(secret: JoinSecret, host: App.Locals['host']) {
  const { siteId, joins, expiresAt } = secret;
  return { siteId, joins, expiresAt, text: joinTokenText(secret, host) };
}

async function chooseClient(
  directory: OwnDirectory,
  { client, newClient }: { client: string; newClient: string },
): Promise<string> {
  if (client !== '') return client;
  if (newClient.trim() === '') {
    throw new ConsoleError('invalid', 'Choose a client, or write the name of a new one');
  }
  return (await directory.createClient(newClient)).id;
}
