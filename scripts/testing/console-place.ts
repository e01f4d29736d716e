// Places for a console's store in tests, empty and all alike: a folder for SQLite, PGlite's PostgreSQL in this
// process, and databases of their own on a real server.

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { PGlite } from '@electric-sql/pglite';
import { PGliteDialect } from 'kysely';
import pg from 'pg';

import { openStore, openStoreBy, type Store } from '#ui/server/store/store.ts';

/** An empty place, until it is disposed of. What is opened there is closed by who opened it, before. */
export interface StorePlace extends AsyncDisposable {
  open(): Promise<Store>;
}

/** Makes places of one kind. */
export type OpenPlace = () => Promise<StorePlace>;

/** The address of a PostgreSQL server whose user may create databases; `.ci/run` starts one. */
export const SERVER_URL = process.env['CAISEY_TEST_DATABASE_URL'];

/** A folder of its own. */
export async function sqlitePlace(): Promise<StorePlace & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-store-'));
  return {
    folder,
    open: () => openStore({ dataFolder: folder }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** PostgreSQL within this process. It takes seconds to begin: one serves all the places of a test file. */
export function pglitePlaces(): OpenPlace {
  let starting: Promise<PGlite> | null = null;
  return async () => {
    starting ??= PGlite.create();
    const server = await starting;
    return {
      open: () => openStoreBy(new PGliteDialect({ pglite: keptOpen(server) }), 'postgres'),
      async [Symbol.asyncDispose]() {
        await server.exec('drop schema public cascade; create schema public');
      },
    };
  };
}

/** A database of its own on the server at `SERVER_URL`. */
export function serverPlaces(serverUrl: string): OpenPlace {
  return async () => {
    const name = `caisey_${randomUUID().replaceAll('-', '')}`;
    await onServer(serverUrl, `create database ${name}`);
    const url = new URL(serverUrl);
    url.pathname = `/${name}`;
    return {
      open: () => openStore({ databaseUrl: url.href }),
      [Symbol.asyncDispose]: () => onServer(serverUrl, `drop database ${name}`),
    };
  };
}

async function onServer(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}

/** PGlite for one store: closing the store leaves it running. */
function keptOpen(server: PGlite): ConstructorParameters<typeof PGliteDialect>[0]['pglite'] {
  return {
    closed: false,
    ready: server.ready,
    waitReady: server.waitReady,
    query: (text, parameters, options) => server.query(text, parameters, options),
    transaction: (work) => server.transaction(work),
    close: () => Promise.resolve(),
  };
}
