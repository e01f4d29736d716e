// Sites. A site begins as an invitation: a secret for one use, kept as its hash, which the
// appliance trades for a place here. That makes it reachable and nothing more; it obeys whoever claims it on site.

import * as z from 'zod';

import type { JoinKind } from '#appliance/protocol/join-message.ts';
import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { concatBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { DIGEST_LEVELS, type DigestLevel } from '#crypto/digest-level.ts';
import { sha256 } from '#crypto/hash.ts';
import { type Envelope, envelopeSchema } from '#crypto/statement.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import {
  checkId,
  checkRole,
  type Db,
  foldText,
  nameSchema,
  notFound,
  parseInput,
  recordChange,
  type Scope,
  timeText,
} from './directory-actor.ts';
import { nameTaken, newId, ownClient } from './directory-clients.ts';
import { ConsoleError } from './error.ts';
import type { Schema } from './store/schema.ts';

/** A join token is to be used within so long. */
export const JOIN_TOKEN_LIFE_MS = 24 * 3_600_000;

/**
 * `claiming`: an owner has typed the code of the appliance that joined, and its client's contact may found the site.
 * Before that it is not taken to be at work, whatever it says.
 */
export const SITE_STATES = ['invited', 'joined', 'claiming', 'claimed'] as const;
export type SiteState = (typeof SITE_STATES)[number];

export interface Site {
  readonly id: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly name: string;
  readonly state: SiteState;
  readonly tokenExpiresAt: string | null;
  readonly peerKey: string | null;
  readonly logKey: string | null;
  readonly origin: string | null;
  /** Both keys as the organisation's root signed them; null: nobody did. */
  readonly signedKeys: Envelope | null;
  readonly digestLevel: DigestLevel;
  readonly software: string | null;
  /** The last checkpoint that it told: a signed note. */
  readonly checkpoint: string | null;
  readonly checkpointSize: number;
  /** Of the roster that it told to be in force there; 0: it told none yet. */
  readonly rosterVersion: number;
  readonly seenAt: string | null;
}

/** What a join token holds of the console's: shown once, kept nowhere. */
export interface JoinSecret {
  readonly siteId: string;
  /** 256 bits, base64url. */
  readonly secret: string;
  readonly joins: JoinKind;
  readonly expiresAt: string;
}

/** The questions about sites, for one actor. Those that change something are an owner's. */
export interface SiteDirectory {
  sites(): Promise<Site[]>;
  site(siteId: string): Promise<Site>;
  createSite(input: { clientId: string; name: string; joins?: JoinKind }): Promise<JoinSecret>;
  renameSite(siteId: string, name: string): Promise<void>;
  /** Forgets a site here; its log and its endpoints go on where they are. Its link is to be ended. */
  removeSite(siteId: string): Promise<{ peerKey: string | null }>;
  /** Replaces the join token of a site that nothing joined yet: the old one is good for nothing. */
  newToken(siteId: string, joins?: JoinKind): Promise<JoinSecret>;
  /** Takes the join token back: nothing joins by it any more. @throws {ConsoleError} `conflict` when there is none */
  revokeToken(siteId: string): Promise<void>;
  /**
   * An owner's page found that the code is of the appliance that joined by this key: it may come to work.
   * @throws {ConsoleError} `conflict` when it is not the key that joined
   */
  beginClaim(siteId: string, peerKey: string): Promise<void>;
}

/** How the store has an invitation's secret. @throws {ConsoleError} code `invalid` when it is none of ours */
export function hashSecret(secret: string): string {
  return encodeBase64url(sha256(secretBytes(secret)));
}

/**
 * How the store has a join token's secret. The kind is in the hash: for the other one it is no token.
 * @throws {ConsoleError} code `invalid` when it is none of ours
 */
export function hashToken({ secret, joins }: Pick<JoinSecret, 'secret' | 'joins'>): string {
  const tag = encodeUtf8(`caisey/join-token/${joins}\0`);
  return encodeBase64url(sha256(concatBytes(tag, secretBytes(secret))));
}

