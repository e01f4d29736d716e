// The sites of one client as this host knows them: what each tells of itself while it is linked.

import type { DigestLevel } from '#crypto/digest-level.ts';
import type { SiteDirectory, SiteState } from './directory-sites.ts';
import type { Uplinks } from './uplink.ts';

export interface ClientSite {
  readonly id: string;
  readonly name: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly state: SiteState;
  /** What its client lets the console know. */
  readonly digestLevel: DigestLevel;
  readonly seenAt: string | null;
  readonly isOnline: boolean;
  /** Null: it is not linked, or has told nothing yet. */
  readonly work: { readonly openSessions: number; readonly waitingRequests: number } | null;
}

/** The sites of a client of the actor's, in the order of their names. */
export async function clientSites(
  clientId: string,
  {
    directory,
    uplinks,
  }: {
    readonly directory: Pick<SiteDirectory, 'sites'>;
    readonly uplinks: Pick<Uplinks, 'isOnline' | 'statusOf'>;
  },
): Promise<ClientSite[]> {
  const sites = await directory.sites();
  return sites
    .filter((site) => site.clientId === clientId)
    .map(({ id, name, clientName, state, digestLevel, seenAt }) => {
      const status = uplinks.statusOf(id);
      const work =
        status === null
          ? null
          : { openSessions: status.openSessions, waitingRequests: status.waitingRequests };
      const isOnline = uplinks.isOnline(id);
      return { id, name, clientId, clientName, state, digestLevel, seenAt, isOnline, work };
    });
}
