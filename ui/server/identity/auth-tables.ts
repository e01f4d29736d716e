// What we read of better-auth's tables ourselves: who belongs to which organisation, as what.

import type { Kysely } from 'kysely';

import type { Schema } from '../store/schema.ts';

type AuthTables = {
  auth_user: { id: string; email: string };
  auth_organization: { id: string; name: string };
  auth_member: { id: string; organizationId: string; userId: string; role: string };
};

/** The store with better-auth's tables beside ours. */
export function authTables(db: Kysely<Schema>): Kysely<Schema & AuthTables> {
  return db.$extendTables<AuthTables>();
}