function secretBytes(secret: string): Uint8Array {
  try {
    const bytes = parseBase64url(secret);
    if (bytes.length === 32) return bytes;
  } catch (cause) {
    throw malformedSecret({ cause });
  }
  throw malformedSecret();
}

/** Makes the questions about sites for one actor. */
export function siteDirectory(scope: Scope): SiteDirectory {
  const { store, actor } = scope;
  const change = <T>(work: (db: Db) => Promise<T>): Promise<T> => {
    checkRole(actor, ['owner']);
    return store.alone(work);
  };
  return {
    async sites() {
      const rows = await ownSites(store.db, scope)
        .orderBy('client.folded')
        .orderBy('site.folded')
        .execute();
      return rows.map(siteOf);
    },
    site: async (siteId) => siteOf(await ownSite(store.db, { scope, siteId })),
    createSite: async ({ clientId, name, joins = 'new' }) =>
      change((db) => createSite(db, { scope, clientId, name, joins })),
    renameSite: async (siteId, name) => change((db) => renameSite(db, { scope, siteId, name })),
    removeSite: async (siteId) => change((db) => removeSite(db, { scope, siteId })),
    newToken: async (siteId, joins = 'new') =>
      change((db) => newToken(db, { scope, siteId, joins })),
    revokeToken: async (siteId) => change((db) => revokeToken(db, { scope, siteId })),
    beginClaim: async (siteId, peerKey) =>
      change((db) => beginClaim(db, { scope, siteId, peerKey })),
  };
}

async function createSite(
  db: Db,
  {
    scope,
    clientId,
    name,
    joins,
  }: { scope: Scope; clientId: string; name: string; joins: JoinKind },
): Promise<JoinSecret> {
  const { actor, now } = scope;
  const named = parseInput(nameSchema, name);
  await ownClient(db, { scope, clientId });
  await checkSiteName(db, { scope, clientId, name: named });
  const join = newSecret(newId(), { joins, nowMs: now() });
  await db
    .insertInto('site')
    .values({
      ...{ id: join.siteId, organisation_id: actor.organisationId, client_id: clientId },
      ...{ name: named, folded: foldText(named), state: 'invited' },
      ...{ token_hash: hashToken(join), token_expires_at: join.expiresAt },
      created_at: timeText(now()),
      ...{ digest_level: 'standard', checkpoint_size: 0, roster_version: 0 },
    })
    .execute();
  await recordChange(db, scope, { what: 'site.created', site: join.siteId, name: named });
  return join;
}

async function renameSite(
  db: Db,
  { scope, siteId, name }: { scope: Scope; siteId: string; name: string },
): Promise<void> {
  const named = parseInput(nameSchema, name);
  const { name: before, client_id: clientId } = await ownSite(db, { scope, siteId });
  await checkSiteName(db, { scope, clientId, name: named, except: siteId });
  await db
    .updateTable('site')
    .set({ name: named, folded: foldText(named) })
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', siteId)
    .execute();
  await recordChange(db, scope, { what: 'site.renamed', site: siteId, before, name: named });
}

async function removeSite(
  db: Db,
  { scope, siteId }: { scope: Scope; siteId: string },
): Promise<{ peerKey: string | null }> {
  const { name, peer_key: peerKey } = await ownSite(db, { scope, siteId });
  await db
    .deleteFrom('site')
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', siteId)
    .execute();
  await recordChange(db, scope, { what: 'site.removed', site: siteId, name });
  return { peerKey };
}

async function newToken(
  db: Db,
  { scope, siteId, joins }: { scope: Scope; siteId: string; joins: JoinKind },
): Promise<JoinSecret> {
  const { state, name } = await ownSite(db, { scope, siteId });
  if (state !== 'invited') {
    throw new ConsoleError('conflict', 'Cannot make token: an appliance has joined this site');
  }
  const join = newSecret(siteId, { joins, nowMs: scope.now() });
  await db
    .updateTable('site')
    .set({ token_hash: hashToken(join), token_expires_at: join.expiresAt })
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', siteId)
    .execute();
  await recordChange(db, scope, { what: 'site.token', site: siteId, name });
  return join;
}

