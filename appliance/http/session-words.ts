// What people wrote about a session, out of the log: why it was opened and for which ticket. Words that were erased
// are missing.

import type { Ledger } from '../ledger/ledger.ts';
import { openStored } from '../work/record.ts';

/** Why a session was opened, in its technician's words. */
export interface SessionWords {
  readonly reason: string | null;
  readonly ticket: string | null;
}

const NO_WORDS: SessionWords = { reason: null, ticket: null };

/** Reads why a session was opened. */
export async function readSessionWords(ledger: Ledger, session: string): Promise<SessionWords> {
  for await (const opened of ledger.sessionEntries(session)) {
    if (opened.content === null) return NO_WORDS;
    const { reason, ticket } = openStored('session.opened', opened);
    return { reason, ticket };
  }
  return NO_WORDS;
}
