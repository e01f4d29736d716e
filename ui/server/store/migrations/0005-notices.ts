// Of what a person wants to be told while a page is open.

import type { Migration } from '../migrate.ts';

/** Makes the table. */
export const up: Migration = async (db) => {
  await db.schema
    .createTable('notice_choice')
    .addColumn('person_id', 'text', (c) => c.primaryKey().references('person.id'))
    .addColumn('kinds', 'text', (c) => c.notNull())
    .execute();
};
