import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { sql } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { consoleContract } from '#scripts/testing/console-contract.ts';
import {
  pglitePlaces,
  SERVER_URL,
  serverPlaces,
  sqlitePlace,
} from '#scripts/testing/console-place.ts';
import { storeContract } from '#scripts/testing/store-contract.ts';
import { DATABASE_FILE, openStore } from './store.ts';

storeContract('SQLite', sqlitePlace).run();
consoleContract('SQLite', sqlitePlace).run();

const pglite = pglitePlaces(); // one for both: it takes long to begin
storeContract('PGlite', pglite).run();
consoleContract('PGlite', pglite).run();

const server = suite('openStore() on a PostgreSQL server');
if (SERVER_URL === undefined) {
  server.skip('the contract, on a server: CAISEY_TEST_DATABASE_URL is not set');
  server.run();
} else {
  storeContract('a PostgreSQL server', serverPlaces(SERVER_URL)).run();
  consoleContract('a PostgreSQL server', serverPlaces(SERVER_URL)).run();
}

const sqlite = suite('openStore() in a folder');

sqlite('is durable at every commit, checks what belongs to what, and is private', async () => {
  await using place = await sqlitePlace();
  await using store = await place.open();
  const settings = await sql<{ mode: string; level: number; keys: number }>`
    select (select journal_mode from pragma_journal_mode) as mode,
      (select synchronous from pragma_synchronous) as level,
      (select foreign_keys from pragma_foreign_keys) as keys`.execute(store.db);
  assert.equal(settings.rows[0], { mode: 'wal', level: 2, keys: 1 });
  if (process.platform === 'win32') return;
  assert.is((await stat(join(place.folder, DATABASE_FILE))).mode & 0o077, 0);
});

sqlite('lets a transaction that reads first write afterwards, beside another process', async () => {
  await using place = await sqlitePlace();
  await using first = await place.open();
  await using second = await place.open();
  const add = (store: typeof first, number: number) =>
    store.db.transaction().execute(async (db) => {
      await db.selectFrom('organisation').selectAll().execute();
      const row = { id: String(number), issuer: 'i', external_id: String(number), name: 'n' };
      const none = { root_keys: null, roster: null, roster_version: 0, created_at: '' };
      await db
        .insertInto('organisation')
        .values({ ...row, ...none })
        .execute();
    });
  const numbers = Array.from({ length: 10 }, (_, number) => number);
  await Promise.all(numbers.map((number) => add(number % 2 === 0 ? first : second, number)));
  const { rows } = await sql`select id from organisation`.execute(first.db);
  assert.is(rows.length, 10);
});

sqlite.run();

const failing = suite('openStore()');

failing('says neither address nor password of a database that it cannot reach', async () => {
  const databaseUrl = 'postgres://olga:hunter2@127.0.0.1:1/console';
  const error = await openStore({ databaseUrl }).catch((reason: unknown) => reason);
  assert.instance(error, Error);
  assert.match(String(error), /ConsoleError: Cannot open store/);
  assert.not(String(error).includes('hunter2'));
  assert.is((error as { code?: string }).code, 'store-failed');
});

failing.run();
