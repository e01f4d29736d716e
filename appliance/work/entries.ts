// Entries of several kinds as one list, the newest first, out of the log's index of kinds.

import { setImmediate as nextTurn } from 'node:timers/promises';

import type { Kind } from '#crypto/kind.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';

/** So many entries are read for one page at most, however few of them are wanted. */
export const MAX_READ = 1024;
/** After so many others get their turn. */
const YIELD_EVERY = 64;

export interface EntryQuestion {
  readonly kinds: readonly Kind[];
  /** Only those of this endpoint. */
  readonly endpoint?: string;
  /** Only those before this index of the log. */
  readonly before?: number;
  readonly limit: number;
}

/** Finds entries. `next` is where to go on, also when nothing was found yet; null: there is no more. */
export async function findEntries(
  ledger: Ledger,
  { kinds, endpoint, before, limit }: EntryQuestion,
): Promise<{ readonly found: readonly StoredEntry[]; readonly next: number | null }> {
  const found: StoredEntry[] = [];
  let read = 0;
  let next: number | null = null;
  for await (const entry of readMerged(ledger, { kinds, before })) {
    if (found.length === limit || read === MAX_READ) return { found, next };
    read += 1;
    if (read % YIELD_EVERY === 0) await nextTurn();
    if (endpoint === undefined || entry.leaf.e === endpoint) found.push(entry);
    next = entry.index;
  }
  return { found, next: null };
}

type Next = IteratorResult<StoredEntry, undefined>;

/** All entries of some kinds, the newest first. */
async function* readMerged(
  ledger: Ledger,
  { kinds, before }: { kinds: readonly Kind[]; before: number | undefined },
): AsyncGenerator<StoredEntry, void, undefined> {
  const range = { newestFirst: true, ...(before === undefined ? {} : { before }) };
  const heads: { readonly rest: AsyncIterator<StoredEntry>; entry: StoredEntry }[] = [];
  for (const kind of new Set(kinds)) {
    const rest = ledger.entriesOfKind(kind, range)[Symbol.asyncIterator]();
    const first: Next = await rest.next();
    if (first.done !== true) heads.push({ rest, entry: first.value });
  }
  while (heads.length > 0) {
    const newest = heads.reduce((a, b) => (a.entry.index > b.entry.index ? a : b));
    yield newest.entry;
    const after: Next = await newest.rest.next();
    if (after.done === true) heads.splice(heads.indexOf(newest), 1);
    else newest.entry = after.value;
  }
}
