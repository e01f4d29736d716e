// The indexes of sessions and kinds: one record for what a batch adds, each a run of entry indexes.

import { damaged } from './error.ts';
import { indexOfKey, type KeyRange, parseIndexes } from './key-space.ts';
import type { Pair, StoreReader } from './store.ts';

/** A run: the number in its key (a position, or its first index) and the indexes that it holds. */
export interface Run {
  readonly at: number;
  readonly indexes: readonly number[];
}

const PAGE = 256;

/** Reads the runs of a range in order, a page at a time: no snapshot of the store is held in between. */
export async function* readRuns(
  store: StoreReader,
  { range, reverse = false }: { range: KeyRange; reverse?: boolean },
): AsyncGenerator<Run, void, undefined> {
  let { gte, lt } = range;
  for (;;) {
    const pairs = await store.scan({ gte, lt, reverse, limit: PAGE });
    for (const pair of pairs) yield parseRun(pair);
    const last = pairs.at(-1);
    if (last === undefined || pairs.length < PAGE) return;
    if (reverse) lt = last.key;
    else gte = new Uint8Array([...last.key, 0]); // the next key there can be
  }
}

/** The last run of a range; null when it has none. */
export async function readLastRun(store: StoreReader, range: KeyRange): Promise<Run | null> {
  const [pair] = await store.scan({ ...range, reverse: true, limit: 1 });
  return pair === undefined ? null : parseRun(pair);
}

function parseRun({ key, value }: Pair): Run {
  const indexes = parseIndexes(value);
  if (indexes.length === 0) throw damaged('a run of indexes is empty');
  return { at: indexOfKey(key), indexes };
}
