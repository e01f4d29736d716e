// The tail: the entries that LevelDB may have replayed from its log file at opening, which is where it skips
// what is damaged without a word. All of them are read whole, with their contents, chains and indexes.

import { encodeBase64url } from '#crypto/base64.ts';
import { leafHash } from '#crypto/hash.ts';
import type { Kind } from '#crypto/kind.ts';
import { type Leaf, parseTime } from '#crypto/leaf.ts';
import { TILE_WIDTH } from '#crypto/tile.ts';
import type { ReadHash } from '#crypto/tree.ts';

import { UNINDEXED } from './batch.ts';
import { checkContent, parseContent } from './content.ts';
import { damaged } from './error.ts';
import { readLastRun, readRuns } from './index-runs.ts';
import {
  contentKey,
  type KeyRange,
  kindKey,
  kindRange,
  sessionKey,
  sessionRange,
} from './key-space.ts';
import { parseStoredLeaf, readStoredLeaf } from './reader.ts';
import { type Store, WRITE_BUFFER_BYTES } from './store.ts';

export interface Tail {
  /** Time of the last entry; 0 in an empty log. */
  readonly lastMs: number;
  /** The tail's entries by session, oldest first. */
  readonly sessions: ReadonlyMap<string, readonly Leaf[]>;
  /** The tail's indexes by kind, ascending. */
  readonly kinds: ReadonlyMap<Kind, readonly number[]>;
}

/** At least so many of the last entries are read. */
const MIN_ENTRIES = 2 * TILE_WIDTH;

/** LevelDB replays at most what two memory tables hold; a margin for their bookkeeping and the tiles. */
export const MAX_REPLAYED_BYTES = 3 * WRITE_BUFFER_BYTES;

/** Reads the last entries and checks each against its tile, its content and its neighbours. */
export function checkTail(
  store: Store,
  options: { origin: string; tree: ReadHash; size: number; tailBytes: number },
): Tail {
  const { origin, tree, size, tailBytes } = options;
  const leaves: Leaf[] = [];
  const next = new Map<string, Leaf>();
  let later: Leaf | null = null;
  let bytes = 0;
  for (let index = size - 1; index >= 0; index--) {
    if (bytes > tailBytes && leaves.length >= MIN_ENTRIES) break;
    const { leafBytes } = readStoredLeaf(store, { tree, index });
    const leaf = parseStoredLeaf(leafBytes, index);
    if (leaf.log !== origin) throw damaged(`leaf ${index} is of another log`);
    if (later !== null && parseTime(leaf.t) > parseTime(later.t)) {
      throw damaged(`time goes backwards after entry ${index}`);
    }
    bytes += leafBytes.length + checkStoredContent(store, leaf);
    checkChain(leaf, { leafBytes, next });
    leaves.push(leaf);
    later = leaf;
  }
  return gather(leaves.reverse());
}

/** Checks that the indexes of sessions and kinds name the tail's entries, all and no others. */
export async function checkTailIndexes(store: Store, { sessions, kinds }: Tail): Promise<void> {
  for (const [session, leaves] of sessions) {
    const n = leaves[0]?.n ?? 0;
    const before = await readLastRun(store, sessionRange(session, { end: n + 1 }));
    const range = { ...sessionRange(session), gte: sessionKey(session, before?.at ?? n) };
    const named: number[] = [];
    for await (const run of readRuns(store, { range })) {
      named.push(...run.indexes.filter((_, i) => run.at + i >= n));
    }
    checkNamed(named, { indexes: leaves.map(({ i }) => i), what: `session ${session}` });
  }
  for (const [kind, indexes] of kinds) {
    const first = indexes[0] ?? 0;
    const upTo: KeyRange = { ...kindRange(kind), lt: kindKey(kind, first + 1) };
    const before = await readLastRun(store, upTo);
    const range = { ...kindRange(kind), gte: kindKey(kind, before?.at ?? first) };
    const named: number[] = [];
    for await (const run of readRuns(store, { range })) {
      named.push(...run.indexes.filter((index) => index >= first));
    }
    checkNamed(named, { indexes, what: `kind ${kind}` });
  }
}

function checkNamed(
  named: readonly number[],
  { indexes, what }: { indexes: readonly number[]; what: string },
): void {
  const same = named.length === indexes.length && named.every((index, i) => index === indexes[i]);
  if (!same) throw damaged(`the index of ${what} does not name its entries`);
}

function gather(leaves: readonly Leaf[]): Tail {
  const sessions = new Map<string, Leaf[]>();
  const kinds = new Map<Kind, number[]>();
  for (const leaf of leaves) {
    if (leaf.s !== undefined) push(sessions, leaf.s, leaf);
    if (leaf.k !== UNINDEXED) push(kinds, leaf.k, leaf.i);
  }
  const last = leaves.at(-1);
  return { lastMs: last === undefined ? 0 : parseTime(last.t), sessions, kinds };
}

function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [value]);
  else list.push(value);
}

function checkStoredContent(store: Store, leaf: Leaf): number {
  const stored = store.get(contentKey(leaf.i));
  if (stored === undefined) throw damaged(`content ${leaf.i} is not in the store`);
  const content = parseContent(stored);
  if (content !== null) checkContent(leaf, content);
  return stored.length;
}

/** Checks that the session's next entry, met before, names this one. */
function checkChain(
  leaf: Leaf,
  { leafBytes, next }: { leafBytes: Uint8Array; next: Map<string, Leaf> },
): void {
  if (leaf.s === undefined) return;
  const later = next.get(leaf.s);
  next.set(leaf.s, leaf);
  if (later === undefined) return;
  const follows = later.n === (leaf.n ?? 0) + 1 && later.p === encodeBase64url(leafHash(leafBytes));
  if (!follows) throw damaged(`entry ${later.i} does not follow entry ${leaf.i} of its session`);
}
