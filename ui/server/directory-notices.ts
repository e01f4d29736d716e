// Of what a person wants to be told while a page of the console is open: their own choice.

import * as z from 'zod';

import { NOTICE_KINDS, type NoticeKind } from '#ui/lib/notice-kinds.ts';
import { parseInput, type Scope } from './directory-actor.ts';

const choiceSchema = z.array(z.enum(NOTICE_KINDS)).max(NOTICE_KINDS.length);

/** The questions about notices, for one actor. */
export interface NoticeDirectory {
  /** Nothing, until somebody chose. */
  noticeChoice(): Promise<NoticeKind[]>;
  chooseNotices(kinds: readonly string[]): Promise<void>;
}

/** Makes the questions about notices for one actor. */
export function noticeDirectory({ store, actor }: Scope): NoticeDirectory {
  return {
    async noticeChoice() {
      const row = await store.db
        .selectFrom('notice_choice')
        .select('kinds')
        .where('person_id', '=', actor.personId)
        .executeTakeFirst();
      return row === undefined ? [] : choiceSchema.parse(JSON.parse(row.kinds));
    },
    async chooseNotices(kinds) {
      const chosen = new Set(parseInput(choiceSchema, kinds));
      const text = JSON.stringify(NOTICE_KINDS.filter((kind) => chosen.has(kind)));
      await store.db
        .insertInto('notice_choice')
        .values({ person_id: actor.personId, kinds: text })
        .onConflict((conflict) => conflict.column('person_id').doUpdateSet({ kinds: text }))
        .execute();
    },
  };
}
