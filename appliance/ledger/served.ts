// What a log shows to the world, as C2SP tlog-tiles has it: the files implied by one published checkpoint,
// made of leaves and hashes only. HTTP and the export serve the same bytes from here.

import { type Bytes, concatBytes } from '#crypto/bytes.ts';
import { encodeBundle, TILE_WIDTH, tileAt, type TileId } from '#crypto/tile.ts';

import type { Ledger } from './ledger.ts';
import { TILE_LEVELS } from './stored-tree.ts';

/** Whether a tile, full or partial, has all its hashes in the tree of that size. */
export function isServed(tile: TileId, size: number): boolean {
  return tile.width <= (tileAt(size, tile.level, tile.index)?.width ?? 0);
}

/** The bytes of a tile: its hashes, joined. @throws {LedgerError} `not-found` beyond the log, `damaged` */
export function tileBytes(ledger: Ledger, { level, index, width }: TileId): Bytes {
  const hashes = Array.from({ length: width }, (_, i) =>
    ledger.readHash(level * TILE_LEVELS, index * TILE_WIDTH + i),
  );
  return concatBytes(...hashes);
}

/** The bytes of an entry bundle. @throws {LedgerError} `not-found` beyond the log, `damaged` */
export function bundleBytes(
  ledger: Ledger,
  { index, width }: { index: number; width: number },
): Bytes {
  return encodeBundle(
    Array.from({ length: width }, (_, i) => ledger.leafBytes(index * TILE_WIDTH + i)),
  );
}
