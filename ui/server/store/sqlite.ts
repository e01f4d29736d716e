// SQLite by `node:sqlite`, for Kysely: its own driver is written for better-sqlite3, whose statements know whether
// they answer rows. A transaction takes the write lock when it begins: one that reads first and writes later would
// else be refused when another process wrote in between.

import { DatabaseSync, type SQLInputValue } from 'node:sqlite';

import {
  CompiledQuery,
  type Dialect,
  type Driver,
  SqliteAdapter,
  type SqliteDatabase,
  SqliteDialect,
} from 'kysely';

const BUSY_TIMEOUT_MS = 5000;

/** Opens the database file, durable at every commit, and makes a dialect of it. */
export function sqliteDialect(path: string): Dialect {
  const sqlite = new SqliteDialect({ database: async () => openDatabase(path) });
  return {
    createAdapter: () => new SqliteAdapter(),
    createDriver: () => immediate(sqlite.createDriver()),
    createIntrospector: (db) => sqlite.createIntrospector(db),
    createQueryCompiler: () => sqlite.createQueryCompiler(),
  };
}

function openDatabase(path: string): SqliteDatabase {
  const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    database.exec('PRAGMA journal_mode = WAL');
    database.exec('PRAGMA synchronous = FULL');
    database.exec('PRAGMA foreign_keys = ON');
  } catch (error) {
    database.close();
    throw error;
  }
  return {
    close: () => database.close(),
    prepare(sql) {
      const statement = database.prepare(sql);
      return {
        reader: statement.columns().length > 0,
        all: (parameters) => statement.all(...inputs(parameters)),
        run: (parameters) => statement.run(...inputs(parameters)),
        iterate: (parameters) => statement.iterate(...inputs(parameters)),
      };
    },
  };
}

/** What node:sqlite does not take, such as an object, it refuses itself. */
function inputs(parameters: readonly unknown[]): SQLInputValue[] {
  return parameters as SQLInputValue[]; // Kysely's parameters are unknown to its types
}

function immediate(driver: Driver): Driver {
  return {
    init: (options) => driver.init(options),
    acquireConnection: (options) => driver.acquireConnection(options),
    async beginTransaction(connection) {
      await connection.executeQuery(CompiledQuery.raw('begin immediate'));
    },
    commitTransaction: (connection) => driver.commitTransaction(connection),
    rollbackTransaction: (connection) => driver.rollbackTransaction(connection),
    releaseConnection: (connection, options) => driver.releaseConnection(connection, options),
    destroy: (options) => driver.destroy(options),
  };
}
