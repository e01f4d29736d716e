// The keys of a site, signed by the organisation's root, so that a browser which comes for the first time need not take
// our word for them. The host only keeps it and hands it out: it cannot sign one, and browsers check it themselves.

import { parseTime } from '#crypto/leaf.ts';
import { verifySite } from '#crypto/roster.ts';
import { type Envelope, envelopeSchema, parseStatement, type Signed } from '#crypto/statement.ts';
import {
  checkRole,
  type Db,
  ownOrganisation,
  parseInput,
  recordChange,
  type Scope,
} from './directory-actor.ts';
import { orRefusal } from './directory-roster.ts';
import { ownSite } from './directory-sites.ts';
import { ConsoleError } from './error.ts';

/** The question about the signed keys of a site, for one actor; they are read with the site (`Site.signedKeys`). */
export interface SiteKeysDirectory {
  /**
   * Owner. Keeps which keys a site at work has, when a root's key signed exactly those that it has, and the version rises.
   * @throws {ConsoleError} code `invalid` for a signature that does not hold, `conflict` for other keys or an old version
   */
  putSiteKeys(siteId: string, envelope: Envelope): Promise<{ version: number }>;
}

/** Makes the question about the signed keys of a site for one actor. */
export function siteKeysDirectory(scope: Scope): SiteKeysDirectory {
  return {
    async putSiteKeys(siteId, envelope) {
      checkRole(scope.actor, ['owner']);
      const parsed = parseInput(envelopeSchema, envelope);
      return scope.store.alone((db) => keepKeys(db, { scope, siteId, envelope: parsed }));
    },
  };
}

async function keepKeys(
  db: Db,
  { scope, siteId, envelope }: { scope: Scope; siteId: string; envelope: Envelope },
): Promise<{ version: number }> {
  const {
    name,
    state,
    peer_key: peerKey,
    log_key: logKey,
    ...kept
  } = await ownSite(db, { scope, siteId });
  const { root_keys: root } = await ownOrganisation(db, scope);
  if (root === null || state !== 'claimed') {
    throw new ConsoleError('conflict', 'Cannot keep keys: the site is not in service yet');
  }
  const { statement } = await checkForLife(envelope, { site: siteId, root, atMs: scope.now() });
  if (statement.appliance !== peerKey || statement.log_key !== logKey) {
    throw new ConsoleError('conflict', 'Cannot keep keys: the site has others than were signed');
  }
  const before = versionOf(kept.signed_keys);
  const { version } = statement;
  if (version <= before) {
    throw new ConsoleError(
      'conflict',
      `Cannot keep keys: version ${version} does not rise above ${before}; somebody has signed them meanwhile`,
    );
  }
  await db
    .updateTable('site')
    .set({ signed_keys: JSON.stringify(envelope) })
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', siteId)
    .execute();
  await recordChange(db, scope, { what: 'site.signed', site: siteId, name, version });
  return { version };
}

/** One that holds now and not to its end would turn browsers away some day: its certificates must last as long. */
async function checkForLife(
  envelope: Envelope,
  at: { site: string; root: string; atMs: number },
): Promise<Signed<'site'>> {
  return orRefusal(async () => {
    const signed = await verifySite(envelope, { ...at, seen: null });
    const lastMs = parseTime(signed.statement.expires) - 1;
    return verifySite(envelope, { ...at, seen: null, atMs: lastMs });
  });
}

function versionOf(kept: string | null): number {
  if (kept === null) return 0;
  const { statement } = parseStatement(envelopeSchema.parse(JSON.parse(kept)));
  if (statement.type !== 'site') throw new Error('unreachable: the keys of a site were kept');
  return statement.version;
}
