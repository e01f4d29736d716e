// Who invited: an invitation's page says it. Those of before say nobody.

import type { Migration } from '../migrate.ts';

/** Adds the column. */
export const up: Migration = async (db) => {
  await db.schema
    .alterTable('invitation')
    .addColumn('invited_by', 'text', (c) => c.references('person.id'))
    .execute();
};
