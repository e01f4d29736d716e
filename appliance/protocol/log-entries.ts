// Entries by their kinds, across sessions: what `log.entries` asks and answers. Those that belong to no session, and what
// was run on a machine; all else of a session `session.read` gives. The asker checks each entry and has it proved; that none is left out is not proved.

import * as z from 'zod';

import { KINDS, shapeOf } from '#crypto/kind.ts';
import { shownEntrySchema } from './shown-entry.ts';

/** The kinds that may be asked for. */
export const LISTED_KINDS = KINDS.filter(
  (kind) => shapeOf(kind).scope !== 'session' || kind === 'command.started',
);

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