async function revokeToken(
  db: Db,
  { scope, siteId }: { scope: Scope; siteId: string },
): Promise<void> {
  const { name, token_hash: token } = await ownSite(db, { scope, siteId });
  if (token === null) throw new ConsoleError('conflict', 'Cannot revoke token: there is none');
  await db
    .updateTable('site')
    .set({ token_hash: null, token_expires_at: null })
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', siteId)
    .execute();
  await recordChange(db, scope, { what: 'site.token-revoked', site: siteId, name });
}

async function beginClaim(
  db: Db,
  { scope, siteId, peerKey }: { scope: Scope; siteId: string; peerKey: string },
): Promise<void> {
  const { state, name, peer_key: joined } = await ownSite(db, { scope, siteId });
  if (joined !== peerKey) {
    throw new ConsoleError('conflict', 'Cannot claim: another appliance has joined this site');
  }
  if (state !== 'joined') return;
  await db
    .updateTable('site')
    .set({ state: 'claiming' })
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', siteId)
    .execute();
  await recordChange(db, scope, { what: 'site.claiming', site: siteId, name });
}

function newSecret(
  siteId: string,
  { joins, nowMs }: { joins: JoinKind; nowMs: number },
): JoinSecret {
  const secret = encodeBase64url(randomBytes(32));
  return { siteId, secret, joins, expiresAt: timeText(nowMs + JOIN_TOKEN_LIFE_MS) };
}

function malformedSecret(options?: ErrorOptions): ConsoleError {
  return new ConsoleError(
    'invalid',
    'Cannot accept token: it is not whole, copy it again',
    options,
  );
}

function ownSites(db: Db, { actor }: Scope) {
  return db
    .selectFrom('site')
    .innerJoin('client', 'client.id', 'site.client_id')
    .where('site.organisation_id', '=', actor.organisationId)
    .selectAll('site')
    .select('client.name as client_name');
}

/** A site of the actor's organisation. @throws {ConsoleError} code `not-found` */
export async function ownSite(
  db: Db,
  { scope, siteId }: { scope: Scope; siteId: string },
): Promise<SiteRow> {
  checkId(siteId, 'site');
  const row = await ownSites(db, scope).where('site.id', '=', siteId).executeTakeFirst();
  if (row === undefined) throw notFound('site');
  return row;
}

async function checkSiteName(
  db: Db,
  {
    scope,
    clientId,
    name,
    except = '',
  }: { scope: Scope; clientId: string; name: string; except?: string },
): Promise<void> {
  const other = await db
    .selectFrom('site')
    .select('id')
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('client_id', '=', clientId)
    .where('folded', '=', foldText(name))
    .where('id', '!=', except)
    .executeTakeFirst();
  if (other !== undefined) throw nameTaken('site', name);
}

type SiteRow = Schema['site'] & { readonly client_name: string };

const rowSchema = z.object({ state: z.enum(SITE_STATES), digest_level: z.enum(DIGEST_LEVELS) });

/** How lists of text are stored. */
export const textsSchema = z.array(z.string());

function siteOf(row: SiteRow): Site {
  const { state, digest_level: digestLevel } = rowSchema.parse(row);
  return {
    ...{ id: row.id, clientId: row.client_id, clientName: row.client_name, name: row.name },
    ...{ state, digestLevel, tokenExpiresAt: row.token_expires_at },
    ...{ peerKey: row.peer_key, logKey: row.log_key, origin: row.origin },
    signedKeys: row.signed_keys === null ? null : envelopeSchema.parse(JSON.parse(row.signed_keys)),
    ...{ software: row.software, checkpoint: row.checkpoint, checkpointSize: row.checkpoint_size },
    ...{ rosterVersion: row.roster_version, seenAt: row.seen_at },
  };
}
