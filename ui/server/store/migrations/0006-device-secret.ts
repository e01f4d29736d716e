// By what a browser takes its own key back when nobody is signed in there any more. Keys of before have none.

import type { Migration } from '../migrate.ts';

/** Adds the column. */
export const up: Migration = async (db) => {
  await db.schema.alterTable('device').addColumn('secret_hash', 'text').execute();
};
