// The console's store: one schema over SQLite in the data folder, or over PostgreSQL.

import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { type Dialect, Kysely, type Transaction } from 'kysely';

import { ConsoleError } from '../error.ts';
import { holdLock, type StoreKind } from './lock.ts';
import { migrate } from './migrate.ts';
import { postgresDialect } from './postgres.ts';
import type { Schema } from './schema.ts';
import { sqliteDialect } from './sqlite.ts';

export const DATABASE_FILE = 'console.sqlite';

/** An open store, at the last migration. */
export interface Store extends AsyncDisposable {
  readonly kind: StoreKind;
  readonly db: Kysely<Schema>;
  /** Runs `work` in a transaction beside which no other `alone` runs, in whatever process. */
  alone<T>(work: (db: Transaction<Schema>) => Promise<T>): Promise<T>;
}

/**
 * Opens the store: a file in the data folder, or a PostgreSQL database.
 * @throws {ConsoleError} code `store-newer`, `store-failed`
 */
export async function openStore(
  place: { dataFolder: string } | { databaseUrl: string },
): Promise<Store> {
  if ('databaseUrl' in place) {
    return openStoreBy(postgresDialect(place.databaseUrl), 'postgres');
  }
  await mkdir(place.dataFolder, { recursive: true, mode: 0o700 });
  const path = join(place.dataFolder, DATABASE_FILE);
  const store = await openStoreBy(sqliteDialect(path), 'sqlite');
  await chmod(path, 0o600); // whatever the umask made of it
  return store;
}

/** Opens a store over any dialect of the two kinds. @throws {ConsoleError} as `openStore` */
export async function openStoreBy(dialect: Dialect, kind: StoreKind): Promise<Store> {
  const db = new Kysely<Schema>({ dialect });
  try {
    await migrate(db, { kind });
  } catch (cause) {
    await db.destroy();
    if (cause instanceof ConsoleError) throw cause;
    // The message of a driver may quote the address with its password.
    throw new ConsoleError('store-failed', 'Cannot open store: the database refuses', { cause });
  }
  return {
    ...{ kind, db },
    alone: (work) =>
      db.transaction().execute(async (transaction) => {
        await holdLock(transaction, { kind, name: 'alone' });
        return work(transaction);
      }),
    [Symbol.asyncDispose]: () => db.destroy(),
  };
}
