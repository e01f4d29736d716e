// PostgreSQL by `pg`, for Kysely.

import { type Dialect, PostgresDialect } from 'kysely';
import pg from 'pg';

const MAX_CONNECTIONS = 10;
const CONNECT_TIMEOUT_MS = 10_000;
const STATEMENT_TIMEOUT_MS = 30_000;
/** The type number of `bigint`, which pg answers as text. */
const INT8 = 20;

/** Makes a dialect of the database at this address. Connects at the first query. */
export function postgresDialect(databaseUrl: string): Dialect {
  const types = new pg.TypeOverrides();
  types.setTypeParser(INT8, parseSize);
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: MAX_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    types,
  });
  // A connection that breaks while it rests is replaced at its next use; whoever then waits is told of trouble.
  pool.on('error', () => undefined);
  return new PostgresDialect({ pool });
}

function parseSize(text: string): number {
  const size = Number(text);
  if (!Number.isSafeInteger(size)) throw new RangeError(`Cannot read number: ${text} is too large`);
  return size;
}
