// What we touch of better-auth's tables ourselves: who belongs to which organisation, as what, and what is over.

import type { Kysely } from 'kysely';

import type { Schema } from '../store/schema.ts';

type AuthTables = {
  auth_user: { id: string; email: string };
  auth_organization: { id: string; name: string };
  auth_session: { id: string; expiresAt: string };
  auth_verification: { id: string; expiresAt: string };
  auth_rate_limit: { id: string; lastRequest: number };
  auth_member: { id: string; organizationId: string; userId: string; role: string };
};

/** The store with better-auth's tables beside ours. */
export function authTables(db: Kysely<Schema>): Kysely<Schema & AuthTables> {
  return db.$extendTables<AuthTables>();
}
