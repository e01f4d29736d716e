// Where appliances listen on their own networks is theirs to tell, end to end: the host neither needs nor knows it.

import type { Migration } from '../migrate.ts';

/** Drops the column, which nothing was ever written to. */
export const up: Migration = async (db) => {
  await db.schema.alterTable('site').dropColumn('addresses').execute();
};
