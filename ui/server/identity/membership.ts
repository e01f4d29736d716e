// Who belongs to an organisation of built-in accounts. An owner invites by a link that is good once, for one
// address; an account belongs to one organisation, and goes when its person leaves.

import { randomUUID } from 'node:crypto';

import * as z from 'zod';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import {
  type Actor,
  checkRole,
  type Db,
  nameSchema,
  notFound,
  parseInput,
  recordChange,
  type Scope,
  timeText,
} from '../directory-actor.ts';
import { withdrawPerson } from '../directory-people.ts';
import { hashSecret } from '../directory-sites.ts';
import { ConsoleError } from '../error.ts';
import {
  type AccountsPlace,
  BUILT_IN,
  emailSchema,
  passwordSchema,
  signUpWithin,
} from './accounts-place.ts';
import type { Cookie, Visitor } from './ask.ts';
import { authTables } from './auth-tables.ts';
import { CONSOLE_ROLES, type Role } from './identity.ts';

/** An invitation is to be accepted within so long. */
export const INVITATION_LIFE_MS = 7 * 86_400_000;

const inviteSchema = z.strictObject({ email: emailSchema, role: z.enum(CONSOLE_ROLES) });
const acceptSchema = z.strictObject({
  secret: z.string().max(64),
  name: nameSchema,
  password: passwordSchema,
});

export interface Invitation {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  readonly organisationName: string;
  /** The owner's name; null when it was not kept. */
  readonly invitedBy: string | null;
  readonly expiresAt: string;
}

/** Inviting, and what follows from it. */
export interface Membership {
  /** Owner. Answers the link's secret, which is shown once and kept nowhere; no mail is sent. */
  invite(
    actor: Actor,
    input: z.input<typeof inviteSchema>,
  ): Promise<{ id: string; secret: string; expiresAt: string }>;
  /** Owner. Those that wait. */
  invitations(actor: Actor): Promise<Invitation[]>;
  /** Owner. */
  withdrawInvitation(actor: Actor, invitationId: string): Promise<void>;
  /** What a link offers; null when it was used, withdrawn or has expired. */
  invitation(secret: string): Promise<Invitation | null>;
  /** Makes the account, uses the invitation up and signs in, all or nothing. */
  accept(visitor: Visitor, input: z.input<typeof acceptSchema>): Promise<{ cookies: Cookie[] }>;
  /** Owner, of another's role: holds from their next request on. */
  changeRole(actor: Actor, personId: string, role: Role): Promise<void>;
  /** Owner. Ends the account with its sessions; answers whose connections are to be ended, too. */
  removeMember(actor: Actor, personId: string): Promise<{ peerKeys: string[] }>;
}

/** Makes the part of the accounts that is about belonging. */
export function membership(place: AccountsPlace): Membership {
  const { store, now } = place;
  const as = (actor: Actor): Scope => {
    checkRole(actor, ['owner']);
    return { store, actor, now };
  };
  return {
    invite: async (actor, input) => invite(as(actor), parseInput(inviteSchema, input)),
    async invitations(actor) {
      const { organisationId } = as(actor).actor;
      const rows = await open(store.db, now())
        .where('invitation.organisation_id', '=', organisationId)
        .orderBy('invitation.created_at')
        .execute();
      return rows.map(invitationOf);
    },
    async withdrawInvitation(actor, invitationId) {
      const scope = as(actor);
      await store.alone(async (db) => {
        const { email } = await drop(db, { scope, id: invitationId });
        await recordChange(db, scope, { what: 'invitation.withdrawn', email });
      });
    },
    async invitation(secret) {
      const row = await findOpen(store.db, { secret, nowMs: now() });
      return row === undefined ? null : invitationOf(row);
    },
    accept: async (visitor, input) =>
      accept(place, { visitor, input: parseInput(acceptSchema, input) }),
    async changeRole(actor, personId, role) {
      const scope = as(actor);
      const wanted = parseInput(z.enum(CONSOLE_ROLES), role);
      await store.alone((db) => changeRole(db, { scope, personId, role: wanted }));
    },
    async removeMember(actor, personId) {
      const scope = as(actor);
      return store.alone(async (db) => {
        const { subject } = await findMember(db, { scope, personId });
        const withdrawn = await withdrawPerson(db, { scope, personId });
        await authTables(db).deleteFrom('auth_user').where('id', '=', subject).execute();
        return withdrawn;
      });
    },
  };
}

