// The whole audit: every stored byte of a log against every other. Leaves are hashed and tiles rebuilt from
// them, times and session chains followed, contents bound to their leaves, the root compared with what was
// signed. It goes on after a problem and names them all, up to a number.

import { encodeBase64url } from '#crypto/base64.ts';
import { equalBytes } from '#crypto/bytes.ts';
import { EMPTY_ROOT, HASH_BYTES, type Hash, leafHash } from '#crypto/hash.ts';
import { CLAIM_INDEX, type Kind, KINDS } from '#crypto/kind.ts';
import type { VerifierKey } from '#crypto/key.ts';
import { type Leaf, parseTime } from '#crypto/leaf.ts';
import { TILE_WIDTH } from '#crypto/tile.ts';
import { EMPTY_FRONTIER, extendFrontier, type Frontier, frontierRoot } from '#crypto/tree.ts';

import { isEnding, UNINDEXED } from './batch.ts';
import { loadAcknowledged } from './acknowledged.ts';
import { loadCheckpoint } from './checkpoint-file.ts';
import { checkContent, parseContent } from './content.ts';
import { damaged, LedgerError } from './error.ts';
import { checkOrigin, readHead } from './head.ts';
import { readRuns } from './index-runs.ts';
import {
  contentKey,
  kindRange,
  leafKey,
  MAX_INDEX,
  OPEN_RANGE,
  sessionOfOpenKey,
  sessionRange,
} from './key-space.ts';
import { parseStoredLeaf } from './reader.ts';
import type { Store, StoreReader } from './store.ts';
import { readTile, TILE_LEVELS } from './stored-tree.ts';
import { CAUGHT_BY, loadCaught } from './witnessed.ts';

export interface Problem {
  /** The entry that it concerns; null when it is none in particular. */
  readonly index: number | null;
  readonly what: string;
}

export interface FsckReport {
  /** Entries that were read. */
  readonly size: number;
  /** The root recomputed from the stored leaves. */
  readonly root: Hash;
  readonly problems: readonly Problem[];
  /** The smallest index that has a problem; null without one. */
  readonly firstBad: number | null;
}

export interface FsckOptions {
  readonly store: Pick<Store, 'snapshot'>;
  readonly secondFolder: string;
  readonly logKey: VerifierKey;
  /** States that agents and witnesses hold. */
  readonly witnessed?: readonly { readonly size: number; readonly root: Hash }[];
  readonly onProgress?: (done: { readonly entries: number; readonly of: number }) => void;
  readonly signal?: AbortSignal;
}

/** At most so many problems are named; one more says that there are others. */
const MAX_PROBLEMS = 1000;
const PROGRESS_EVERY = 1024;

/**
 * Audits a whole store, as it is when the audit begins; it may be written meanwhile. Finds problems; never throws
 * for one.
 */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const { secondFolder, logKey, signal, onProgress, witnessed = [] } = options;
  const notes = createNotes();
  // what the second place holds was in the store before: read it first, and the store must contain it
  const held = await heldStates({ secondFolder, logKey, notes });
  await using store = options.store.snapshot();
  const claimed = notes.attempt(null, () => {
    checkOrigin(store, logKey.name);
    const head = readHead(store);
    if (head === null) throw new LedgerError('missing', 'the store holds no log');
    return head;
  });
  const size = claimed?.size ?? 0;
  const states = [...held, ...witnessed.map((state) => ({ ...state, by: 'a witness' }))];
  if (claimed !== undefined) states.push({ ...claimed, by: 'the head' });

  const audit = createAudit(store, { origin: logKey.name, notes });
  const sizes = new Map<number, Hash>([[0, EMPTY_ROOT]]);
  for (let index = 0; index < size; index++) {
    if (index % PROGRESS_EVERY === 0) {
      signal?.throwIfAborted();
      onProgress?.({ entries: index, of: size });
      await new Promise((resolve) => setImmediate(resolve));
    }
    audit.read(index);
    if (states.some((state) => state.size === index + 1)) sizes.set(index + 1, audit.root());
  }
  onProgress?.({ entries: size, of: size });
  for (const state of states) checkState(state, { size, sizes, notes });
  audit.finish();
  await checkIndexes({ store, audit, notes }, size);
  return { size, root: audit.root(), ...notes.result() };
}

interface Notes {
  add(index: number | null, what: string): void;
  /** Runs a check; what it throws as damage or malformed bytes is a problem. */
  attempt<T>(index: number | null, check: () => T): T | undefined;
  /** Whether an entry in this range has a problem. */
  has(range: { start: number; end: number }): boolean;
  result(): { problems: readonly Problem[]; firstBad: number | null };
}

