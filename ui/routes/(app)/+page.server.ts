// The fleet: everything that the host knows of it, in one answer. Live changes come by /api/events.

import { allEndpoints } from '#ui/server/all-endpoints.ts';
import { actorOf } from '#ui/server/request.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, depends }) => {
  depends('console:fleet');
  const { directory } = actorOf(locals);
  const rows = await allEndpoints(directory);
  const sites = await directory.sites();
  return {
    rows,
    sites: sites.map(({ id, name, state, clientId, clientName }) => ({
      ...{ id, name, state, clientId, clientName },
      isOnline: locals.host.uplinks.isOnline(id),
    })),
  };
};
