// The tree as it is stored: hash tiles (C2SP tlog-tiles), one record each, the last of every level partial.
// Between the levels of tiles, hashes are recomputed from the tile below them.

import type { Bytes } from '#crypto/bytes.ts';
import { HASH_BYTES, type Hash, nodeHash } from '#crypto/hash.ts';
import { TILE_WIDTH } from '#crypto/tile.ts';
import type { ReadHash } from '#crypto/tree.ts';

import { damaged } from './error.ts';
import { tileKey } from './key-space.ts';
import type { StoreReader } from './store.ts';

/** Levels of the tree in one tile: 2^8 = 256. */
export const TILE_LEVELS = 8;

/** Reads the hashes of a tile, joined; empty when there is none. */
export function readTile(
  store: StoreReader,
  { level, tile }: { level: number; tile: number },
): Bytes {
  const bytes = store.get(tileKey(level, tile)) ?? new Uint8Array(0);
  if (bytes.length % HASH_BYTES !== 0 || bytes.length > TILE_WIDTH * HASH_BYTES) {
    throw damaged(`tile ${level}/${tile} has ${bytes.length} bytes`);
  }
  return bytes;
}

/** The hash at a place of a tile. @throws {LedgerError} code `damaged` when the tile is narrower */
export function hashInTile(tile: Bytes, i: number): Hash {
  const hash = tile.slice(i * HASH_BYTES, (i + 1) * HASH_BYTES);
  if (hash.length !== HASH_BYTES) throw damaged(`a tile lacks its hash ${i}`);
  return hash;
}

/**
 * Reads the stored tree, keeping the last full tiles at hand with the nodes inside them.
 * The function throws LedgerError `damaged` where a hash is missing.
 */
export function readStoredTree(store: StoreReader, { keep = KEPT_TILES } = {}): ReadHash {
  const full = new Map<string, Hash[]>();
  return (level, index) => {
    const tileLevel = Math.floor(level / TILE_LEVELS);
    const inner = level % TILE_LEVELS;
    const width = TILE_WIDTH / 2 ** inner; // nodes of this level in a full tile
    const tile = Math.floor(index / width);
    const name = `${tileLevel}/${tile}`;
    const kept = full.get(name);
    if (kept !== undefined) return nodeIn(kept, width + (index % width));
    const bytes = readTile(store, { level: tileLevel, tile });
    const leaves = bytes.length / HASH_BYTES;
    const first = (index % width) * 2 ** inner;
    if (leaves < TILE_WIDTH) return foldTile(bytes, { first, count: 2 ** inner });
    const nodes = allNodes(bytes);
    if (full.size >= keep) full.delete(full.keys().next().value ?? name);
    full.set(name, nodes);
    return nodeIn(nodes, width + (index % width));
  };
}

const KEPT_TILES = 256; // 16 KiB of nodes each

/** The nodes of a full tile as a heap: 1 is the root, 256 … 511 are its hashes. */
function allNodes(tile: Bytes): Hash[] {
  const nodes: Hash[] = new Array<Hash>(2 * TILE_WIDTH);
  for (let i = 0; i < TILE_WIDTH; i++) nodes[TILE_WIDTH + i] = hashInTile(tile, i);
  for (let i = TILE_WIDTH - 1; i > 0; i--) {
    nodes[i] = nodeHash(nodeIn(nodes, 2 * i), nodeIn(nodes, 2 * i + 1));
  }
  return nodes;
}

function nodeIn(nodes: readonly Hash[], i: number): Hash {
  const node = nodes[i];
  if (node === undefined) throw new Error('unreachable: a heap has all its nodes');
  return node;
}

/** The root over a power of two of a tile's hashes. */
function foldTile(tile: Bytes, { first, count }: { first: number; count: number }): Hash {
  if (count === 1) return hashInTile(tile, first);
  const half = count / 2;
  return nodeHash(
    foldTile(tile, { first, count: half }),
    foldTile(tile, { first: first + half, count: half }),
  );
}
