// What a page has to know before it can tell what is new: sites, what waits there, machines, and when the roster ends.

import { json } from '@sveltejs/kit';

import type { UplinkStatus } from '#appliance/protocol/uplink-message.ts';
import { parseStatement } from '#crypto/statement.ts';
import type { ShownBasis } from '#ui/lib/notice-basis.ts';
import type { KnownStatus } from '#ui/lib/notifier.ts';
import { allEndpoints } from '#ui/server/all-endpoints.ts';
import { actorOf, orError } from '#ui/server/request.ts';
import { shownSites } from '#ui/server/shown-sites.ts';
import type { RequestHandler } from './$types';

export const GET: RequestHandler = async ({ locals }) => {
  const { directory } = actorOf(locals);
  return orError(async () => {
    const [{ sites: shown, relay }, endpoints, roster] = await Promise.all([
      shownSites(locals),
      allEndpoints(directory),
      directory.roster(),
    ]);
    return json({
      ...{ shown, relay },
      sites: shown.map(({ id, name, clientName, isOnline }) => ({
        ...{ id, name: `${clientName} · ${name}`, isOnline },
        status: statusOf(locals.host.uplinks.statusOf(id)),
      })),
      endpoints: endpoints.map(({ siteId, id, name, state, openSession }) => ({
        ...{ siteId, id, name, state, openSession },
      })),
      rosterExpires: roster === null ? null : parseStatement(roster.envelope).statement.expires,
    } satisfies ShownBasis);
  });
};

function statusOf(told: UplinkStatus | null): KnownStatus | null {
  return told === null ? null : { waiting: told.waitingRequests, size: told.size };
}
