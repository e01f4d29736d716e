// The fleet: an organisation's endpoints as their sites tell of them, with what technicians noted here.

import { sql } from 'kysely';
import * as z from 'zod';

import {
  checkRole,
  type Db,
  checkId,
  foldText,
  idSchema,
  notFound,
  parseInput,
  type Scope,
} from './directory-actor.ts';
import { textsSchema } from './directory-sites.ts';

export const MAX_FLEET_PAGE = 500;
const MAX_WORDS = 8;

/** What a site tells of a machine: short values by name, shown as they are. */
export const hostSchema = z.record(
  z.string().max(64),
  z.union([z.string().max(256), z.number(), z.null()]),
);
export type HostSummary = z.infer<typeof hostSchema>;

export interface FleetEndpoint {
  readonly siteId: string;
  readonly siteName: string;
  readonly clientId: string;
  readonly clientName: string;
  readonly id: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly state: string;
  readonly seenAt: string | null;
  readonly software: string | null;
  readonly host: HostSummary | null;
  readonly openSession: string | null;
  readonly isVerified: boolean;
  readonly note: string;
}

const questionSchema = z.strictObject({
  /** Words that must all occur, in the names of client, site and endpoint, in labels or in what the host tells. */
  text: z
    .string()
    .max(256)
    .regex(/^[^\p{Cc}]*$/u, 'must be words')
    .exactOptional(),
  clientId: idSchema.exactOptional(),
  siteId: idSchema.exactOptional(),
  after: z.string().max(4096).nullable().exactOptional(),
  limit: z.int().min(1).max(MAX_FLEET_PAGE).exactOptional(),
});

export type FleetQuestion = z.infer<typeof questionSchema>;

const noteSchema = z
  .string()
  .max(2000, 'must have at most 2000 characters')
  .refine((text) => text.isWellFormed() && !text.includes('\0'), 'must be well-formed text');

/** The questions about endpoints, for one actor. */
export interface FleetDirectory {
  /** In the order of client, site and name; `next` continues, null at the end. */
  endpoints(question: FleetQuestion): Promise<{ items: FleetEndpoint[]; next: string | null }>;
  endpoint(siteId: string, endpointId: string): Promise<FleetEndpoint>;
  /** Owner or technician. */
  noteEndpoint(siteId: string, endpointId: string, note: string): Promise<void>;
}

/** Makes the questions about endpoints for one actor. */
export function fleetDirectory(scope: Scope): FleetDirectory {
  const { store, actor } = scope;
  return {
    endpoints: async (question) =>
      listEndpoints(store.db, { scope, question: parseInput(questionSchema, question) }),
    async endpoint(siteId, endpointId) {
      checkId(siteId, 'endpoint');
      checkId(endpointId, 'endpoint');
      const row = await ownEndpoints(store.db, scope)
        .where('endpoint.site_id', '=', siteId)
        .where('endpoint.id', '=', endpointId)
        .executeTakeFirst();
      if (row === undefined) throw notFound('endpoint');
      return endpointOf(row);
    },
    async noteEndpoint(siteId, endpointId, note) {
      checkRole(actor, ['owner', 'technician']);
      checkId(siteId, 'endpoint');
      checkId(endpointId, 'endpoint');
      const text = parseInput(noteSchema, note);
      await store.alone(async (db) => {
        const row = await ownEndpoints(db, scope)
          .where('endpoint.site_id', '=', siteId)
          .where('endpoint.id', '=', endpointId)
          .executeTakeFirst();
        if (row === undefined) throw notFound('endpoint');
        await db
          .insertInto('note')
          .values({ site_id: siteId, endpoint_id: endpointId, text })
          .onConflict((other) => other.columns(['site_id', 'endpoint_id']).doUpdateSet({ text }))
          .execute();
      });
    },
  };
}

