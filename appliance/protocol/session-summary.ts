// A session among others: what `session.list` answers of each.

import * as z from 'zod';

const word = z.string().max(256);

export const sessionSummarySchema = z.strictObject({
  /** Tree index of the entry that opened it. */
  index: z.int(),
  session: z.string().length(22),
  endpoint: z.string().length(22),
  endpointName: word,
  technician: word,
  /** The key that signed its opening. */
  technicianKey: z.string(),
  reason: z.string().max(4096).nullable(),
  ticket: word.nullable(),
  openedAt: z.string().max(32),
  closedAt: z.string().max(32).nullable(),
  state: z.enum(['open', 'closed', 'abandoned']),
  entries: z.int(),
  commands: z.int(),
});

export type SessionSummary = z.infer<typeof sessionSummarySchema>;
