// Forward migrations: numbered, applied in order in one transaction under a lock, and never edited afterwards. What
// is in the database but not in this list was written by a newer version, which alone may go on with it.

import type { Kysely, Transaction } from 'kysely';

import { ConsoleError } from '../error.ts';
import { holdLock, type StoreKind } from './lock.ts';
import { up as tables } from './migrations/0001-tables.ts';
import { up as accounts } from './migrations/0002-accounts.ts';
import { up as inviter } from './migrations/0003-inviter.ts';
import { up as siteRoster } from './migrations/0004-site-roster.ts';
import { up as notices } from './migrations/0005-notices.ts';
import { up as deviceSecret } from './migrations/0006-device-secret.ts';
import { up as siteKeys } from './migrations/0007-site-keys.ts';
import { up as noAddresses } from './migrations/0008-no-addresses.ts';

/** One step forward. It knows no schema: the schema's types are those after the last step. */
export type Migration = (db: Transaction<unknown>, kind: StoreKind) => Promise<void>;

/** All there are; a step's number is its place, counted from 1. */
export const MIGRATIONS: readonly Migration[] = [
  tables,
  accounts,
  inviter,
  siteRoster,
  notices,
  deviceSecret,
  siteKeys,
  noAddresses,
];

interface MigrationSchema {
  migration: { number: number; applied_at: string };
}

/**
 * Brings a database to the last migration. Several processes may try at once: one does it, the others wait.
 * @throws {ConsoleError} code `store-newer`
 */
export async function migrate<S>(
  db: Kysely<S>,
  { kind, migrations = MIGRATIONS }: { kind: StoreKind; migrations?: readonly Migration[] },
): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    await holdLock(transaction, { kind, name: 'migrate' });
    await step(transaction as unknown as Transaction<unknown>, { kind, migrations });
  });
}

async function step(
  db: Transaction<unknown>,
  { kind, migrations }: { kind: StoreKind; migrations: readonly Migration[] },
): Promise<void> {
  const known = db as unknown as Transaction<MigrationSchema>; // the one table that is made here
  await known.schema
    .createTable('migration')
    .ifNotExists()
    .addColumn('number', 'integer', (column) => column.primaryKey())
    .addColumn('applied_at', 'text', (column) => column.notNull())
    .execute();
  const { last } = await known
    .selectFrom('migration')
    .select(({ fn }) => fn.max('number').as('last'))
    .executeTakeFirstOrThrow();
  if (last > migrations.length) {
    throw new ConsoleError(
      'store-newer',
      `Cannot open store: it is at step ${last}, this version knows ${migrations.length}; start the newer version`,
    );
  }
  for (const [index, up] of migrations.entries()) {
    const number = index + 1;
    if (number <= last) continue;
    await up(db, kind);
    await known
      .insertInto('migration')
      .values({ number, applied_at: new Date().toISOString() })
      .execute();
  }
}