function createNotes(): Notes {
  const problems: Problem[] = [];
  let firstBad: number | null = null;
  const bad = new Set<number>();
  return {
    add,
    attempt,
    has: ({ start, end }) => [...bad].some((index) => index >= start && index < end),
    result: () => ({ problems, firstBad }),
  };

  function add(index: number | null, what: string): void {
    if (index !== null) bad.add(index);
    if (index !== null && (firstBad === null || index < firstBad)) firstBad = index;
    if (problems.length < MAX_PROBLEMS) problems.push({ index, what });
    else if (problems.length === MAX_PROBLEMS) problems.push({ index: null, what: 'and more' });
  }

  function attempt<T>(index: number | null, check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      add(index, error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }
}

interface HeldState {
  readonly size: number;
  readonly root: Hash;
  readonly by: string;
}

async function heldStates({
  secondFolder,
  logKey,
  notes,
}: {
  secondFolder: string;
  logKey: VerifierKey;
  notes: Notes;
}): Promise<HeldState[]> {
  const states: HeldState[] = [];
  for (const [by, load] of [
    ['the saved checkpoint', () => loadCheckpoint(secondFolder, logKey)],
    ['the acknowledged size', () => loadAcknowledged(secondFolder)],
    [CAUGHT_BY, () => loadCaught(secondFolder, logKey)],
  ] as const) {
    try {
      const state = await load();
      if (state !== null) states.push({ ...state, by });
    } catch (error) {
      notes.add(null, error instanceof Error ? error.message : String(error));
    }
  }
  return states;
}

function checkState(
  state: HeldState,
  { size, sizes, notes }: { size: number; sizes: ReadonlyMap<number, Hash>; notes: Notes },
): void {
  if (state.size > size) {
    notes.add(size, `${state.by} knows ${state.size} entries, the store has ${size}`);
    return;
  }
  const root = sizes.get(state.size);
  if (root === undefined || !equalBytes(root, state.root)) {
    notes.add(null, `${state.by} holds another root at size ${state.size}`);
  }
}

interface Audit {
  read(index: number): void;
  /** Checks the partial tiles, after the last leaf. */
  finish(): void;
  root(): Hash;
  /** By session, the index of every entry in order of position. */
  readonly sessions: ReadonlyMap<string, SessionAudit>;
  /** By kind, the index of every entry. */
  readonly kinds: ReadonlyMap<Kind, readonly number[]>;
}

interface SessionAudit {
  readonly indexes: number[];
  lastHash: string;
  ended: boolean;
}

function createAudit(
  store: StoreReader,
  { origin, notes }: { origin: string; notes: Notes },
): Audit {
  const sessions = new Map<string, SessionAudit>();
  const kinds = new Map<Kind, number[]>();
  const tiles: Hash[][] = [];
  let frontier: Frontier = EMPTY_FRONTIER;
  let lastMs = 0;
  return { read, finish, root: () => frontierRoot(frontier), sessions, kinds };

  function read(index: number): void {
    const bytes = notes.attempt(index, () => {
      const stored = store.get(leafKey(index));
      if (stored === undefined) throw damaged('the leaf is not in the store');
      return stored;
    });
    const hash = leafHash(bytes ?? new Uint8Array(0));
    frontier = extendFrontier(frontier, [hash], (level, node, nodeHash) => {
      if (level % TILE_LEVELS === 0)
        addToTile({ level: level / TILE_LEVELS, node, hash: nodeHash });
    });
    if (bytes === undefined) return;
    const leaf = notes.attempt(index, () => parseStoredLeaf(bytes, index));
    if (leaf === undefined) return;
    if (leaf.log !== origin) notes.add(index, 'the leaf is of another log');
    const ofKind = kinds.get(leaf.k);
    if (ofKind === undefined) kinds.set(leaf.k, [index]);
    else ofKind.push(index);
    if (leaf.k === 'site.claimed' && index !== CLAIM_INDEX) {
      notes.add(index, `it claims the site, which only entry ${CLAIM_INDEX} may`);
    }
    checkTime(leaf);
    checkSession(leaf, hash);
    notes.attempt(index, () => {
      const stored = store.get(contentKey(index));
      if (stored === undefined) throw damaged('the content is not in the store');
      const content = parseContent(stored);
      if (content !== null) checkContent(leaf, content);
    });
  }

  function addToTile({ level, node, hash }: { level: number; node: number; hash: Hash }): void {
    const hashes = (tiles[level] ??= []);
    hashes.push(hash);
    if (hashes.length < TILE_WIDTH) return;
    checkTile({ level, tile: Math.floor(node / TILE_WIDTH), hashes });
    tiles[level] = [];
  }

  function finish(): void {
    tiles.forEach((hashes, level) => {
      const tile = Math.floor(frontier.size / TILE_WIDTH ** (level + 1));
      checkTile({ level, tile, hashes });
    });
  }

  function checkTile({
    level,
    tile,
    hashes,
  }: {
    level: number;
    tile: number;
    hashes: readonly Hash[];
  }): void {
    const stored = notes.attempt(null, () => readTile(store, { level, tile }));
    if (stored === undefined) return;
    if (stored.length !== hashes.length * HASH_BYTES) {
      notes.add(
        null,
        `tile ${level}/${tile} holds ${stored.length / HASH_BYTES} hashes, not ${hashes.length}`,
      );
    }
    hashes.forEach((hash, i) => {
      if (equalBytes(hash, stored.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))) return;
      const start = (tile * TILE_WIDTH + i) * TILE_WIDTH ** level;
      const isOwn = level === 0 || !notes.has({ start, end: start + TILE_WIDTH ** level });
      // What is bad under it already explains it, and says better where.
      notes.add(
        isOwn ? start : null,
        `tile ${level}/${tile} differs from what is stored under it, at hash ${i}`,
      );
    });
  }

  function checkTime(leaf: Leaf): void {
    const atMs = parseTime(leaf.t);
    if (atMs < lastMs) notes.add(leaf.i, 'its time is before that of the entry before it');
    lastMs = Math.max(lastMs, atMs);
  }

  function checkSession(leaf: Leaf, hash: Hash): void {
    if (leaf.s === undefined) return;
    const session = sessions.get(leaf.s) ?? { indexes: [], lastHash: '', ended: false };
    const opens = leaf.k === 'session.opened';
    if (leaf.n !== session.indexes.length || opens !== (leaf.n === 0)) {
      notes.add(
        leaf.i,
        `expected entry ${session.indexes.length} of its session, is ${leaf.n ?? ''}`,
      );
    } else if (leaf.n > 0 && leaf.p !== session.lastHash) {
      notes.add(leaf.i, 'it does not name the entry before it in its session');
    }
    if (session.ended) notes.add(leaf.i, 'its session had ended');
    session.indexes.push(leaf.i);
    session.lastHash = encodeBase64url(hash);
    session.ended ||= isEnding(leaf.k);
    sessions.set(leaf.s, session);
  }
}

