// How a session ended, out of the log: also one that ended before a restart.

import type { FieldsOf } from '#crypto/kind.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import { openStored } from '../work/record.ts';

/** A session that has ended. Names are null where they were erased. */
export interface EndedSession {
  readonly technician: string | null;
  readonly endpoint: string | null;
  readonly openedMs: number;
  readonly endedMs: number;
  /** Tree index of the entry that says so. */
  readonly index: number;
  /** Null: the appliance stopped while it was open, or the words were erased. */
  readonly closed: Pick<FieldsOf<'session.closed'>, 'by' | 'reason' | 'note'> | null;
}

/** Reads how a session ended; null when the log does not know it, or it is open. */
export async function readEndedSession(
  ledger: Ledger,
  session: string,
): Promise<EndedSession | null> {
  const opened = await entryAt(ledger, { session, n: 0 });
  if (opened === null) return null;
  const last = await lastEntry(ledger, session);
  const { leaf, index, content } = last ?? opened;
  if (leaf.k !== 'session.closed' && leaf.k !== 'session.abandoned') return null;
  const names = opened.content === null ? null : openStored('session.opened', opened);
  const isClosed = leaf.k === 'session.closed' && last !== null && content !== null;
  return {
    technician: names?.technician ?? null,
    endpoint: names?.endpoint_name ?? null,
    openedMs: Date.parse(opened.leaf.t),
    endedMs: Date.parse(leaf.t),
    index,
    closed: isClosed ? openStored('session.closed', last) : null,
  };
}

/** The last entry of a session, found by leaps: in few reads, however long it is. */
async function lastEntry(ledger: Ledger, session: string): Promise<StoredEntry | null> {
  let last: StoredEntry | null = null;
  let step = 1;
  for (let n = 0; ;) {
    const entry = await entryAt(ledger, { session, n: n + step });
    if (entry !== null) {
      last = entry;
      n += step;
      step *= 2;
    } else if (step === 1) return last;
    else step = Math.floor(step / 2);
  }
}

async function entryAt(
  ledger: Ledger,
  { session, n }: { session: string; n: number },
): Promise<StoredEntry | null> {
  for await (const entry of ledger.sessionEntries(session, n)) return entry;
  return null;
}
