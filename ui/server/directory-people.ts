// People of an organisation, and the keys by which they sign.

import * as z from 'zod';

import { isPersonKey, MAX_KEY_CHARS } from '#crypto/person-key.ts';
import {
  checkId,
  checkRole,
  type Db,
  notFound,
  organisationOf,
  ownOrganisation,
  parseInput,
  recordChange,
  type Organisation,
  type Scope,
  SIGNERS,
  timeText,
} from './directory-actor.ts';
import { ConsoleError } from './error.ts';
import { CONSOLE_ROLES, type Role } from './identity/identity.ts';
import type { Schema } from './store/schema.ts';

export type KeyState = 'none' | 'proposed' | 'listed';

export interface Person {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  readonly role: Role;
  readonly issuer: string;
  readonly subject: string;
  readonly signingKey: string | null;
  readonly credentialId: string | null;
  readonly keyState: KeyState;
  readonly seenAt: string;
  /** Set: was of the organisation once. */
  readonly removedAt: string | null;
}

const signingKeySchema = z.strictObject({
  key: z.string().max(MAX_KEY_CHARS).refine(isPersonKey, 'must be a public key'),
  credentialId: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,1400}$/, 'must be base64url')
    .nullable(),
});

export type SigningKey = z.infer<typeof signingKeySchema>;

/** The questions about people, for one actor. */
export interface PeopleDirectory {
  me(): Promise<{ person: Person; organisation: Organisation }>;
  /** Everybody, also who was removed: things name them. */
  people(): Promise<Person[]>;
  /** Says which key is the actor's own. It counts at sites when an owner has signed it into the roster. */
  proposeSigningKey(input: SigningKey): Promise<void>;
  /** Owner. Answers the peer keys of their devices, whose connections are to be ended. */
  removePerson(personId: string): Promise<{ peerKeys: string[] }>;
}

/** Makes the questions about people for one actor. */
export function peopleDirectory(scope: Scope): PeopleDirectory {
  const { store, actor } = scope;
  return {
    async me() {
      const [organisation, person] = await Promise.all([
        ownOrganisation(store.db, scope),
        ownPerson(store.db, { scope, personId: actor.personId }),
      ]);
      return { organisation: organisationOf(organisation), person: personOf(person) };
    },
    async people() {
      const rows = await store.db
        .selectFrom('person')
        .selectAll()
        .where('organisation_id', '=', actor.organisationId)
        .orderBy('name')
        .orderBy('id')
        .execute();
      return rows.map(personOf);
    },
    async proposeSigningKey(input) {
      checkRole(actor, SIGNERS);
      const { key, credentialId } = parseInput(signingKeySchema, input);
      await store.alone(async (db) => {
        await checkKeyIsFree(db, { scope, key });
        await db
          .updateTable('person')
          .set({ signing_key: key, credential_id: credentialId, key_state: 'proposed' })
          .where('organisation_id', '=', actor.organisationId)
          .where('id', '=', actor.personId)
          .execute();
        await recordChange(db, scope, { what: 'key.proposed', key });
      });
    },
    async removePerson(personId) {
      checkRole(actor, ['owner']);
      return store.alone((db) => withdrawPerson(db, { scope, personId }));
    },
  };
}

/**
 * Takes a person out of the organisation: who they were stays, for what names them; their devices go. An owner
 * removes neither themselves nor, thereby, the last owner.
 * @throws {ConsoleError} code `not-found`, `conflict`
 */
export async function withdrawPerson(
  db: Db,
  { scope, personId }: { scope: Scope; personId: string },
): Promise<{ peerKeys: string[] }> {
  const { actor, now } = scope;
  if (personId === actor.personId) {
    throw new ConsoleError('conflict', 'Cannot remove yourself: ask another owner');
  }
  const { name, removed_at: removedAt } = await ownPerson(db, { scope, personId });
  if (removedAt !== null) throw new ConsoleError('conflict', 'Cannot remove person: done already');
  await db
    .updateTable('person')
    .set({ removed_at: timeText(now()) })
    .where('organisation_id', '=', actor.organisationId)
    .where('id', '=', personId)
    .execute();
  const devices = await db
    .deleteFrom('device')
    .where('organisation_id', '=', actor.organisationId)
    .where('person_id', '=', personId)
    .returning('peer_key')
    .execute();
  await recordChange(db, scope, { what: 'person.removed', person: personId, name });
  return { peerKeys: devices.map(({ peer_key: peerKey }) => peerKey) };
}

async function ownPerson(
  db: Db,
  { scope, personId }: { scope: Scope; personId: string },
): Promise<Schema['person']> {
  checkId(personId, 'person');
  const row = await db
    .selectFrom('person')
    .selectAll()
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', personId)
    .executeTakeFirst();
  if (row === undefined) throw notFound('person');
  return row;
}

async function checkKeyIsFree(
  db: Db,
  { scope: { actor }, key }: { scope: Scope; key: string },
): Promise<void> {
  const other = await db
    .selectFrom('person')
    .select('id')
    .where('organisation_id', '=', actor.organisationId)
    .where('signing_key', '=', key)
    .where('id', '!=', actor.personId)
    .executeTakeFirst();
  if (other === undefined) return;
  throw new ConsoleError('conflict', "Cannot propose key: it is another person's");
}

const rowSchema = z.object({
  role: z.enum(CONSOLE_ROLES),
  key_state: z.enum(['none', 'proposed', 'listed']),
});

function personOf(row: Schema['person']): Person {
  const { role, key_state: keyState } = rowSchema.parse(row);
  return {
    id: row.id,
    name: row.name,
    email: row.email,
    role,
    issuer: row.issuer,
    subject: row.subject,
    signingKey: row.signing_key,
    credentialId: row.credential_id,
    keyState,
    seenAt: row.seen_at,
    removedAt: row.removed_at,
  };
}
