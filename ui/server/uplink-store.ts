// Keeps in the directory what appliances tell over their uplinks, and tells the pages that are open.

import type { UplinkEndpoint } from '#appliance/protocol/uplink-message.ts';
import type { Directory } from './directory.ts';
import type { HostSummary } from './directory-fleet.ts';
import type { KnownSite, ToldEndpoint } from './directory-links.ts';
import { ConsoleError } from './error.ts';
import type { Events, SiteEvent } from './events.ts';
import type { PeerSite } from './relay.ts';
import type { UplinkStore } from './uplink.ts';

/** Makes the place where uplinks keep what they are told. */
export function uplinkStore({
  directory,
  events,
}: {
  directory: Directory;
  events: Events;
}): UplinkStore {
  const known = async ({ site: siteId }: PeerSite): Promise<KnownSite> => {
    const site = await directory.siteById(siteId);
    if (site !== null) return site;
    throw new ConsoleError('not-found', 'Cannot keep what a site told: it was removed meanwhile');
  };
  const tell = (
    { organisationId, siteId }: KnownSite,
    more: Pick<SiteEvent, 'link' | 'status'>,
  ): void => events.tell(organisationId, { kind: 'site', siteId, ...more });
  return {
    async hello(peer, { origin, log, software }) {
      const site = await known(peer);
      await directory.keepStatus(site, {
        ...{ origin, software },
        ...(log === null ? {} : { logKey: log, state: 'claimed' as const }),
      });
      tell(site, { link: 'came' });
      return {
        organisationName: site.organisationName,
        roster: await directory.rosterOf(site),
      };
    },
    async status(peer, { checkpoint, size, level, rosterVersion, waitingRequests: waiting }) {
      const site = await known(peer);
      await directory.keepStatus(site, {
        checkpoint: { text: checkpoint, size },
        ...{ digestLevel: level, rosterVersion },
      });
      tell(site, { status: { waiting, size } });
    },
    async endpoints(peer, { isReset, endpoints, removed }) {
      const site = await known(peer);
      await directory.keepEndpoints(site, {
        endpoints: endpoints.map(toldEndpoint),
        isAll: isReset,
        gone: removed,
      });
      const { organisationId, siteId } = site;
      const ids = endpoints.map(({ endpoint }) => endpoint);
      const items = await directory.endpointsOf(site, ids);
      if (items.length > 0) events.tell(organisationId, { kind: 'endpoints', items });
      if (removed.length > 0) events.tell(organisationId, { kind: 'gone', siteId, ids: removed });
    },
    async gone(peer) {
      const site = await directory.siteById(peer.site);
      if (site !== null) tell(site, { link: 'went' });
    },
  };
}

/** At the level `sealed` a machine is known by its id alone. */
function toldEndpoint({ endpoint, isVerified, state, details }: UplinkEndpoint): ToldEndpoint {
  return {
    id: endpoint,
    name: details?.name ?? endpoint,
    labels: details?.labels ?? [],
    state,
    seenAt: details?.lastSeen ?? null,
    software: details?.software ?? null,
    host: details?.host == null ? null : hostSummary(details.host),
    openSession: details?.openSession ?? null,
    isVerified,
  };
}

/** What is shown of a machine: its plain values. */
function hostSummary(host: Readonly<Record<string, unknown>>): HostSummary {
  return Object.fromEntries(
    Object.entries(host).filter(
      (entry): entry is [string, string | number] =>
        typeof entry[1] === 'string' || typeof entry[1] === 'number',
    ),
  );
}
