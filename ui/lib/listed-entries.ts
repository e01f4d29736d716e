// Entries that a site lists by their kinds, checked before they are shown: each bound to its leaf, of this log, of a
// kind that was asked for, and older than the one before it. Whether it stands in the log is a matter of its proof.

import { ClientError } from '#appliance/protocol/client.ts';
import type { LogEntries } from '#appliance/protocol/log-entries.ts';
import { type CheckedEntry, checkShownEntry } from '#appliance/protocol/shown-entry.ts';
import type { Kind } from '#crypto/kind.ts';

/** What was asked for. */
export interface ListedQuestion {
  /** Of the log. */
  readonly origin: string;
  readonly kinds: readonly Kind[];
  /** Null: of any endpoint, or of none. */
  readonly endpoint: string | null;
  /** Null: from the newest on. */
  readonly before: number | null;
}

/**
 * Checks a page of entries.
 * @throws {FormatError | VerifyError} when an entry is not what its leaf holds
 * @throws {ClientError} code `message-invalid` when it is not what was asked for
 */
export function checkListed(
  { entries, next }: LogEntries,
  { origin, kinds, endpoint, before }: ListedQuestion,
): readonly CheckedEntry[] {
  let end = before ?? Infinity;
  const checked = entries.map((shown) => {
    const entry = checkShownEntry(shown);
    const { log, e = null, i, k } = entry.leaf;
    const isAsked = log === origin && kinds.includes(k) && (endpoint ?? e) === e && i < end;
    if (!isAsked) throw new ClientError('message-invalid', `Entry ${i} was not asked for`);
    end = i;
    return entry;
  });
  if (next !== null && (next > end || next === before)) {
    throw new ClientError('message-invalid', 'The site showed a page that leads nowhere');
  }
  return checked;
}
