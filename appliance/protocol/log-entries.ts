// Entries that belong to no session, by their kinds: what `log.entries` asks and answers. Of a session, `session.read`
// gives everything. The asker checks each entry and has it proved; that none is left out is not proved.

import * as z from 'zod';

import { KINDS, shapeOf } from '#crypto/kind.ts';
import { shownEntrySchema } from './shown-entry.ts';

/** The kinds that may be asked for. */
export const LISTED_KINDS = KINDS.filter((kind) => shapeOf(kind).scope !== 'session');

export const logEntriesAsked = {
  kinds: z.array(z.enum(LISTED_KINDS)).min(1).max(16),
  /** Only those of this endpoint. */
  endpoint: z.string().length(22).exactOptional(),
  limit: z.int().min(1).max(100),
  /** Those that stand before this place in the log: `next` of the page before. */
  before: z.int().min(0).exactOptional(),
} as const;

export const logEntriesSchema = z.strictObject({
  /** Newest first. */
  entries: z.array(shownEntrySchema),
  /** `before` of the next page, also when this one found nothing yet; null: the log has no more. */
  next: z.int().nullable(),
});

export type LogEntries = z.infer<typeof logEntriesSchema>;