interface IndexAudit {
  readonly store: StoreReader;
  readonly audit: Audit;
  readonly notes: Notes;
}

/** Checks that the indexes of kinds and sessions name every entry once, and nothing else is stored. */
async function checkIndexes(options: IndexAudit, size: number): Promise<void> {
  const { store, audit, notes } = options;
  await attemptAsync(notes, async () => {
    const [beyond] = await store.scan({ gte: leafKey(size), lt: leafKey(MAX_INDEX), limit: 1 });
    if (beyond !== undefined) notes.add(size, 'there are entries beyond the head');
  });
  for (const [session, { indexes }] of audit.sessions) {
    await attemptAsync(notes, () => checkSessionIndex(options, { session, indexes }));
  }
  for (const kind of KINDS) {
    if (kind !== UNINDEXED) await attemptAsync(notes, () => checkKindIndex(options, kind));
  }
  await attemptAsync(notes, async () => {
    const keys = await store.scan(OPEN_RANGE);
    const open = keys.map(({ key }) => encodeBase64url(sessionOfOpenKey(key)));
    const sessions = [...audit.sessions].filter(([, { ended }]) => !ended);
    const unended = sessions.map(([session]) => session);
    if (open.sort().join() !== unended.sort().join()) {
      notes.add(null, 'the list of open sessions is not what the entries say');
    }
  });
}

async function checkSessionIndex(
  { store, notes }: IndexAudit,
  { session, indexes }: { session: string; indexes: readonly number[] },
): Promise<void> {
  const named: number[] = [];
  for await (const run of readRuns(store, { range: sessionRange(session) })) {
    if (run.at !== named.length) notes.add(run.indexes[0] ?? null, 'its session index has a gap');
    named.push(...run.indexes);
  }
  const wrong = indexes.find((index, n) => named[n] !== index);
  if (wrong !== undefined || named.length !== indexes.length) {
    notes.add(wrong ?? null, `the index of session ${session} does not name its entries`);
  }
}

async function checkKindIndex({ store, audit, notes }: IndexAudit, kind: Kind): Promise<void> {
  const indexes = audit.kinds.get(kind) ?? [];
  const named: number[] = [];
  for await (const run of readRuns(store, { range: kindRange(kind) })) named.push(...run.indexes);
  const wrong = indexes.find((index, i) => named[i] !== index);
  if (wrong !== undefined || named.length !== indexes.length) {
    notes.add(wrong ?? null, `the index of ${kind} does not name its entries`);
  }
}

async function attemptAsync(notes: Notes, check: () => Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    notes.add(null, error instanceof Error ? error.message : String(error));
  }
}
