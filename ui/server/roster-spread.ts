// Sends a roster to every site that is there. A site that is away gets it when it says hello again.

import type { Envelope } from '#crypto/statement.ts';
import type { Actor } from './directory-actor.ts';
import type { Host } from './host.ts';
import type { RosterOutcome } from './uplink.ts';

export interface Spread {
  readonly siteId: string;
  readonly name: string;
  readonly outcome: RosterOutcome;
}

/** Sends to all at once, and answers what became of it at each. */
export async function spreadRoster(
  { directory, uplinks, events }: Pick<Host, 'directory' | 'uplinks' | 'events'>,
  { actor, envelope, version }: { actor: Actor; envelope: Envelope; version: number },
): Promise<Spread[]> {
  const sites = await directory.of(actor).sites();
  const claimed = sites.filter(({ state }) => state === 'claimed');
  const spread = await Promise.all(
    claimed.map(async ({ id: siteId, name }) => ({
      ...{ siteId, name },
      outcome: await uplinks.sendRoster(siteId, envelope),
    })),
  );
  events.tell(actor.organisationId, { kind: 'roster', version });
  return spread;
}
