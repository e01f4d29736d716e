// Reading: entries, sessions, kinds and proofs, all of what is acknowledged and none of what is not yet. Every
// leaf that is read is hashed and compared with its tile: a store that was edited is found out by whoever
// reads it, not only by an audit (immudb #2063).

import { encodeBase64url } from '#crypto/base64.ts';
import { type Bytes, equalBytes } from '#crypto/bytes.ts';
import { FormatError } from '#crypto/error.ts';
import { type Hash, leafHash } from '#crypto/hash.ts';
import { KINDS, type Kind } from '#crypto/kind.ts';
import { type Leaf, parseLeaf } from '#crypto/leaf.ts';
import type { ReadHash } from '#crypto/tree.ts';

import { UNINDEXED } from './batch.ts';
import type { Bell } from './bell.ts';
import { checkContent, parseContent } from './content.ts';
import { damaged, LedgerError } from './error.ts';
import { readLastRun, readRuns } from './index-runs.ts';
import { contentKey, kindKey, kindRange, leafKey, MAX_INDEX, sessionRange } from './key-space.ts';
import type { StoredEntry } from './ledger.ts';
import type { Store } from './store.ts';
import { type SessionTally, tallySession } from './tally.ts';

export interface Reader {
  leafBytes(index: number): Bytes;
  entry(index: number): StoredEntry;
  entries(range: { start: number; end: number }): AsyncGenerator<StoredEntry, void, undefined>;
  sessionEntries(session: string, fromN: number): AsyncGenerator<StoredEntry, void, undefined>;
  entriesOfKind(kind: Kind, options?: KindOptions): AsyncGenerator<StoredEntry, void, undefined>;
  tallySession(session: string, kind: Kind): Promise<SessionTally | null>;
}

/** Which entries of a kind, and in which order. */
export interface KindOptions {
  /** Those from this index of the log on. @default 0 */
  readonly from?: number;
  /** Those before this index. @default the end */
  readonly before?: number;
  /** @default false */
  readonly newestFirst?: boolean;
}

export interface ReaderParts {
  readonly store: Store;
  readonly tree: ReadHash;
  readonly size: () => number;
  /** @throws when the log is closed */
  readonly checkOpen: () => void;
}

export function createReader({ store, tree, size, checkOpen }: ReaderParts): Reader {
  return { leafBytes, entry, entries, sessionEntries, entriesOfKind, tallySession: tally };

  function leafBytes(index: number): Bytes {
    return readLeaf(index).leafBytes;
  }

  function readLeaf(index: number): { leafBytes: Bytes; hash: Hash } {
    checkOpen();
    if (!Number.isSafeInteger(index) || index < 0 || index >= size()) {
      throw new LedgerError('not-found', `Cannot read entry ${index}: the log has ${size()}`);
    }
    return readStoredLeaf(store, { tree, index });
  }

  function entry(index: number): StoredEntry {
    const { leafBytes: bytes, hash } = readLeaf(index);
    const leaf = parseStoredLeaf(bytes, index);
    const stored = store.get(contentKey(index));
    if (stored === undefined) throw damaged(`content ${index} is not in the store`);
    const content = parseContent(stored);
    if (content !== null) checkContent(leaf, content);
    return { index, leaf, leafBytes: bytes, hash, content };
  }

  async function* entries({
    start,
    end,
  }: {
    start: number;
    end: number;
  }): AsyncGenerator<StoredEntry, void, undefined> {
    if (end > size())
      throw new LedgerError('not-found', `Cannot read to ${end}: the log has ${size()}`);
    for (let index = start; index < end; index++) {
      if (index % YIELD_EVERY === 0) await nextTurn();
      yield entry(index);
    }
  }

  async function* sessionEntries(
    session: string,
    fromN: number,
  ): AsyncGenerator<StoredEntry, void, undefined> {
    checkOpen();
    const first = await readLastRun(store, sessionRange(session, { end: fromN + 1 }));
    let n = fromN;
    for await (const run of readRuns(store, {
      range: sessionRange(session, { n: first?.at ?? 0 }),
    })) {
      for (const [i, index] of run.indexes.entries()) {
        if (run.at + i < n) continue;
        if (index >= size()) return; // written, not yet acknowledged
        const read = entry(index);
        if (run.at + i !== n || read.leaf.s !== session || read.leaf.n !== n) {
          throw damaged(`session ${session} lacks its entry ${n}`);
        }
        n += 1;
        yield read;
      }
    }
  }

  async function tally(session: string, kind: Kind): Promise<SessionTally | null> {
    checkOpen();
    checkIndexed(kind);
    const readChecked = (index: number): Leaf => parseStoredLeaf(leafBytes(index), index);
    return tallySession(store, session, { kind, size: size(), readLeaf: readChecked });
  }

  async function* entriesOfKind(
    kind: Kind,
    { from = 0, before = MAX_INDEX, newestFirst = false }: KindOptions = {},
  ): AsyncGenerator<StoredEntry, void, undefined> {
    checkOpen();
    checkIndexed(kind);
    const { gte } = kindRange(kind);
    const first = await readLastRun(store, { gte, lt: kindKey(kind, from + 1) });
    const range = { gte: kindKey(kind, first?.at ?? from), lt: kindKey(kind, before) };
    for await (const run of readRuns(store, { range, reverse: newestFirst })) {
      for (const index of newestFirst ? run.indexes.toReversed() : run.indexes) {
        if (index < from || index >= Math.min(before, size())) continue;
        const read = entry(index);
        if (read.leaf.k !== kind) throw damaged(`entry ${index} is no ${kind}`);
        yield read;
      }
    }
  }
}

/** @throws {RangeError} for a kind without an index */
function checkIndexed(kind: Kind): void {
  if (kind !== UNINDEXED && KINDS.includes(kind)) return;
  throw new RangeError(`Cannot list entries: kind "${kind}" has no index`);
}

/** Long walks give way to the writer after so many entries. */
const YIELD_EVERY = 64;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Reads a stored leaf and checks it against its tile. @throws {LedgerError} code `damaged` */
export function readStoredLeaf(
  store: Store,
  { tree, index }: { tree: ReadHash; index: number },
): { leafBytes: Bytes; hash: Hash } {
  const leafBytes = store.get(leafKey(index));
  if (leafBytes === undefined) throw damaged(`leaf ${index} is not in the store`);
  const hash = leafHash(leafBytes);
  if (!equalBytes(hash, tree(0, index))) {
    throw damaged(`leaf ${index} hashes to ${encodeBase64url(hash)}, not to what its tile holds`);
  }
  return { leafBytes, hash };
}

/** Parses a stored leaf that must be entry `index`. @throws {LedgerError} code `damaged` */
export function parseStoredLeaf(bytes: Bytes, index: number): Leaf {
  try {
    const leaf = parseLeaf(bytes);
    if (leaf.i !== index) throw damaged(`leaf ${index} says that it is ${leaf.i}`);
    return leaf;
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw damaged(`leaf ${index} is malformed`, { cause });
  }
}

/** Yields acknowledged entries from `from` on, as they come; ends when the log closes. */
export async function* followEntries(
  reader: Reader,
  options: {
    from: number;
    signal: AbortSignal | undefined;
    bell: Bell;
    size: () => number;
    isClosed: () => boolean;
  },
): AsyncGenerator<StoredEntry, void, undefined> {
  const { from, signal, bell, size, isClosed } = options;
  for (let index = from; ;) {
    for (; index < size() && !isClosed(); index++) {
      signal?.throwIfAborted();
      yield reader.entry(index);
    }
    if (isClosed()) return;
    if (index >= size()) await bell.wait(signal);
  }
}
