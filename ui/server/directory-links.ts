// What the relay and the uplinks ask, for whom no person is signed in: whose a key is, and what a site tells of
// itself. These are the only questions that no actor asks; each is about one key or one site that proved it.

import type { ExpressionBuilder } from 'kysely';
import * as z from 'zod';

import { type JoinKind, joinKindOf } from '#appliance/protocol/join-message.ts';
import { DIGEST_LEVELS } from '#crypto/digest-level.ts';
import { isPersonKey } from '#crypto/person-key.ts';
import { type Envelope, envelopeSchema } from '#crypto/statement.ts';
import {
  foldText,
  type Db,
  idSchema,
  notFound,
  parseInput,
  recordChange,
  timeText,
} from './directory-actor.ts';
import {
  endpointsOfSite,
  type FleetEndpoint,
  type HostSummary,
  hostSchema,
} from './directory-fleet.ts';
import { hashToken, SITE_STATES, type SiteState } from './directory-sites.ts';
import { ConsoleError } from './error.ts';
import type { Schema } from './store/schema.ts';
import type { Store } from './store/store.ts';

declare const knownBrand: unique symbol;

/** A site whose appliance is known by its key, or by the secret of its token. */
export interface KnownSite {
  readonly siteId: string;
  readonly organisationId: string;
  readonly organisationName: string;
  readonly name: string;
  readonly state: SiteState;
  readonly peerKey: string | null;
  readonly [knownBrand]: true;
}

/** A browser's key that is in force, and whose it is. */
export interface KnownDevice {
  readonly organisationId: string;
  readonly personId: string;
  readonly expiresAt: string;
}

const line = z
  .string()
  .max(256)
  .regex(/^[^\p{Cc}]*$/u);
const peerKeySchema = z.string().refine(isEd25519, 'must be an Ed25519 key');

const joinSchema = z.strictObject({
  secret: z.string().max(64),
  peerKey: peerKeySchema,
  /** Of a site that was founded before. */
  log: z
    .strictObject({ key: z.string().max(512), origin: line })
    .nullable()
    .default(null),
});

const statusSchema = z.strictObject({
  state: z.enum(['joined', 'claimed']).exactOptional(),
  origin: line.exactOptional(),
  logKey: z.string().max(512).exactOptional(),
  digestLevel: z.enum(DIGEST_LEVELS).exactOptional(),
  software: line.nullable().exactOptional(),
  rosterVersion: z.int().min(0).exactOptional(),
  checkpoint: z
    .strictObject({ text: z.string().max(16_384), size: z.int().min(0) })
    .exactOptional(),
});

const endpointSchema = z.strictObject({
  id: idSchema,
  name: line,
  labels: z.array(line).max(64),
  state: line,
  seenAt: z.iso.datetime({ precision: 3 }).nullable(),
  software: line.nullable(),
  host: hostSchema.nullable(),
  openSession: idSchema.nullable(),
  isVerified: z.boolean(),
});

export type SiteStatus = z.infer<typeof statusSchema>;
export type ToldEndpoint = z.infer<typeof endpointSchema>;

/** So many endpoints of one site are kept. */
export const MAX_SITE_ENDPOINTS = 10_000;

/** What peers and their conversations ask. */
export interface LinkDirectory {
  /** Looks at a join token without using it up; null when it is used, expired, or none was given out for this kind. */
  siteByToken(secret: string, joins: JoinKind): Promise<KnownSite | null>;
  /**
   * Uses up a join token: of two appliances that bring it at once, one joins. One that brings the log of a founded
   * site, proved by its key, needs no claim, and a token that was made for that: the site is at work.
   * @throws {ConsoleError} code `expired` for a token that is none, used or of the other kind, `conflict` for a key in use
   */
  joinByToken(input: z.input<typeof joinSchema>): Promise<KnownSite>;
  siteByPeerKey(peerKey: string): Promise<KnownSite | null>;
  /** A site whose appliance was found by its key before; null when it was removed since. */
  siteById(siteId: string): Promise<KnownSite | null>;
  /** Null when it was revoked, is expired, or its person may no longer work from a browser. */
  deviceByPeerKey(peerKey: string): Promise<KnownDevice | null>;
  /** Keeps what a site says of itself; that it was claimed, only after an owner began that. A checkpoint that is smaller than the kept one is not taken. */
  keepStatus(site: KnownSite, status: SiteStatus): Promise<void>;
  /** Keeps endpoints: all there are, or those that changed. Notes stay. */
  keepEndpoints(
    site: KnownSite,
    told: { endpoints: readonly ToldEndpoint[]; isAll: boolean; gone?: readonly string[] },
  ): Promise<void>;
  /** Endpoints of a site as its organisation's pages show them; those that are not there are left out. */
  endpointsOf(site: KnownSite, ids: readonly string[]): Promise<FleetEndpoint[]>;
  /** The newest roster of a site's organisation; null: none was signed yet. */
  rosterOf(site: KnownSite): Promise<Envelope | null>;
}

