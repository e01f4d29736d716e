// Tiles and entry bundles (C2SP tlog-tiles): the tree cut in files of up to 256 hashes, so that any static
// file server can serve a log. Hash i of tile n at level l is MTH(D[(n·256+i)·256^l : (n·256+i+1)·256^l]).
//
//   tile/<level>/<index>[.p/<width>]      index 1234067 → x001/x234/067; width 1..255, absent when full
//   tile/entries/<index>[.p/<width>]      u16be length || entry, for each entry of level-0 tile <index>

import { type Bytes, copyBytes } from './bytes.ts';
import { FormatError } from './error.ts';
import { checkTreeSize } from './tree.ts';

/** Hashes in a full tile, entries in a full bundle. */
export const TILE_WIDTH = 256;

/** The length of an entry is a u16 in its bundle. */
export const MAX_ENTRY_BYTES = 65535;

/** A tile: level 0 holds leaf hashes; width 1..256 says how many hashes it has. */
export interface TileId {
  readonly level: number;
  readonly index: number;
  readonly width: number;
}

/** The path of a tile: `tile/0/x001/234.p/5`. @throws {RangeError} for a tile that no tree can have */
export function tilePath(tile: TileId): string {
  const state = tileFault(tile);
  if (state !== undefined) throw new RangeError(`Cannot format tile path: ${state}`);
  return `tile/${tile.level}/${indexPath(tile)}`;
}

/** Parses the path of a tile. @throws {FormatError} code `tile` on any other spelling */
export function parseTilePath(path: string): TileId {
  const [, level, index, width] = TILE_PATH.exec(path) ?? [];
  if (level === undefined || index === undefined) throw malformedPath();
  const tile = { level: Number(level), ...parseIndexPath(index, width) };
  if (tileFault(tile) !== undefined || tilePath(tile) !== path) throw malformedPath();
  return tile;
}

/** The path of an entry bundle: `tile/entries/000.p/5`. @throws {RangeError} for one that no tree can have */
export function bundlePath(bundle: { index: number; width: number }): string {
  const state = tileFault({ level: 0, ...bundle });
  if (state !== undefined) throw new RangeError(`Cannot format bundle path: ${state}`);
  return `tile/entries/${indexPath(bundle)}`;
}

/** Parses the path of an entry bundle. @throws {FormatError} code `tile` on any other spelling */
export function parseBundlePath(path: string): { index: number; width: number } {
  const [, index, width] = BUNDLE_PATH.exec(path) ?? [];
  if (index === undefined) throw malformedPath();
  const bundle = parseIndexPath(index, width);
  if (tileFault({ level: 0, ...bundle }) !== undefined || bundlePath(bundle) !== path) {
    throw malformedPath();
  }
  return bundle;
}

/**
 * Joins 1..256 entries to a bundle.
 * @throws {RangeError} for another number of entries, or an entry over 65,535 bytes
 */
export function encodeBundle(entries: readonly Uint8Array[]): Bytes {
  if (entries.length < 1 || entries.length > TILE_WIDTH) {
    throw new RangeError(`Cannot encode bundle: expected 1..256 entries, got ${entries.length}`);
  }
  let length = 0;
  for (const entry of entries) {
    if (entry.length > MAX_ENTRY_BYTES) {
      throw new RangeError(`Cannot encode bundle: an entry has ${entry.length} bytes`);
    }
    length += 2 + entry.length;
  }
  const bytes = new Uint8Array(length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const entry of entries) {
    view.setUint16(at, entry.length);
    bytes.set(entry, at + 2);
    at += 2 + entry.length;
  }
  return bytes;
}

/**
 * Cuts a bundle into its entries, each over a buffer of its own.
 * @throws {FormatError} code `tile` unless the bytes are exactly `width` entries
 */
export function parseBundle(bytes: Uint8Array, width: number): Bytes[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Bytes[] = [];
  let at = 0;
  while (at < bytes.length && entries.length < width) {
    const start = at + 2;
    const end = start <= bytes.length ? start + view.getUint16(at) : Infinity;
    if (end > bytes.length) throw malformedBundle('cut off');
    entries.push(copyBytes(bytes.subarray(start, end)));
    at = end;
  }
  if (entries.length !== width) throw malformedBundle(`expected ${width}, got ${entries.length}`);
  if (at !== bytes.length) throw malformedBundle('bytes after the last entry');
  return entries;
}

/** Every tile of a tree of that size, full and partial, level by level, left to right. */
export function* tilesOf(size: number): Generator<TileId, void, undefined> {
  for (let level = 0; ; level++) {
    let tile = tileAt(size, level, 0);
    if (tile === null) return;
    for (; tile !== null; tile = tileAt(size, level, tile.index + 1)) yield tile;
  }
}

/** The tile at that place, as wide as it is in a tree of that size; null when it is empty. */
export function tileAt(size: number, level: number, index: number): TileId | null {
  checkTreeSize(size);
  const hashes = Math.floor(size / TILE_WIDTH ** level);
  const width = Math.min(TILE_WIDTH, hashes - index * TILE_WIDTH);
  return width > 0 ? { level, index, width } : null;
}

const TILE_PATH = /^tile\/(\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/;
const BUNDLE_PATH = /^tile\/entries\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/;

/** 1234067 → x001/x234/067; a partial tile adds its width. */
function indexPath({ index, width }: { index: number; width: number }): string {
  let path = String(index % 1000).padStart(3, '0');
  for (let rest = Math.floor(index / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`;
  }
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}

function parseIndexPath(
  index: string,
  width = String(TILE_WIDTH),
): { index: number; width: number } {
  return { index: Number(index.replaceAll(/[x/]/g, '')), width: Number(width) };
}

/** What is wrong with a tile, if anything: the leaves under it must have indices below 2^53−1. */
function tileFault({ level, index, width }: TileId): string | undefined {
  if (!Number.isSafeInteger(level) || level < 0 || level > 63) return `level ${level}`;
  if (!Number.isSafeInteger(index) || index < 0) return `index ${index}`;
  if (!Number.isSafeInteger(width) || width < 1 || width > TILE_WIDTH) return `width ${width}`;
  const end = (index * TILE_WIDTH + width) * TILE_WIDTH ** level;
  return end > Number.MAX_SAFE_INTEGER ? `ends at leaf ${end}` : undefined;
}

function malformedPath(): FormatError {
  return new FormatError('tile', 'Cannot parse tile path: malformed');
}

function malformedBundle(state: string): FormatError {
  return new FormatError('tile', `Cannot parse bundle: ${state}`);
}
