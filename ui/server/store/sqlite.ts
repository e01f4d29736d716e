// SQLite by `node:sqlite`, for Kysely, whose own driver is written for better-sqlite3.
//
// node:sqlite works in this thread, so its busy timeout would stop everything while another process writes: we wait
// between tries instead. A transaction takes the write lock when it begins: one that reads first and writes later
// would else be refused when another process wrote in between.

import { DatabaseSync, type SQLInputValue } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';

/** How long a write waits for another process's. */
const BUSY_MS = 5000;
const TRY_EVERY_MS = 5;
const SQLITE_BUSY = 5;

/** Opens the database file at the first query, durable at every commit, and makes a dialect of it. */
export function sqliteDialect(path: string): Dialect {
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => new SqliteDriver(path),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  };
}

/** One connection; Kysely lets one query or transaction have it at a time. */
class SqliteDriver implements Driver {
  readonly #path: string;
  #database: DatabaseSync | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  async init(): Promise<void> {
    const database = new DatabaseSync(this.#path);
    try {
      await patiently(() => database.exec('PRAGMA journal_mode = WAL'));
      database.exec('PRAGMA synchronous = FULL');
      database.exec('PRAGMA foreign_keys = ON');
    } catch (error) {
      database.close();
      throw error;
    }
    this.#database = database;
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#database === null) throw new Error('unreachable: not initialised');
    return connection(this.#database);
  }

  async beginTransaction(on: DatabaseConnection): Promise<void> {
    await on.executeQuery(CompiledQuery.raw('begin immediate'));
  }

  async commitTransaction(on: DatabaseConnection): Promise<void> {
    await on.executeQuery(CompiledQuery.raw('commit'));
  }

  async rollbackTransaction(on: DatabaseConnection): Promise<void> {
    await on.executeQuery(CompiledQuery.raw('rollback'));
  }

  async releaseConnection(): Promise<void> {
    // There is one, and it stays.
  }

  async destroy(): Promise<void> {
    this.#database?.close();
    this.#database = null;
  }
}

function connection(database: DatabaseSync): DatabaseConnection {
  return {
    executeQuery: <R>({ sql, parameters }: CompiledQuery) =>
      patiently(() => execute<R>(database, { sql, parameters })),
    streamQuery() {
      throw new TypeError('Cannot stream query: SQLite answers at once');
    },
  };
}

function execute<R>(
  database: DatabaseSync,
  { sql, parameters }: { sql: string; parameters: readonly unknown[] },
): QueryResult<R> {
  const statement = database.prepare(sql);
  const inputs = parameters as readonly SQLInputValue[]; // what it does not take, it refuses itself
  if (statement.columns().length > 0) {
    const rows = statement.all(...inputs).map((row) => ({ ...row }) as R); // as its caller says
    return { rows };
  }
  const { changes, lastInsertRowid } = statement.run(...inputs);
  return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
}

/** Tries until no other process is in the way; a statement that was refused for that did nothing. */
async function patiently<T>(work: () => T): Promise<T> {
  const deadline = performance.now() + BUSY_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      const isBusy = ((error as { errcode?: number }).errcode ?? 0) % 256 === SQLITE_BUSY;
      if (!isBusy || performance.now() > deadline) throw error;
      await sleep(TRY_EVERY_MS);
    }
  }
}
