// What every store keeps, whichever database is below: run against each of them.

import { type Insertable } from 'kysely';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ConsoleError } from '#ui/server/error.ts';
import { migrate, type Migration, MIGRATIONS } from '#ui/server/store/migrate.ts';
import type { Schema } from '#ui/server/store/schema.ts';
import type { Store } from '#ui/server/store/store.ts';
import type { OpenPlace } from './console-place.ts';

const AT = '2026-11-21T02:09:14.123Z';

const ORGANISATION: Insertable<Schema['organisation']> = {
  ...{ id: 'o1', issuer: 'built-in', external_id: 'x1', name: 'Müller & Söhne 🛠' },
  ...{ root_keys: null, roster: null, roster_version: 0, created_at: AT },
};
const CLIENT: Insertable<Schema['client']> = {
  ...{ id: 'c1', organisation_id: 'o1', name: 'Acme', folded: 'acme', created_at: AT },
};
const SITE: Insertable<Schema['site']> = {
  ...{ id: 's1', organisation_id: 'o1', client_id: 'c1', name: 'Berlin', folded: 'berlin' },
  ...{ state: 'invited', token_hash: 'h1', token_expires_at: AT, peer_key: 'k1', log_key: null },
  ...{ origin: null, software: null, checkpoint: null, checkpoint_size: 0 },
  ...{ roster_version: 0, digest_level: 'standard', seen_at: null, created_at: AT },
};
const ENDPOINT: Insertable<Schema['endpoint']> = {
  ...{ site_id: 's1', id: 'e1', name: 'till', folded: 'till', labels: '[]', state: 'online' },
  ...{ seen_at: AT, software: null, host: null, open_session: null, is_verified: 1 },
};

