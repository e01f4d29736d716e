// A site that is taken out of the console: forgotten in the directory, its appliance sent away, the open pages told.

import { allEndpoints } from './all-endpoints.ts';
import type { Actor } from './directory-actor.ts';
import type { OwnDirectory } from './directory.ts';
import { disconnect } from './disconnect.ts';
import type { Host } from './host.ts';

export interface RemovingPlace {
  readonly is: Pick<Actor, 'organisationId'>;
  readonly directory: Pick<OwnDirectory, 'endpoints' | 'removeSite'>;
  readonly host: {
    readonly relay: Pick<Host['relay'], 'disconnect'>;
    readonly events: Host['events'];
  };
}

/**
 * Removes a site. What runs at the site goes on, with its log and its keys; it is reached from here no more.
 * @throws {ConsoleError} code `not-found`, `not-allowed`
 */
export async function removeSite(
  siteId: string,
  { is, directory, host }: RemovingPlace,
): Promise<void> {
  const endpoints = await allEndpoints(directory, { siteId });
  const { peerKey } = await directory.removeSite(siteId);
  if (peerKey !== null) disconnect(host, [peerKey]);
  const ids = endpoints.map(({ id }) => id);
  if (ids.length > 0) host.events.tell(is.organisationId, { kind: 'gone', siteId, ids });
  host.events.tell(is.organisationId, { kind: 'site', siteId });
}