async function invite(
  scope: Scope,
  { email, role }: z.infer<typeof inviteSchema>,
): Promise<{ id: string; secret: string; expiresAt: string }> {
  const { store, actor, now } = scope;
  const secret = encodeBase64url(randomBytes(32));
  const id = randomUUID();
  const expiresAt = timeText(now() + INVITATION_LIFE_MS);
  await store.alone(async (db) => {
    const account = await authTables(db)
      .selectFrom('auth_user')
      .select('id')
      .where('email', '=', email)
      .executeTakeFirst();
    if (account !== undefined) {
      throw new ConsoleError('conflict', 'Cannot invite: this address has an account already');
    }
    // One link an address: the new one takes the old one's place.
    await db
      .deleteFrom('invitation')
      .where('organisation_id', '=', actor.organisationId)
      .where('email', '=', email)
      .execute();
    await db
      .insertInto('invitation')
      .values({
        ...{ id, organisation_id: actor.organisationId, secret_hash: hashSecret(secret) },
        ...{ email, role, expires_at: expiresAt, created_at: timeText(now()) },
        invited_by: actor.personId,
      })
      .execute();
    await recordChange(db, scope, { what: 'person.invited', email, role });
  });
  return { id, secret, expiresAt };
}

async function accept(
  place: AccountsPlace,
  {
    visitor,
    input: { secret, name, password },
  }: { visitor: Visitor; input: z.infer<typeof acceptSchema> },
): Promise<{ cookies: Cookie[] }> {
  return place.store.alone(async (db) => {
    const row = await findOpen(db, { secret, nowMs: place.now() });
    if (row === undefined) {
      throw new ConsoleError(
        'expired',
        'Cannot accept invitation: it was used or has expired; ask for another',
      );
    }
    await db.deleteFrom('invitation').where('id', '=', row.id).execute();
    const auth = place.within(db);
    const person = { name, email: row.email, password };
    const { userId, cookies } = await signUpWithin({ auth, origin: place.origin }, visitor, person);
    const { role } = invitationOf(row);
    await auth.addMember({ organisationId: row.external_id, userId, role });
    return { cookies };
  });
}

async function changeRole(
  db: Db,
  { scope, personId, role }: { scope: Scope; personId: string; role: Role },
): Promise<void> {
  if (personId === scope.actor.personId) {
    throw new ConsoleError('conflict', 'Cannot change your own role: ask another owner');
  }
  const { subject, name, role: before } = await findMember(db, { scope, personId });
  await authTables(db)
    .updateTable('auth_member')
    .set({ role })
    .where('userId', '=', subject)
    .execute();
  await db
    .updateTable('person')
    .set({ role })
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', personId)
    .execute();
  await recordChange(db, scope, { what: 'person.role', person: personId, name, before, role });
}

async function findMember(
  db: Db,
  { scope, personId }: { scope: Scope; personId: string },
): Promise<{ subject: string; name: string; role: string }> {
  const row = await db
    .selectFrom('person')
    .select(['subject', 'name', 'role'])
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('issuer', '=', BUILT_IN)
    .where('removed_at', 'is', null)
    .where('id', '=', personId)
    .executeTakeFirst();
  if (row === undefined) throw notFound('person');
  return row;
}

async function drop(
  db: Db,
  { scope, id }: { scope: Scope; id: string },
): Promise<{ email: string }> {
  const row = await db
    .deleteFrom('invitation')
    .where('organisation_id', '=', scope.actor.organisationId)
    .where('id', '=', id)
    .returning('email')
    .executeTakeFirst();
  if (row === undefined) throw notFound('invitation');
  return row;
}

function open(db: Db, nowMs: number) {
  return db
    .selectFrom('invitation')
    .innerJoin('organisation', 'organisation.id', 'invitation.organisation_id')
    .leftJoin('person', 'person.id', 'invitation.invited_by')
    .where('invitation.expires_at', '>', timeText(nowMs))
    .select(['invitation.id', 'invitation.email', 'invitation.role', 'invitation.expires_at'])
    .select(['organisation.external_id', 'organisation.name', 'person.name as inviter']);
}

async function findOpen(db: Db, { secret, nowMs }: { secret: string; nowMs: number }) {
  if (!isSecret(secret)) return undefined; // of a link that was cut off or mistyped
  return open(db, nowMs)
    .where('invitation.secret_hash', '=', hashSecret(secret))
    .executeTakeFirst();
}

function isSecret(text: string): boolean {
  try {
    return parseBase64url(text).length === 32;
  } catch {
    return false;
  }
}

function invitationOf(row: {
  id: string;
  email: string;
  role: string;
  expires_at: string;
  name: string;
  inviter: string | null;
}): Invitation {
  return {
    ...{ id: row.id, email: row.email, role: z.enum(CONSOLE_ROLES).parse(row.role) },
    ...{ organisationName: row.name, invitedBy: row.inviter, expiresAt: row.expires_at },
  };
}