/** Endpoints of one site by their ids, for telling the organisation's pages what changed. */
export async function endpointsOfSite(
  db: Db,
  {
    organisationId,
    siteId,
    ids,
  }: { organisationId: string; siteId: string; ids: readonly string[] },
): Promise<FleetEndpoint[]> {
  if (ids.length === 0) return [];
  const rows = await ownEndpoints(db, { actor: { organisationId } })
    .where('endpoint.site_id', '=', siteId)
    .where('endpoint.id', 'in', [...ids])
    .execute();
  return rows.map(endpointOf);
}

function ownEndpoints(db: Db, { actor }: { actor: Pick<Scope['actor'], 'organisationId'> }) {
  return db
    .selectFrom('endpoint')
    .innerJoin('site', 'site.id', 'endpoint.site_id')
    .innerJoin('client', 'client.id', 'site.client_id')
    .leftJoin('note', (join) =>
      join
        .onRef('note.site_id', '=', 'endpoint.site_id')
        .onRef('note.endpoint_id', '=', 'endpoint.id'),
    )
    .where('site.organisation_id', '=', actor.organisationId)
    .selectAll('endpoint')
    .select('note.text as note')
    .select(['site.name as site_name', 'client.id as client_id', 'client.name as client_name'])
    .select(['client.folded as client_folded', 'site.folded as site_folded']);
}

/** The order: by names as people read them, made definite by ids. */
const ORDER = [
  'client.folded',
  'site.folded',
  'endpoint.folded',
  'endpoint.site_id',
  'endpoint.id',
] as const;

async function listEndpoints(
  db: Db,
  { scope, question }: { scope: Scope; question: FleetQuestion },
): Promise<{ items: FleetEndpoint[]; next: string | null }> {
  const { text = '', clientId, siteId, after = null, limit = 100 } = question;
  let query = ownEndpoints(db, scope);
  if (clientId !== undefined) query = query.where('client.id', '=', clientId);
  if (siteId !== undefined) query = query.where('site.id', '=', siteId);
  for (const word of foldText(text).split(/\s+/).filter(Boolean).slice(0, MAX_WORDS)) {
    const pattern = `%${word.replace(/[\\%_]/g, '\\$&')}%`;
    const contains = (column: 'client.folded' | 'site.folded' | 'endpoint.folded') =>
      sql<boolean>`${sql.ref(column)} like ${pattern} escape '\\'`;
    query = query.where(({ or }) =>
      or([contains('client.folded'), contains('site.folded'), contains('endpoint.folded')]),
    );
  }
  if (after !== null) {
    const last = parseCursor(after);
    query = query.where(({ eb, refTuple, tuple }) => eb(refTuple(...ORDER), '>', tuple(...last)));
  }
  for (const column of ORDER) query = query.orderBy(column);
  const rows = await query.limit(limit + 1).execute();
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  const next = rows.length > limit && last !== undefined ? formatCursor(last) : null;
  return { items: page.map(endpointOf), next };
}

type EndpointRow = Awaited<ReturnType<ReturnType<typeof ownEndpoints>['execute']>>[number];

const part = z.string().regex(/^[^\0]*$/, 'must be a cursor');
const cursorSchema = z.tuple([part, part, part, part, part]);
type Cursor = z.infer<typeof cursorSchema>;

function formatCursor(row: EndpointRow): string {
  const place: Cursor = [row.client_folded, row.site_folded, row.folded, row.site_id, row.id];
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** A cursor only says where to go on, in what is the actor's own anyway. */
function parseCursor(text: string): Cursor {
  let place: unknown = null;
  try {
    place = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
  } catch {
    // said below
  }
  return parseInput(cursorSchema, place);
}

function endpointOf(row: EndpointRow): FleetEndpoint {
  return {
    ...{ siteId: row.site_id, siteName: row.site_name },
    ...{ clientId: row.client_id, clientName: row.client_name },
    ...{ id: row.id, name: row.name, state: row.state, note: row.note ?? '' },
    labels: textsSchema.parse(JSON.parse(row.labels)),
    ...{ seenAt: row.seen_at, software: row.software, openSession: row.open_session },
    host: row.host === null ? null : hostSchema.parse(JSON.parse(row.host)),
    isVerified: row.is_verified === 1,
  };
}
