// The tables of built-in accounts: those of better-auth 1.7.6 with organization, two-factor and passkey, as its own
// `getMigrations` would make them (a test compares), and our invitations, which keep no secret in the clear.

import {
  type ColumnDefinitionBuilder,
  type CreateTableBuilder,
  sql,
  type Transaction,
} from 'kysely';

import type { StoreKind } from '../lock.ts';
import type { Migration } from '../migrate.ts';

/** Makes the tables and their indexes. */
export const up: Migration = async (db, kind) => {
  await makePeople(db, kind);
  await makeOrganisations(db, kind);
  await makeSecondFactors(db, kind);
  await db.schema
    .createTable('invitation')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('organisation_id', 'text', (c) => c.notNull().references('organisation.id'))
    .addColumn('secret_hash', 'text', (c) => c.notNull().unique())
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute();
  for (const [table, column] of INDEXES) {
    await db.schema.createIndex(`${table}_${column}_idx`).on(table).column(column).execute();
  }
};

const INDEXES = [
  ['auth_session', 'userId'],
  ['auth_account', 'userId'],
  ['auth_verification', 'identifier'],
  ['auth_member', 'organizationId'],
  ['auth_member', 'userId'],
  ['auth_invitation', 'organizationId'],
  ['auth_invitation', 'email'],
  ['auth_two_factor', 'secret'],
  ['auth_two_factor', 'userId'],
  ['auth_passkey', 'userId'],
  ['auth_passkey', 'credentialID'],
] as const;

/** better-auth has dates and booleans of PostgreSQL there, and text and integers in SQLite. */
function typesOf(kind: StoreKind): {
  date: 'timestamptz' | 'date';
  truth: 'boolean' | 'integer';
} {
  return kind === 'postgres'
    ? { date: 'timestamptz', truth: 'boolean' }
    : { date: 'date', truth: 'integer' };
}

function table(db: Transaction<unknown>, name: string): CreateTableBuilder<string> {
  return db.schema.createTable(name).addColumn('id', 'text', (c) => c.primaryKey().notNull());
}

async function makePeople(db: Transaction<unknown>, kind: StoreKind): Promise<void> {
  const { date, truth } = typesOf(kind);
  await table(db, 'auth_user')
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('email', 'text', (c) => c.notNull().unique())
    .addColumn('emailVerified', truth, (c) => c.notNull())
    .addColumn('image', 'text')
    .addColumn('createdAt', date, (c) => c.notNull().defaultTo(sql`CURRENT_TIMESTAMP`))
    .addColumn('updatedAt', date, (c) => c.notNull().defaultTo(sql`CURRENT_TIMESTAMP`))
    .addColumn('twoFactorEnabled', truth)
    .execute();
  await table(db, 'auth_session')
    .addColumn('expiresAt', date, (c) => c.notNull())
    .addColumn('token', 'text', (c) => c.notNull().unique())
    .addColumn('createdAt', date, (c) => c.notNull())
    .addColumn('updatedAt', date, (c) => c.notNull())
    .addColumn('ipAddress', 'text')
    .addColumn('userAgent', 'text')
    .addColumn('userId', 'text', belongsToUser)
    .addColumn('activeOrganizationId', 'text')
    .addColumn('methods', 'text')
    .execute();
  await table(db, 'auth_account')
    .addColumn('accountId', 'text', (c) => c.notNull())
    .addColumn('providerId', 'text', (c) => c.notNull())
    .addColumn('userId', 'text', belongsToUser)
    .addColumn('accessToken', 'text')
    .addColumn('refreshToken', 'text')
    .addColumn('idToken', 'text')
    .addColumn('accessTokenExpiresAt', date)
    .addColumn('refreshTokenExpiresAt', date)
    .addColumn('scope', 'text')
    .addColumn('password', 'text')
    .addColumn('createdAt', date, (c) => c.notNull())
    .addColumn('updatedAt', date, (c) => c.notNull())
    .execute();
  await table(db, 'auth_verification')
    .addColumn('identifier', 'text', (c) => c.notNull())
    .addColumn('value', 'text', (c) => c.notNull())
    .addColumn('expiresAt', date, (c) => c.notNull())
    .addColumn('createdAt', date, (c) => c.notNull())
    .addColumn('updatedAt', date, (c) => c.notNull())
    .execute();
  await table(db, 'auth_rate_limit')
    .addColumn('key', 'text', (c) => c.notNull().unique())
    .addColumn('count', 'integer', (c) => c.notNull())
    .addColumn('lastRequest', 'bigint', (c) => c.notNull())
    .execute();
}

async function makeOrganisations(db: Transaction<unknown>, kind: StoreKind): Promise<void> {
  const { date } = typesOf(kind);
  await table(db, 'auth_organization')
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('slug', 'text', (c) => c.notNull().unique())
    .addColumn('logo', 'text')
    .addColumn('createdAt', date, (c) => c.notNull())
    .addColumn('metadata', 'text')
    .execute();
  await table(db, 'auth_member')
    .addColumn('organizationId', 'text', belongsToOrganisation)
    .addColumn('userId', 'text', belongsToUser)
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('createdAt', date, (c) => c.notNull())
    .execute();
  await table(db, 'auth_invitation')
    .addColumn('organizationId', 'text', belongsToOrganisation)
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('role', 'text')
    .addColumn('status', 'text', (c) => c.notNull())
    .addColumn('expiresAt', date, (c) => c.notNull())
    .addColumn('createdAt', date, (c) => c.notNull())
    .addColumn('inviterId', 'text', belongsToUser)
    .execute();
}

async function makeSecondFactors(db: Transaction<unknown>, kind: StoreKind): Promise<void> {
  const { date, truth } = typesOf(kind);
  await table(db, 'auth_two_factor')
    .addColumn('secret', 'text', (c) => c.notNull())
    .addColumn('backupCodes', 'text', (c) => c.notNull())
    .addColumn('userId', 'text', belongsToUser)
    .addColumn('verified', truth)
    .addColumn('failedVerificationCount', 'integer')
    .addColumn('lockedUntil', date)
    .execute();
  await table(db, 'auth_passkey')
    .addColumn('name', 'text')
    .addColumn('publicKey', 'text', (c) => c.notNull())
    .addColumn('userId', 'text', belongsToUser)
    .addColumn('credentialID', 'text', (c) => c.notNull())
    .addColumn('counter', 'integer', (c) => c.notNull())
    .addColumn('deviceType', 'text', (c) => c.notNull())
    .addColumn('backedUp', truth, (c) => c.notNull())
    .addColumn('transports', 'text')
    .addColumn('createdAt', date)
    .addColumn('aaguid', 'text')
    .execute();
}

function belongsToUser(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder {
  return column.notNull().references('auth_user.id').onDelete('cascade');
}

function belongsToOrganisation(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder {
  return column.notNull().references('auth_organization.id').onDelete('cascade');
}
