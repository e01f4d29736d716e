// The console's own tables. See `schema.ts` for what each column means.

import type { Migration } from '../migrate.ts';

/** Makes the tables and what finds things in them. */
export const up: Migration = async (db) => {
  const { schema } = db;
  await schema
    .createTable('organisation')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('issuer', 'text', (c) => c.notNull())
    .addColumn('external_id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('root_keys', 'text')
    .addColumn('roster', 'text')
    .addColumn('roster_version', 'integer', (c) => c.notNull().defaultTo(0))
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addUniqueConstraint('organisation_external', ['issuer', 'external_id'])
    .execute();
  await schema
    .createTable('person')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('organisation_id', 'text', (c) => c.notNull().references('organisation.id'))
    .addColumn('issuer', 'text', (c) => c.notNull())
    .addColumn('subject', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('email', 'text', (c) => c.notNull())
    .addColumn('role', 'text', (c) => c.notNull())
    .addColumn('signing_key', 'text')
    .addColumn('credential_id', 'text')
    .addColumn('key_state', 'text', (c) => c.notNull().defaultTo('none'))
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('seen_at', 'text', (c) => c.notNull())
    .addColumn('removed_at', 'text')
    .addUniqueConstraint('person_subject', ['organisation_id', 'issuer', 'subject'])
    .execute();
  await schema
    .createTable('client')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('organisation_id', 'text', (c) => c.notNull().references('organisation.id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('folded', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addUniqueConstraint('client_name', ['organisation_id', 'folded'])
    .execute();
  await schema
    .createTable('site')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('organisation_id', 'text', (c) => c.notNull().references('organisation.id'))
    .addColumn('client_id', 'text', (c) => c.notNull().references('client.id'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('folded', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('token_hash', 'text', (c) => c.unique())
    .addColumn('token_expires_at', 'text')
    .addColumn('peer_key', 'text', (c) => c.unique())
    .addColumn('log_key', 'text')
    .addColumn('origin', 'text')
    .addColumn('digest_level', 'text', (c) => c.notNull().defaultTo('standard'))
    .addColumn('addresses', 'text', (c) => c.notNull())
    .addColumn('software', 'text')
    .addColumn('checkpoint', 'text')
    .addColumn('checkpoint_size', 'bigint', (c) => c.notNull().defaultTo(0))
    .addColumn('seen_at', 'text')
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addUniqueConstraint('site_name', ['client_id', 'folded'])
    .execute();
  await schema.createIndex('site_of').on('site').column('organisation_id').execute();
  await schema
    .createTable('endpoint')
    .addColumn('site_id', 'text', (c) => c.notNull().references('site.id').onDelete('cascade'))
    .addColumn('id', 'text', (c) => c.notNull())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('folded', 'text', (c) => c.notNull())
    .addColumn('labels', 'text', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('seen_at', 'text')
    .addColumn('software', 'text')
    .addColumn('host', 'text')
    .addColumn('open_session', 'text')
    .addColumn('is_verified', 'integer', (c) => c.notNull().defaultTo(0))
    .addPrimaryKeyConstraint('endpoint_key', ['site_id', 'id'])
    .execute();
  await schema
    .createTable('note')
    .addColumn('site_id', 'text', (c) => c.notNull().references('site.id').onDelete('cascade'))
    .addColumn('endpoint_id', 'text', (c) => c.notNull())
    .addColumn('text', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('note_key', ['site_id', 'endpoint_id'])
    .execute();
  await schema
    .createTable('device')
    .addColumn('peer_key', 'text', (c) => c.primaryKey())
    .addColumn('organisation_id', 'text', (c) => c.notNull().references('organisation.id'))
    .addColumn('person_id', 'text', (c) => c.notNull().references('person.id'))
    .addColumn('expires_at', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute();
  await schema.createIndex('device_of').on('device').column('person_id').execute();
  await schema
    .createTable('change')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('organisation_id', 'text', (c) => c.notNull().references('organisation.id'))
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('person_id', 'text', (c) => c.references('person.id'))
    .addColumn('what', 'text', (c) => c.notNull())
    .addColumn('detail', 'text', (c) => c.notNull())
    .execute();
  await schema
    .createIndex('change_of')
    .on('change')
    .columns(['organisation_id', 'at', 'id'])
    .execute();
};
