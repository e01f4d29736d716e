// What is checked before a log that was closed, or died, signs anything again. LevelDB skips damaged records
// in silence, so everything that it may have replayed from its log file is read here, not only the head.

import { encodeBase64url } from '#crypto/base64.ts';
import { equalBytes } from '#crypto/bytes.ts';
import { HASH_BYTES, type Hash } from '#crypto/hash.ts';
import { TILE_WIDTH, tileAt } from '#crypto/tile.ts';
import { type Frontier, frontierOf, frontierRoot, type ReadHash } from '#crypto/tree.ts';

import { type EdgeTile, type Growth, isEnding } from './batch.ts';
import { damaged, LedgerError } from './error.ts';
import { readHead } from './head.ts';
import { readLastRun } from './index-runs.ts';
import { leafKey, MAX_INDEX, OPEN_RANGE, sessionOfOpenKey, sessionRange } from './key-space.ts';
import type { SessionEnd } from './placement.ts';
import { parseStoredLeaf, readStoredLeaf } from './reader.ts';
import type { Recomputed } from './second-path.ts';
import { treeHash } from './second-path.ts';
import { checkTail, checkTailIndexes, type Tail } from './tail.ts';
import { hashInTile, readTile } from './stored-tree.ts';
import type { Store } from './store.ts';

/** What the store holds, as far as writing goes on from it. */
export interface Standing {
  readonly head: Recomputed;
  readonly growth: Growth;
  /** Time of the last entry; 0 in an empty log. */
  readonly lastMs: number;
  readonly sessions: ReadonlyMap<string, SessionEnd>;
}

/**
 * Checks the stored log's end and right edge.
 * @throws {LedgerError} code `damaged` when anything does not agree, `missing` when there is no log
 */
export async function checkStored(
  store: Store,
  { origin, tree, tailBytes }: { origin: string; tree: ReadHash; tailBytes: number },
): Promise<Standing> {
  const head = readHead(store);
  if (head === null) throw new LedgerError('missing', 'Cannot open log: the store holds none');
  const edge = checkEdge(store, head.size);
  const frontier = frontierOf(head.size, tree);
  if (!equalBytes(frontierRoot(frontier), head.root)) throw damaged('the head is not the tree');
  await checkNothingBeyond(store, head.size);
  const tail = checkTail(store, { origin, tree, tailBytes, size: head.size });
  await checkTailIndexes(store, tail);
  const sessions = await checkOpenSessions(store, { tree, size: head.size });
  checkTailSessions(tail, sessions);
  return { head, growth: { frontier, edge }, lastMs: tail.lastMs, sessions };
}

/**
 * Checks the stored tree against a state that somebody holds.
 * @throws {LedgerError} code `behind` or `forked`
 */
export function checkHeld(
  held: { size: number; root: Hash; by: string },
  { size, tree }: { size: number; tree: ReadHash },
): void {
  if (held.size > size) {
    throw new LedgerError(
      'behind',
      `Cannot trust log: it has ${size} entries, ${held.by} knows ${held.size}`,
    );
  }
  const frontier: Frontier = frontierOf(held.size, tree);
  if (!equalBytes(frontierRoot(frontier), held.root)) {
    throw new LedgerError('forked', `Cannot trust log: ${held.by} holds another history`);
  }
}

/** Recomputes every hash above level 0 in the last tile of its level, and checks the widths. */
function checkEdge(store: Store, size: number): EdgeTile[] {
  const edge: EdgeTile[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    const tile = Math.floor(count / TILE_WIDTH);
    const hashes = readTile(store, { level, tile });
    const width = tileAt(size, level, tile)?.width ?? 0;
    if (hashes.length !== width * HASH_BYTES) {
      throw damaged(`tile ${level}/${tile} holds ${hashes.length} bytes`);
    }
    for (let i = 0; level > 0 && i < width; i++) {
      const below = readTile(store, { level: level - 1, tile: tile * TILE_WIDTH + i });
      const children = Array.from({ length: TILE_WIDTH }, (_, j) => hashInTile(below, j));
      if (!equalBytes(treeHash(children), hashInTile(hashes, i))) {
        throw damaged(`tile ${level}/${tile} is not what the tiles below it hash to`);
      }
    }
    edge.push({ tile, hashes });
  }
  return edge;
}

async function checkNothingBeyond(store: Store, size: number): Promise<void> {
  const [beyond] = await store.scan({ gte: leafKey(size), lt: leafKey(MAX_INDEX), limit: 1 });
  if (beyond !== undefined) throw damaged('there are entries beyond the head');
}

/** Finds the last entry of every open session. */
async function checkOpenSessions(
  store: Store,
  { tree, size }: { tree: ReadHash; size: number },
): Promise<Map<string, SessionEnd>> {
  const sessions = new Map<string, SessionEnd>();
  for (const { key } of await store.scan(OPEN_RANGE)) {
    const session = encodeBase64url(sessionOfOpenKey(key));
    const run = await readLastRun(store, sessionRange(session));
    const index = run?.indexes.at(-1);
    if (run === null || index === undefined || index >= size) {
      throw damaged(`session ${session} has no last entry`);
    }
    const { leafBytes, hash } = readStoredLeaf(store, { tree, index });
    const leaf = parseStoredLeaf(leafBytes, index);
    const n = run.at + run.indexes.length - 1;
    if (leaf.s !== session || leaf.n !== n || isEnding(leaf.k)) {
      throw damaged(`session ${session} does not end where its index says`);
    }
    sessions.set(session, { n, hash, ended: false });
  }
  return sessions;
}

/** Checks that the last entries of sessions agree with the list of those that are open. */
function checkTailSessions(tail: Tail, open: ReadonlyMap<string, SessionEnd>): void {
  for (const [session, leaves] of tail.sessions) {
    const last = leaves.at(-1);
    if (last === undefined) continue;
    const wanted = isEnding(last.k) ? undefined : last.n;
    if (open.get(session)?.n !== wanted) {
      throw damaged(`session ${session} does not end where its entries say`);
    }
  }
}
