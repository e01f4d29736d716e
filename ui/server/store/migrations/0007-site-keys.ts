// The keys of a site as the organisation's root signed them. Sites of before have none.

import type { Migration } from '../migrate.ts';

/** Adds the column. */
export const up: Migration = async (db) => {
  await db.schema.alterTable('site').addColumn('signed_keys', 'text').execute();
};
