// What a founded site's uplink tells, read from the desk at the level that the client chose.

import type { DigestLevel } from '#crypto/digest-level.ts';
import { formatVerifierKey } from '#crypto/key.ts';
import { formatTime } from '#crypto/leaf.ts';
import type { Desk } from '../broker/client/call.ts';
import type { UplinkEndpoint } from '../protocol/uplink-message.ts';
import type { Endpoint } from '../work/site.ts';
import type { UplinkSource } from './uplink.ts';

/**
 * Makes the source of a site. `site` is its opaque id at the console, `level` what counts as long as the client has
 * not said what the console may know.
 */
export function deskSource(
  desk: Desk,
  { site: siteId, level: unsaid }: { site: string; level: DigestLevel },
): UplinkSource {
  const { site, links, requests, sessions, about } = desk;
  const levelNow = (): DigestLevel => site.digest?.signed.statement.level ?? unsaid;
  return {
    hello: () => ({
      site: siteId,
      origin: site.ledger.origin,
      log: formatVerifierKey(site.logKey),
      software: about.software,
    }),
    status: () => ({
      checkpoint: site.ledger.checkpoint.note,
      size: site.ledger.checkpoint.size,
      openSessions: sessions.open.length,
      waitingRequests: requests.list().filter(({ state }) => state === 'waiting').length,
      rosterVersion: site.roster.signed.statement.version,
      level: levelNow(),
    }),
    endpoints() {
      const level = levelNow();
      return site.endpoints.map((endpoint) => viewOf(endpoint, { desk, level }));
    },
    onChange(listener) {
      const stops = [links.onChange(listener), requests.onChange(listener)];
      const stop = new AbortController();
      const following = follow(desk, { listener, signal: stop.signal });
      following.catch(() => undefined); // the log's own failure is told by the ledger
      return () => {
        for (const each of stops) each();
        stop.abort();
      };
    },
  };
}

/** Every entry may have changed something: sessions open and close by entries, and so do checkpoints grow. */
async function follow(
  { site: { ledger } }: Desk,
  { listener, signal }: { listener: () => void; signal: AbortSignal },
): Promise<void> {
  for await (const _ of ledger.follow(ledger.size, { signal })) listener();
}

function viewOf(
  { id, name, labels }: Endpoint,
  { desk, level }: { desk: Desk; level: DigestLevel },
): UplinkEndpoint {
  const { state, lastSeenMs, software, host } = desk.links.view(id);
  const isVerified = desk.site.isVerified(id);
  if (level === 'sealed') return { endpoint: id, isVerified, state, details: null };
  const open = desk.sessions.open.find(({ endpoint }) => endpoint.id === id);
  return {
    ...{ endpoint: id, isVerified, state },
    details: {
      ...{ name, labels: [...labels], software, host },
      lastSeen: lastSeenMs === null ? null : formatTime(lastSeenMs),
      openSession: open?.id ?? null,
    },
  };
}