/** Makes the suite for one kind of place. The caller runs it. */
export function storeContract(name: string, openPlace: OpenPlace): { run: () => void } {
  const store = suite(`openStore() on ${name}`);

  store('opens at the last migration, again and twice at once', async () => {
    await using place = await openPlace();
    await using first = await place.open();
    await using second = await place.open();
    assert.is(await stepOf(first), MIGRATIONS.length);
    await Promise.all([first, second].map(({ db, kind }) => migrate(db, { kind })));
    assert.is(await stepOf(second), MIGRATIONS.length);
  });

  store('refuses what a newer version wrote, and leaves it as it was', async () => {
    await using place = await openPlace();
    {
      await using newer = await place.open();
      const next: Migration = (db) =>
        db.schema.createTable('tomorrow').addColumn('id', 'text').execute();
      await migrate(newer.db, { kind: newer.kind, migrations: [...MIGRATIONS, next] });
    }
    assert.is(await codeOf(place.open()), 'store-newer');
  });

  store('applies a migration whole or not at all', async () => {
    await using place = await openPlace();
    await using open = await place.open();
    const broken: Migration = async (db) => {
      await db.schema.createTable('half').addColumn('id', 'text').execute();
      throw new Error('the power went');
    };
    const migrations = [...MIGRATIONS, broken];
    const failed = await migrate(open.db, { kind: open.kind, migrations }).catch(String);
    assert.is(failed, 'Error: the power went');
    assert.is(await stepOf(open), MIGRATIONS.length);
    const tables = await open.db.introspection.getTables();
    assert.not(tables.some((table) => table.name === 'half'));
  });

  store('keeps what was committed, and nothing of what was rolled back', async () => {
    await using place = await openPlace();
    {
      await using open = await place.open();
      await open.db.insertInto('organisation').values(ORGANISATION).execute();
      const failed = open.db.transaction().execute(async (db) => {
        await db.insertInto('client').values(CLIENT).execute();
        throw new Error('changed my mind');
      });
      assert.is(await failed.catch(String), 'Error: changed my mind');
    }
    await using again = await place.open();
    const kept = await again.db.selectFrom('organisation').selectAll().execute();
    assert.equal(kept, [ORGANISATION]);
    assert.equal(await again.db.selectFrom('client').selectAll().execute(), []);
  });

  store('reads numbers as numbers, up to the largest that is exact', async () => {
    await using place = await openPlace();
    await using open = await filled(await place.open());
    const { db } = open;
    const largest = Number.MAX_SAFE_INTEGER;
    await db
      .updateTable('site')
      .set({ checkpoint_size: largest, roster_version: largest })
      .execute();
    const kept = await db
      .selectFrom('site')
      .select(['checkpoint_size', 'roster_version'])
      .executeTakeFirstOrThrow();
    assert.equal(kept, { checkpoint_size: largest, roster_version: largest });
    const { is_verified: isVerified } = await db
      .selectFrom('endpoint')
      .select('is_verified')
      .executeTakeFirstOrThrow();
    assert.is(isVerified, 1);
  });

  store('refuses a second of what there may be one of', async () => {
    await using place = await openPlace();
    await using open = await filled(await place.open());
    const { db } = open;
    const seconds = {
      'organisation of an issuer': db
        .insertInto('organisation')
        .values({ ...ORGANISATION, id: 'o2' }),
      'client of a name': db.insertInto('client').values({ ...CLIENT, id: 'c2' }),
      'site of a name': db
        .insertInto('site')
        .values({ ...SITE, id: 's2', token_hash: 'h2', peer_key: 'k2' }),
      'site with a key': db
        .insertInto('site')
        .values({ ...SITE, id: 's2', folded: 'b', token_hash: 'h2' }),
      'site with a token': db
        .insertInto('site')
        .values({ ...SITE, id: 's2', folded: 'b', peer_key: 'k2' }),
      'endpoint of a site': db.insertInto('endpoint').values(ENDPOINT),
    };
    for (const [what, query] of Object.entries(seconds)) {
      assert.ok(await isRefused(query.execute()), what);
    }
  });

  store('refuses what belongs to nothing, and takes endpoints away with their site', async () => {
    await using place = await openPlace();
    await using open = await filled(await place.open());
    const { db } = open;
    const orphan = { ...CLIENT, id: 'c2', folded: 'other', organisation_id: 'nobody' };
    assert.ok(await isRefused(db.insertInto('client').values(orphan).execute()));
    assert.ok(await isRefused(db.deleteFrom('client').execute()), 'a client that has a site');
    await db.deleteFrom('site').execute();
    assert.equal(await db.selectFrom('endpoint').selectAll().execute(), []);
  });

  store('alone() lets one of many take what there is once', async () => {
    await using place = await openPlace();
    await using first = await filled(await place.open());
    await using second = await place.open();
    const takes = Array.from({ length: 8 }, (_, index) =>
      (index % 2 === 0 ? first : second).alone(async (db) => {
        const free = await db
          .selectFrom('site')
          .select('id')
          .where('token_hash', '=', 'h1')
          .execute();
        if (free.length === 0) return 'late';
        await db.updateTable('site').set({ token_hash: null }).execute();
        return 'first';
      }),
    );
    assert.equal(
      (await Promise.all(takes)).filter((take) => take === 'first'),
      ['first'],
    );
  });

  return store;
}

async function filled(store: Store): Promise<Store> {
  await store.db.insertInto('organisation').values(ORGANISATION).execute();
  await store.db.insertInto('client').values(CLIENT).execute();
  await store.db.insertInto('site').values(SITE).execute();
  await store.db.insertInto('endpoint').values(ENDPOINT).execute();
  return store;
}

async function stepOf({ db }: Store): Promise<number> {
  const rows = await db
    .selectFrom('migration' as never)
    .selectAll()
    .execute();
  return rows.length;
}

async function codeOf(opening: Promise<Store>): Promise<string> {
  try {
    await using _ = await opening;
    return 'opened';
  } catch (error) {
    if (error instanceof ConsoleError) return error.code;
    throw error;
  }
}

async function isRefused(query: Promise<unknown>): Promise<boolean> {
  return query.then(
    () => false,
    () => true,
  );
}