/** Makes what peers and their conversations ask. */
export function linkDirectory({ store, now }: { store: Store; now: () => number }): LinkDirectory {
  const { db } = store;
  return {
    siteByToken: async (secret, joins) => findByToken(db, { secret, joins, nowMs: now() }),
    async joinByToken(input) {
      const joining = parseInput(joinSchema, input);
      return store.alone((transaction) => join(transaction, { ...joining, nowMs: now() }));
    },
    async siteByPeerKey(peerKey) {
      if (!isEd25519(peerKey)) return null;
      const row = await sites(db).where('site.peer_key', '=', peerKey).executeTakeFirst();
      return row === undefined ? null : knownOf(row);
    },
    async siteById(siteId) {
      const row = await sites(db).where('site.id', '=', siteId).executeTakeFirst();
      return row === undefined ? null : knownOf(row);
    },
    async deviceByPeerKey(peerKey) {
      if (!isEd25519(peerKey)) return null;
      const row = await db
        .selectFrom('device')
        .innerJoin('person', 'person.id', 'device.person_id')
        .selectAll('device')
        .where('device.peer_key', '=', peerKey)
        .where('device.expires_at', '>', timeText(now()))
        .where('person.removed_at', 'is', null)
        .where('person.role', '!=', 'read-only')
        .executeTakeFirst();
      if (row === undefined) return null;
      const { organisation_id: organisationId, person_id: personId, expires_at: expiresAt } = row;
      return { organisationId, personId, expiresAt };
    },
    async keepStatus(site, status) {
      await keepStatus(db, { site, status: parseInput(statusSchema, status), nowMs: now() });
    },
    async keepEndpoints(site, { endpoints, isAll, gone = [] }) {
      const parsed = parseInput(z.array(endpointSchema).max(MAX_SITE_ENDPOINTS), endpoints);
      const ids = parseInput(z.array(idSchema).max(MAX_SITE_ENDPOINTS), gone);
      await store.alone(async (transaction) => {
        await checkThere(transaction, site);
        if (isAll) await dropOthers(transaction, { site, ids: parsed.map(({ id }) => id) });
        await drop(transaction, { site, ids });
        for (const endpoint of parsed) await keepEndpoint(transaction, { site, endpoint });
        await checkCount(transaction, site);
      });
    },
    endpointsOf: ({ organisationId, siteId }, ids) =>
      endpointsOfSite(db, { organisationId, siteId, ids }),
    async rosterOf({ organisationId }) {
      const row = await db
        .selectFrom('organisation')
        .select('roster')
        .where('id', '=', organisationId)
        .executeTakeFirst();
      const roster = row?.roster ?? null;
      return roster === null ? null : envelopeSchema.parse(JSON.parse(roster));
    },
  };
}

async function findByToken(
  db: Db,
  { secret, joins, nowMs }: { secret: string; joins: JoinKind; nowMs: number },
): Promise<KnownSite | null> {
  const row = await sites(db)
    .where('site.token_hash', '=', hashToken({ secret, joins }))
    .where('site.token_expires_at', '>', timeText(nowMs))
    .where('site.state', '=', 'invited')
    .executeTakeFirst();
  return row === undefined ? null : knownOf(row);
}

async function join(
  db: Db,
  { secret, peerKey, log, nowMs }: z.infer<typeof joinSchema> & { nowMs: number },
): Promise<KnownSite> {
  const site = await findByToken(db, { secret, joins: joinKindOf(log), nowMs });
  if (site === null) {
    throw new ConsoleError(
      'expired',
      'Cannot join: this token was used, has expired or is for another kind of appliance; have another made in the console',
    );
  }
  const other = await sites(db).where('site.peer_key', '=', peerKey).executeTakeFirst();
  if (other !== undefined) {
    throw new ConsoleError('conflict', 'Cannot join: this appliance belongs to another site');
  }
  const state = log === null ? 'joined' : 'claimed';
  await db
    .updateTable('site')
    .set({
      ...{ peer_key: peerKey, state, token_hash: null, token_expires_at: null },
      ...(log === null ? {} : { log_key: log.key, origin: log.origin }),
    })
    .where('id', '=', site.siteId)
    .execute();
  const { organisationId, siteId, name } = site;
  await recordChange(
    db,
    { now: () => nowMs, actor: { organisationId, personId: null } },
    { what: 'site.joined', site: siteId, name, key: peerKey },
  );
  return { ...site, state, peerKey };
}

