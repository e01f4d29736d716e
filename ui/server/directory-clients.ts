// The clients that an MSP looks after: a name, and the sites under it.

import { encodeBase64url } from '#crypto/base64.ts';
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
import { ConsoleError } from './error.ts';
import type { Schema } from './store/schema.ts';

export interface Client {
  readonly id: string;
  readonly name: string;
  readonly sites: number;
}

/** The questions about clients, for one actor. Those that change something are an owner's. */
export interface ClientDirectory {
  clients(): Promise<Client[]>;
  /** @throws {ConsoleError} code `not-found` */
  client(clientId: string): Promise<Client>;
  createClient(name: string): Promise<{ id: string }>;
  renameClient(clientId: string, name: string): Promise<void>;
  /** @throws {ConsoleError} code `conflict` while it has sites */
  removeClient(clientId: string): Promise<void>;
}

/** Makes the questions about clients for one actor. */
export function clientDirectory(scope: Scope): ClientDirectory {
  const { store, actor } = scope;
  const change = <T>(work: (db: Db) => Promise<T>): Promise<T> => {
    checkRole(actor, ['owner']);
    return store.alone(work);
  };
  return {
    clients: () => ownClients(store.db, scope).execute(),
    client: async (clientId) => {
      checkId(clientId, 'client');
      const row = await ownClients(store.db, scope)
        .where('client.id', '=', clientId)
        .executeTakeFirst();
      if (row === undefined) throw notFound('client');
      return row;
    },
    createClient: async (name) => change((db) => createClient(db, { scope, name })),
    renameClient: async (clientId, name) =>
      change((db) => renameClient(db, { scope, clientId, name })),
    removeClient: async (clientId) => change((db) => removeClient(db, { scope, clientId })),
  };
}

/** A client of the actor's organisation. @throws {ConsoleError} code `not-found` */
export async function ownClient(
  db: Db,
  { scope, clientId }: { scope: Scope; clientId: string },
): Promise<Schema['client']> {
  checkId(clientId, 'client');
  const row = await db
    .selectFrom('client')
    .selectAll()
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', clientId)
    .executeTakeFirst();
  if (row === undefined) throw notFound('client');
  return row;
}

/** An id that nobody guesses. */
export function newId(): string {
  return encodeBase64url(randomBytes(16));
}

/** The refusal of a name that is in use. */
export function nameTaken(what: string, name: string): ConsoleError {
  return new ConsoleError('conflict', `Cannot name ${what} "${name}": there is one already`);
}

function ownClients(db: Db, { actor }: Scope) {
  return db
    .selectFrom('client')
    .leftJoin('site', 'site.client_id', 'client.id')
    .where('client.organisation_id', '=', actor.organisationId)
    .groupBy(['client.id', 'client.name', 'client.folded'])
    .orderBy('client.folded')
    .select(['client.id', 'client.name'])
    .select(({ fn }) => fn.count<number>('site.id').as('sites'));
}

async function createClient(
  db: Db,
  { scope, name }: { scope: Scope; name: string },
): Promise<{ id: string }> {
  const { actor, now } = scope;
  const named = parseInput(nameSchema, name);
  await checkClientName(db, { scope, name: named });
  const id = newId();
  await db
    .insertInto('client')
    .values({
      ...{ id, organisation_id: actor.organisationId, name: named },
      ...{ folded: foldText(named), created_at: timeText(now()) },
    })
    .execute();
  await recordChange(db, scope, { what: 'client.created', client: id, name: named });
  return { id };
}

async function renameClient(
  db: Db,
  { scope, clientId, name }: { scope: Scope; clientId: string; name: string },
): Promise<void> {
  const named = parseInput(nameSchema, name);
  const { name: before } = await ownClient(db, { scope, clientId });
  await checkClientName(db, { scope, name: named, except: clientId });
  await db
    .updateTable('client')
    .set({ name: named, folded: foldText(named) })
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', clientId)
    .execute();
  await recordChange(db, scope, { what: 'client.renamed', client: clientId, before, name: named });
}

async function removeClient(
  db: Db,
  { scope, clientId }: { scope: Scope; clientId: string },
): Promise<void> {
  const { name } = await ownClient(db, { scope, clientId });
  const sites = await db
    .selectFrom('site')
    .select('id')
    .where('client_id', '=', clientId)
    .where('organisation_id', '=', scope.actor.organisationId)
    .execute();
  if (sites.length > 0) {
    throw new ConsoleError('conflict', `Cannot remove client: it has sites, remove them first`);
  }
  await db
    .deleteFrom('client')
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', clientId)
    .execute();
  await recordChange(db, scope, { what: 'client.removed', client: clientId, name });
}

async function checkClientName(
  db: Db,
  { scope, name, except = '' }: { scope: Scope; name: string; except?: string },
): Promise<void> {
  const other = await db
    .selectFrom('client')
    .select('id')
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('folded', '=', foldText(name))
    .where('id', '!=', except)
    .executeTakeFirst();
  if (other !== undefined) throw nameTaken('client', name);
}
