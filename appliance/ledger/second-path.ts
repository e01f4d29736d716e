// The second path: what was written is read back from the store and hashed again, by other code than the
// writer's, before anybody is told that it is in the log. A bit that flipped on the way, in memory or in the
// store, shows here, before it is signed: once a wrong root is signed, nothing can mend the log (Yeti2022).
//
// The writer keeps a frontier. This keeps the last tile of every level, each of its hashes recomputed from
// bytes that were read back, and follows the recursion of RFC 6962 §2.1 to the letter.

import { concatBytes } from '#crypto/bytes.ts';
import { EMPTY_ROOT, type Hash, leafHash, nodeHash } from '#crypto/hash.ts';
import { TILE_WIDTH } from '#crypto/tile.ts';
import { splitPoint } from '#crypto/tree.ts';

import { damaged } from './error.ts';
import { leafKey } from './key-space.ts';
import { hashInTile, readTile } from './stored-tree.ts';
import type { Store } from './store.ts';

/** A tree that was recomputed from stored bytes. */
export interface Recomputed {
  readonly size: number;
  readonly root: Hash;
}

/** The right edge of the stored tree, level by level of tiles, all of it recomputed. */
export interface SecondPath {
  readonly size: number;
  /**
   * Takes in the stored leaves up to `size` and checks the stored tiles that hold them.
   * @throws {LedgerError} code `damaged` when a leaf is missing or a tile says otherwise
   */
  advance(size: number): Recomputed;
}

/**
 * Starts the second path at a stored tree whose right edge `checkStored` (opening.ts) has recomputed.
 * @throws {LedgerError} code `damaged` when the edge is not there
 */
export function followStored(store: Store, size: number): SecondPath {
  const edge: GrowingTile[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / TILE_WIDTH)) {
    const tile = readTile(store, { level, tile: Math.floor(count / TILE_WIDTH) });
    const hashes = Array.from({ length: count % TILE_WIDTH }, (_, i) => hashInTile(tile, i));
    edge.push({ hashes, full: new Map() });
  }
  let at = size;
  return {
    get size() {
      return at;
    },
    advance(to) {
      const touched = new Set<number>();
      for (; at < to; at++) {
        const stored = store.get(leafKey(at));
        if (stored === undefined) throw damaged(`leaf ${at} is not in the store`);
        push({ level: 0, hash: leafHash(stored), index: at }, touched);
      }
      for (const level of touched) checkPartial(level);
      return { size: at, root: rootOfEdge(edge) };
    },
  };

  /** Adds a hash at its level; a tile that it fills is checked and becomes a hash of the level above. */
  function push(
    { level, hash, index }: { level: number; hash: Hash; index: number },
    touched: Set<number>,
  ): void {
    const growing = (edge[level] ??= emptyTile());
    const { hashes } = growing;
    hashes.push(hash);
    touched.add(level);
    if (hashes.length < TILE_WIDTH) return;
    const tile = Math.floor(index / TILE_WIDTH);
    checkTile({ level, tile, hashes });
    edge[level] = emptyTile();
    push({ level: level + 1, hash: growingTreeHash(growing), index: tile }, touched);
  }

  function checkPartial(level: number): void {
    const tile = Math.floor(at / TILE_WIDTH ** (level + 1));
    checkTile({ level, tile, hashes: edge[level]?.hashes ?? [] });
  }

  function checkTile(recomputed: { level: number; tile: number; hashes: readonly Hash[] }): void {
    const { level, tile, hashes } = recomputed;
    const stored = readTile(store, { level, tile });
    if (Buffer.compare(concatBytes(...hashes), stored) === 0) return;
    throw damaged(`tile ${level}/${tile} is not what its leaves hash to`);
  }
}

/** A tile of the right edge: hashes are added to it, and none is changed. */
interface GrowingTile {
  readonly hashes: Hash[];
  /** Its full subtrees as far as they were hashed, by their first item and size: they do not change any more. */
  readonly full: Map<number, Hash>;
}

function emptyTile(): GrowingTile {
  return { hashes: [], full: new Map() };
}

/** MTH(D[n]) by the recursion of RFC 6962 §2.1, over hashes that stand for trees of one size. */
export function treeHash(hashes: readonly Hash[]): Hash {
  return growingTreeHash({ hashes, full: new Map() });
}

/** The same over a tile and one item right of it. A subtree that was full when it was hashed is not hashed again. */
function growingTreeHash(
  { hashes, full }: { hashes: readonly Hash[]; full: Map<number, Hash> },
  right?: Hash,
): Hash {
  const items = right === undefined ? hashes : [...hashes, right];
  return hashOf(0, items.length);

  function hashOf(from: number, to: number): Hash {
    const count = to - from;
    const first = items[from];
    if (first === undefined) return EMPTY_ROOT;
    if (count === 1) return first;
    const half = splitPoint(count);
    const isFull = 2 * half === count && to <= hashes.length;
    const place = from * 2 * TILE_WIDTH + count;
    const known = isFull ? full.get(place) : undefined;
    if (known !== undefined) return known;
    const hash = nodeHash(hashOf(from, from + half), hashOf(from + half, to));
    if (isFull) full.set(place, hash);
    return hash;
  }
}

/**
 * The root over the partial tiles of an edge. Whatever lies right of a level's last hash is smaller than one
 * of them, so it joins as the last, odd item: MTH splits at the largest power of two of the level's unit.
 */
function rootOfEdge(edge: readonly GrowingTile[]): Hash {
  let right: Hash | undefined;
  for (const tile of edge) {
    if (tile.hashes.length > 0) right = growingTreeHash(tile, right);
  }
  return right ?? EMPTY_ROOT;
}
