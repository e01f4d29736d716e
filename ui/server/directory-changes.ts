// What administrators did in the console, newest first.

import * as z from 'zod';

import { idSchema, parseInput, type Scope } from './directory-actor.ts';

export interface Change {
  readonly id: string;
  readonly at: string;
  readonly personId: string | null;
  readonly personName: string | null;
  readonly what: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

const questionSchema = z.strictObject({
  after: z.string().max(128).nullable().exactOptional(),
  limit: z.int().min(1).max(200).exactOptional(),
});

export type ChangeQuestion = z.infer<typeof questionSchema>;

const detailSchema = z.record(z.string(), z.unknown());
const cursorSchema = z.tuple([z.iso.datetime({ precision: 3 }), idSchema]);

/** The questions about changes, for one actor. */
export interface ChangeDirectory {
  changes(question: ChangeQuestion): Promise<{ items: Change[]; next: string | null }>;
}

/** Makes the questions about changes for one actor. */
export function changeDirectory({ store, actor }: Scope): ChangeDirectory {
  return {
    async changes(question) {
      const { after = null, limit = 50 } = parseInput(questionSchema, question);
      let query = store.db
        .selectFrom('change')
        .leftJoin('person', 'person.id', 'change.person_id')
        .where('change.organisation_id', '=', actor.organisationId)
        .selectAll('change')
        .select('person.name as person_name');
      if (after !== null) {
        const last = parseInput(cursorSchema, after.split(' '));
        query = query.where(({ eb, refTuple, tuple }) =>
          eb(refTuple('change.at', 'change.id'), '<', tuple(...last)),
        );
      }
      const rows = await query
        .orderBy('change.at', 'desc')
        .orderBy('change.id', 'desc')
        .limit(limit + 1)
        .execute();
      const items = rows.slice(0, limit).map((row): Change => ({
        ...{ id: row.id, at: row.at, what: row.what },
        ...{ personId: row.person_id, personName: row.person_name },
        detail: detailSchema.parse(JSON.parse(row.detail)),
      }));
      const last = items.at(-1);
      const hasMore = rows.length > limit && last !== undefined;
      return { items, next: hasMore ? `${last.at} ${last.id}` : null };
    },
  };
}
