// The keys of the store, in the order in which LevelDB keeps them.
//
//   'e' index(6) 0            leaf bytes
//   'e' index(6) 1            content (content.ts), or one zero byte where it was erased
//   'h' level(1) tile(6)      the hashes of a tile, full or partial: 32 bytes each
//   'k' kind 0 index(6)       indexes (6 bytes each) of entries of that kind in one batch, from this one on
//   'm' name                  head, origin
//   'o' session(16)           a session that is open: index of its opening (6)
//   's' session(16) n(6)      indexes (6 each) of the session's entries in one batch, from n on
//
// Numbers are big-endian, so that keys sort as they count. Nearly all bytes stand under 'e' in the order in
// which they are written: LevelDB then moves its tables down whole instead of merging them again and again.

import { parseBase64url } from '#crypto/base64.ts';
import { type Bytes, encodeUtf8 } from '#crypto/bytes.ts';
import type { Kind } from '#crypto/kind.ts';

export const INDEX_BYTES = 6;
const SESSION_BYTES = 16;

const ENTRY = 0x65;
const HASHES = 0x68;
const KIND = 0x6b;
const META = 0x6d;
const OPEN = 0x6f;
const SESSION = 0x73;

/** Where one batch begins and ends in an ordered range of keys. */
export interface KeyRange {
  readonly gte: Bytes;
  readonly lt: Bytes;
}

export const HEAD_KEY = metaKey('head');
export const ORIGIN_KEY = metaKey('origin');

export function leafKey(index: number): Bytes {
  return entryKey(index, 0);
}

export function contentKey(index: number): Bytes {
  return entryKey(index, 1);
}

export function tileKey(level: number, tile: number): Bytes {
  const key = new Uint8Array(2 + INDEX_BYTES);
  key[0] = HASHES;
  key[1] = level;
  putIndex(key, { at: 2, index: tile });
  return key;
}

export function kindKey(kind: Kind, index: number): Bytes {
  const name = kindPrefix(kind);
  const key = new Uint8Array(name.length + INDEX_BYTES);
  key.set(name);
  putIndex(key, { at: name.length, index });
  return key;
}

/** All keys of a kind's index. */
export function kindRange(kind: Kind): KeyRange {
  const gte = kindPrefix(kind);
  const lt = new Uint8Array(gte);
  lt[lt.length - 1] = 1; // the zero that ends the kind's name
  return { gte, lt };
}

export function sessionKey(session: string, n: number): Bytes {
  const key = new Uint8Array(1 + SESSION_BYTES + INDEX_BYTES);
  key[0] = SESSION;
  key.set(parseBase64url(session), 1);
  putIndex(key, { at: 1 + SESSION_BYTES, index: n });
  return key;
}

/** All keys of a session's index from position `n` on, up to but without `end`. */
export function sessionRange(session: string, { n = 0, end = MAX_INDEX } = {}): KeyRange {
  return { gte: sessionKey(session, n), lt: sessionKey(session, end) };
}

export function openKey(session: string): Bytes {
  const key = new Uint8Array(1 + SESSION_BYTES);
  key[0] = OPEN;
  key.set(parseBase64url(session), 1);
  return key;
}

export const OPEN_RANGE: KeyRange = {
  gte: Uint8Array.of(OPEN),
  lt: Uint8Array.of(OPEN + 1),
};

/** The session of an `openKey`, as its 16 bytes. */
export function sessionOfOpenKey(key: Uint8Array): Bytes {
  return new Uint8Array(key.subarray(1));
}

export const MAX_INDEX = 2 ** (8 * INDEX_BYTES) - 1;

/** The last number that a key ends with: an index, a tile or a position. */
export function indexOfKey(key: Uint8Array): number {
  return getIndex(key, key.length - INDEX_BYTES);
}

/** Joins indexes, 6 bytes each. */
export function encodeIndexes(indexes: readonly number[]): Bytes {
  const bytes = new Uint8Array(indexes.length * INDEX_BYTES);
  indexes.forEach((index, i) => {
    putIndex(bytes, { at: i * INDEX_BYTES, index });
  });
  return bytes;
}

/** Parts what `encodeIndexes` joined. */
export function parseIndexes(bytes: Uint8Array): number[] {
  const indexes: number[] = [];
  for (let at = 0; at + INDEX_BYTES <= bytes.length; at += INDEX_BYTES) {
    indexes.push(getIndex(bytes, at));
  }
  return indexes;
}

function entryKey(index: number, part: 0 | 1): Bytes {
  const key = new Uint8Array(2 + INDEX_BYTES);
  key[0] = ENTRY;
  putIndex(key, { at: 1, index });
  key[1 + INDEX_BYTES] = part;
  return key;
}

function kindPrefix(kind: Kind): Bytes {
  return encodeUtf8(`${String.fromCharCode(KIND)}${kind}\0`);
}

function metaKey(name: string): Bytes {
  return encodeUtf8(`${String.fromCharCode(META)}${name}`);
}

/** Writes 48 bits; the upper 16 apart from the lower 32, because bit operators see only 32. */
export function putIndex(bytes: Uint8Array, { at, index }: { at: number; index: number }): void {
  const high = Math.floor(index / 2 ** 32);
  const low = index % 2 ** 32;
  bytes[at] = high >>> 8;
  bytes[at + 1] = high;
  bytes[at + 2] = low >>> 24;
  bytes[at + 3] = low >>> 16;
  bytes[at + 4] = low >>> 8;
  bytes[at + 5] = low;
}

export function getIndex(bytes: Uint8Array, at: number): number {
  let index = 0;
  for (let i = 0; i < INDEX_BYTES; i++) index = index * 256 + (bytes[at + i] ?? 0);
  return index;
}
