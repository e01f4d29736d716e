// A client: its sites and their machines, and of each site what its appliance tells this host.

import { allEndpoints } from '#ui/server/all-endpoints.ts';
import { clientSites } from '#ui/server/client-sites.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, params, depends }) => {
  depends(`console:client:${params.client}`);
  const { directory } = actorOf(locals);
  return orError(async () => {
    const { id, name } = await directory.client(params.client);
    const [rows, sites] = await Promise.all([
      allEndpoints(directory, { clientId: id }),
      clientSites(id, { directory, uplinks: locals.host.uplinks }),
    ]);
    return { client: { id, name }, rows, sites };
  });
};
