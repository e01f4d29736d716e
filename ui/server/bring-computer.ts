// Brings the site of this computer into an organisation, for an owner: its root certifies the organisation's, its
// appliance joins, and what the owner's next roster needs goes to the page. The roster itself is signed there.

import { type Actor, checkRole } from './directory-actor.ts';
import type { OwnDirectory } from './directory.ts';
import type { JoinSecret } from './directory-sites.ts';
import { ConsoleError } from './error.ts';
import type { ThisComputer } from './this-computer.ts';
import type { Begun, LocalSite } from './this-computer-message.ts';

/** What the page signs with. */
export interface BroughtComputer extends Begun {
  readonly siteId: string;
  readonly client: string;
  readonly site: string;
}

export interface BringingPlace {
  readonly computer: ThisComputer;
  readonly directory: OwnDirectory;
  readonly actor: Actor;
  /** Key of this host's relay: by it a site knows that it belongs here. */
  readonly relayKey: string;
  readonly tokenText: (secret: JoinSecret) => string;
}

/**
 * Brings it. Again, it answers the same with a new certificate: a page that was closed before the owner signed.
 * @throws {ConsoleError} `not-allowed` for anybody but an owner, and for a wrong code; `conflict` for another root
 *   than the organisation's, or when joining fails
 */
export async function bringComputer(
  { code, rootKeys }: { code: string; rootKeys: string },
  { computer, directory, actor, relayKey, tokenText }: BringingPlace,
): Promise<BroughtComputer> {
  checkRole(actor, ['owner']);
  const { organisation } = await directory.me();
  if (organisation.rootKeys !== null && organisation.rootKeys !== rootKeys) {
    throw new ConsoleError(
      'conflict',
      'Cannot bring the site: that is not your organisation’s root',
    );
  }
  const local = await computer.look();
  const begun = await computer.begin({ code, rootKeys });
  const { client, site } = local;
  const own = await joinedHere(local, { directory, relayKey });
  if (own !== null) return { ...begun, client, site, siteId: own };
  const secret = await placeFor(local, directory);
  await computer.join(tokenText(secret));
  return { ...begun, client, site, siteId: secret.siteId };
}

/** The site's id when it belongs to this organisation already. */
async function joinedHere(
  { joined }: LocalSite,
  { directory, relayKey }: { directory: OwnDirectory; relayKey: string },
): Promise<string | null> {
  if (joined === null || joined.relay !== relayKey) return null;
  const sites = await directory.sites();
  return sites.some(({ id }) => id === joined.site) ? joined.site : null;
}

/** A place of its names; one that was made before and never used is taken again. */
async function placeFor({ client, site }: LocalSite, directory: OwnDirectory): Promise<JoinSecret> {
  const clients = await directory.clients();
  const known = clients.find(({ name }) => isSame(name, client));
  const clientId = known?.id ?? (await directory.createClient(client)).id;
  const unused = (await directory.sites()).find(
    (each) => each.clientId === clientId && isSame(each.name, site) && each.state === 'invited',
  );
  if (unused !== undefined) return directory.newToken(unused.id, 'founded');
  return directory.createSite({ clientId, name: site, joins: 'founded' });
}

function isSame(a: string, b: string): boolean {
  return a.trim().toLowerCase() === b.trim().toLowerCase();
}