async function keepStatus(
  db: Db,
  { site, status, nowMs }: { site: KnownSite; status: SiteStatus; nowMs: number },
): Promise<void> {
  const { state, origin, logKey, digestLevel, software, checkpoint } = status;
  const { rosterVersion } = status;
  const { numUpdatedRows } = await db
    .updateTable('site')
    .set({
      seen_at: timeText(nowMs),
      ...(state === undefined ? {} : { state }),
      ...(origin === undefined ? {} : { origin }),
      ...(logKey === undefined ? {} : { log_key: logKey }),
      ...(digestLevel === undefined ? {} : { digest_level: digestLevel }),
      ...(software === undefined ? {} : { software }),
      ...(rosterVersion === undefined ? {} : { roster_version: rosterVersion }),
    })
    .where('id', '=', site.siteId)
    .where('organisation_id', '=', site.organisationId)
    .where(isNoOther('log_key', logKey))
    .where(isNoOther('origin', origin))
    .where(mayBecome(state))
    .executeTakeFirstOrThrow();
  if (numUpdatedRows === 0n) {
    await checkThere(db, site);
    throw new ConsoleError(
      'conflict',
      'Cannot keep status: it is of another log than this site had, or no owner has claimed the appliance',
    );
  }
  if (checkpoint === undefined) return;
  await db
    .updateTable('site')
    .set({ checkpoint: checkpoint.text, checkpoint_size: checkpoint.size })
    .where('id', '=', site.siteId)
    .where('checkpoint_size', '<=', checkpoint.size)
    .execute();
}

/** An appliance does not come to work by its own word. */
function mayBecome(state: SiteStatus['state']) {
  return ({ eb, lit }: ExpressionBuilder<Schema, 'site'>) =>
    state === 'claimed' ? eb('site.state', 'in', ['claiming', 'claimed']) : lit(true);
}

/** A site has one log: what it was first called, and its first key, stay. */
function isNoOther(column: 'log_key' | 'origin', value: string | undefined) {
  return ({ or, eb, lit }: ExpressionBuilder<Schema, 'site'>) =>
    value === undefined ? lit(true) : or([eb(column, 'is', null), eb(column, '=', value)]);
}

async function keepEndpoint(
  db: Db,
  { site, endpoint }: { site: KnownSite; endpoint: ToldEndpoint },
): Promise<void> {
  const { id, name, labels, state, seenAt, software, host, openSession, isVerified } = endpoint;
  const row = {
    ...{ name, labels: JSON.stringify(labels), state, seen_at: seenAt, software },
    host: host === null ? null : JSON.stringify(host),
    ...{ open_session: openSession, is_verified: isVerified ? 1 : 0 },
    folded: foldText([name, ...labels, ...hostTexts(host)].join(' ')),
  };
  await db
    .insertInto('endpoint')
    .values({ site_id: site.siteId, id, ...row })
    .onConflict((conflict) => conflict.columns(['site_id', 'id']).doUpdateSet(row))
    .execute();
}

function hostTexts(host: HostSummary | null): string[] {
  return Object.values(host ?? {}).filter((value) => typeof value === 'string');
}

/** In parts: a statement takes so many parameters. */
async function drop(
  db: Db,
  { site, ids }: { site: KnownSite; ids: readonly string[] },
): Promise<void> {
  for (let from = 0; from < ids.length; from += 500) {
    await db
      .deleteFrom('endpoint')
      .where('site_id', '=', site.siteId)
      .where('id', 'in', ids.slice(from, from + 500))
      .execute();
  }
}

async function dropOthers(
  db: Db,
  { site, ids }: { site: KnownSite; ids: readonly string[] },
): Promise<void> {
  const told = new Set(ids);
  const kept = await db
    .selectFrom('endpoint')
    .select('id')
    .where('site_id', '=', site.siteId)
    .execute();
  await drop(db, { site, ids: kept.map(({ id }) => id).filter((id) => !told.has(id)) });
}

async function checkCount(db: Db, site: KnownSite): Promise<void> {
  const { count } = await db
    .selectFrom('endpoint')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('site_id', '=', site.siteId)
    .executeTakeFirstOrThrow();
  if (count <= MAX_SITE_ENDPOINTS) return;
  throw new ConsoleError('too-many', `Cannot keep endpoints: more than ${MAX_SITE_ENDPOINTS}`);
}

async function checkThere(db: Db, site: KnownSite): Promise<void> {
  const row = await sites(db).where('site.id', '=', site.siteId).executeTakeFirst();
  if (row === undefined) throw notFound('site');
}

function sites(db: Db) {
  return db
    .selectFrom('site')
    .innerJoin('organisation', 'organisation.id', 'site.organisation_id')
    .select(['site.id', 'site.name', 'site.state', 'site.peer_key', 'site.organisation_id'])
    .select('organisation.name as organisation_name');
}

function knownOf(row: {
  id: string;
  name: string;
  state: string;
  peer_key: string | null;
  organisation_id: string;
  organisation_name: string;
}): KnownSite {
  return {
    siteId: row.id,
    organisationId: row.organisation_id,
    organisationName: row.organisation_name,
    name: row.name,
    state: z.enum(SITE_STATES).parse(row.state),
    peerKey: row.peer_key,
  } as KnownSite; // minted here: found by its key or its token
}

function isEd25519(text: string): boolean {
  return text.startsWith('ed25519:') && isPersonKey(text);
}
