// Who asks the directory, and what a role may do there. Roles come from the provider of identities; at sites they
// mean nothing: there a key in the roster counts.

import { randomUUID } from 'node:crypto';

import type { Kysely } from 'kysely';
import * as z from 'zod';

import { ConsoleError } from './error.ts';
import type { Role } from './identity/identity.ts';
import type { Schema } from './store/schema.ts';
import type { Store } from './store/store.ts';

declare const actorBrand: unique symbol;

/** A person of an organisation who is signed in. Minted by the directory's `admit` alone. */
export interface Actor {
  readonly organisationId: string;
  readonly personId: string;
  readonly role: Role;
  readonly [actorBrand]: true;
}

/** What the directory's parts work with: the store, the clock, and for whom. */
export interface Scope {
  readonly store: Store;
  readonly now: () => number;
  readonly actor: Actor;
}

/** The store or a transaction on it. */
export type Db = Kysely<Schema>;

/** Who may have a signing key, and work from a browser with it. */
export const SIGNERS = ['owner', 'technician', 'reviewer'] as const satisfies readonly Role[];

export interface Organisation {
  readonly id: string;
  readonly name: string;
  /** The root set as sites pin it; null until the owner has made it. */
  readonly rootKeys: string | null;
  readonly rosterVersion: number;
}

/** A name that a person gave to something: one line, no control characters. */
export const nameSchema = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(128, 'must have at most 128 characters')
  .regex(/^[^\p{C}]*$/u, 'must be one line without control characters')
  .refine((text) => text.isWellFormed(), 'must be well-formed text');

/** An id of ours, or of an endpoint: nothing else comes near a query. */
export const idSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be an id');

/** @throws {ConsoleError} code `not-found` for what cannot be the id of anything */
export function checkId(id: string, what: string): void {
  if (!idSchema.safeParse(id).success) throw notFound(what);
}

/** Mints an actor. Only for `admit`, which has looked the person up. */
export function actorOf(is: { organisationId: string; personId: string; role: Role }): Actor {
  return is as Actor; // minted here: the person was found by a verified identity
}

/** @throws {ConsoleError} code `not-allowed` when the actor has another role */
export function checkRole({ role }: Actor, allowed: readonly Role[]): void {
  if (allowed.includes(role)) return;
  throw new ConsoleError(
    'not-allowed',
    `Cannot do this as ${role}: ask an ${allowed.join(' or ')}`,
  );
}

/** Parses what a person entered. @throws {ConsoleError} code `invalid`, naming the field and the rule */
export function parseInput<S extends z.ZodType>(schema: S, input: unknown): z.infer<S> {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')} ${message}`,
  );
  throw new ConsoleError('invalid', `Cannot accept input: ${wrong.join('; ')}`);
}

/** The actor's organisation as the store has it. */
export async function ownOrganisation(db: Db, { actor }: Scope): Promise<Schema['organisation']> {
  const row = await db
    .selectFrom('organisation')
    .selectAll()
    .where('id', '=', actor.organisationId)
    .executeTakeFirst();
  if (row === undefined) throw notFound('organisation');
  return row;
}

/** An organisation as its people see it. */
export function organisationOf(row: Schema['organisation']): Organisation {
  const { id, name, root_keys: rootKeys, roster_version: rosterVersion } = row;
  return { id, name, rootKeys, rosterVersion };
}

/** What was asked for is not there, or not this organisation's: which of the two is not said. */
export function notFound(what: string): ConsoleError {
  return new ConsoleError('not-found', `Cannot find ${what}: there is none`);
}

/** Text as searches and names compare it: compatibility forms, upper and lower case are alike. */
export function foldText(text: string): string {
  return text.normalize('NFKC').toLowerCase();
}

/** A time as the store has it. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

/** Whose change it is; no person: an appliance's, which came with a token. */
interface Changer {
  readonly now: () => number;
  readonly actor: Pick<Actor, 'organisationId'> & { readonly personId: string | null };
}

/** Writes down what an administrator did, or what somebody did with what they were given, in the same transaction. */
export async function recordChange(
  db: Db,
  { now, actor }: Changer,
  { what, ...detail }: { readonly what: string; readonly [name: string]: unknown },
): Promise<void> {
  await db
    .insertInto('change')
    .values({
      id: randomUUID(),
      organisation_id: actor.organisationId,
      at: timeText(now()),
      person_id: actor.personId,
      what,
      detail: JSON.stringify(detail),
    })
    .execute();
}
