// The fleet: everything that the host knows of it, in one answer. Live changes come by /api/events.

import type { FleetEndpoint } from '#ui/server/directory-fleet.ts';
import { MAX_FLEET_PAGE } from '#ui/server/directory-fleet.ts';
import { actorOf } from '#ui/server/request.ts';
import type { PageServerLoad } from './$types';

export const load: PageServerLoad = async ({ locals, depends }) => {
  depends('console:fleet');
  const { directory } = actorOf(locals);
  const rows: FleetEndpoint[] = [];
  let after: string | null = null;
  do {
    const { items, next } = await directory.endpoints({ after, limit: MAX_FLEET_PAGE });
    rows.push(...items);
    after = next;
  } while (after !== null);
  const sites = await directory.sites();
  return {
    rows,
    sites: sites.map(({ id, name, state, clientName }) => ({ id, name, state, clientName })),
  };
};
