// The version of the roster in force at a site, as it told: the next roster must be above it to count there.

import type { Migration } from '../migrate.ts';

/** Adds the column. */
export const up: Migration = async (db) => {
  await db.schema
    .alterTable('site')
    .addColumn('roster_version', 'bigint', (c) => c.notNull().defaultTo(0))
    .execute();
};
