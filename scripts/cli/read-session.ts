// Reading a session off an appliance that is not trusted: every shown value is checked against its leaf, and the
// entries must be one unbroken chain. Whether the leaves are in the log is what `records export` and `verify` prove.

import type { ShownEntry } from '#appliance/protocol/shown-entry.ts';
import { type CheckedEntry, checkShownEntry } from '#appliance/protocol/shown-entry.ts';
import { VerifyError } from '#crypto/error.ts';
import type { Caller } from './connect.ts';

export interface ReadOptions {
  readonly session: string;
  /** Origin of the log that it must be in. */
  readonly origin: string;
  /** Position of the first entry wanted. */
  readonly from: number;
  readonly follow: boolean;
  readonly signal: AbortSignal;
  /** Told each entry, in order; the next comes when it has resolved. */
  readonly onEntry: (entry: CheckedEntry, shown: ShownEntry) => Promise<void>;
}

/**
 * Reads a session's entries; resolves with their number.
 * @throws {VerifyError} code `binding` for a value that is not its entry's, `range` for a broken chain
 */
export async function readSession(client: Caller, options: ReadOptions): Promise<number> {
  const { session, from, follow, signal, onEntry } = options;
  let last: CheckedEntry | null = null;
  let count = 0;
  await client.call(
    'session.read',
    { session, from, follow },
    {
      signal,
      onEvent: async (event) => {
        if (event.kind !== 'entry') return;
        const entry = checkShownEntry(event.entry);
        checkNext(entry, { ...options, last, position: from + count });
        last = entry;
        count += 1;
        await onEntry(entry, event.entry);
      },
    },
  );
  return count;
}

function checkNext(
  { leaf }: CheckedEntry,
  {
    session,
    origin,
    last,
    position,
  }: Pick<ReadOptions, 'session' | 'origin'> & { last: CheckedEntry | null; position: number },
): void {
  const isNext = leaf.log === origin && leaf.s === session && leaf.n === position;
  const isChained = last === null || leaf.p === last.name;
  if (isNext && isChained) return;
  throw new VerifyError('range', `Cannot read session: entry ${leaf.i} is not its next one`);
}
