// How long a session is, and how many of its entries are of a kind, by the store's indexes: of the entries themselves
// only the last one is read. A list of sessions costs as much as they have batches, not as they have content.

import type { Kind } from '#crypto/kind.ts';
import type { Leaf } from '#crypto/leaf.ts';

import { damaged } from './error.ts';
import { readLastRun, readRuns } from './index-runs.ts';
import { kindKey, kindRange, sessionRange } from './key-space.ts';
import type { StoreReader } from './store.ts';

export interface SessionTally {
  readonly entries: number;
  /** How many of them are of the kind that was asked for. */
  readonly ofKind: number;
  readonly last: Leaf;
}

export interface TallyOptions {
  readonly kind: Kind;
  /** Entries of the log that are acknowledged. */
  readonly size: number;
  /** Reads a leaf, checked against its tile. */
  readonly readLeaf: (index: number) => Leaf;
}

/**
 * Tallies a session; null when the log does not know it.
 * @throws {LedgerError} code `damaged` when its last entry is not where the index has it
 */
export async function tallySession(
  store: StoreReader,
  session: string,
  { kind, size, readLeaf }: TallyOptions,
): Promise<SessionTally | null> {
  const own: number[] = [];
  for await (const { indexes } of readRuns(store, { range: sessionRange(session) })) {
    for (const index of indexes) if (index < size) own.push(index);
  }
  const [first] = own;
  const end = own.at(-1);
  if (first === undefined || end === undefined) return null;
  const last = readLeaf(end);
  if (last.s !== session || last.n !== own.length - 1) {
    throw damaged(`session ${session} lacks its entry ${own.length - 1}`);
  }
  const ofKind = await countShared(store, { own, kind, first, end });
  return { entries: own.length, ofKind, last };
}

/** How many of these entries the index of a kind has; both are in order. */
async function countShared(
  store: StoreReader,
  { own, kind, first, end }: { own: readonly number[]; kind: Kind; first: number; end: number },
): Promise<number> {
  const { gte } = kindRange(kind);
  const before = await readLastRun(store, { gte, lt: kindKey(kind, first + 1) });
  const range = { gte: kindKey(kind, before?.at ?? first), lt: kindKey(kind, end + 1) };
  let count = 0;
  let at = 0;
  for await (const { indexes } of readRuns(store, { range })) {
    for (const index of indexes) {
      while ((own[at] ?? Infinity) < index) at += 1;
      if (own[at] === index) count += 1;
    }
  }
  return count;
}
