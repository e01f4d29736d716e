// The head: how far the log reaches, in the same batch as the entries that it counts.
//
//   1  size(6)  root(32)

import { type Bytes, decodeUtf8, encodeUtf8 } from '#crypto/bytes.ts';
import { HASH_BYTES } from '#crypto/hash.ts';

import { damaged, LedgerError } from './error.ts';
import { getIndex, HEAD_KEY, INDEX_BYTES, ORIGIN_KEY, putIndex } from './key-space.ts';
import type { Recomputed } from './second-path.ts';
import type { Change, StoreReader } from './store.ts';

const VERSION = 1;
const HEAD_BYTES = 1 + INDEX_BYTES + HASH_BYTES;

/** The change that moves the head. */
export function putHead({ size, root }: Recomputed): Change {
  const value: Bytes = new Uint8Array(HEAD_BYTES);
  value[0] = VERSION;
  putIndex(value, { at: 1, index: size });
  value.set(root, 1 + INDEX_BYTES);
  return { key: HEAD_KEY, value };
}

/** Reads the head; null in a store that was never made a log. @throws {LedgerError} code `damaged` */
export function readHead(store: StoreReader): Recomputed | null {
  const value = store.get(HEAD_KEY);
  if (value === undefined) return null;
  if (value.length !== HEAD_BYTES || value[0] !== VERSION) throw damaged('the head is malformed');
  return { size: getIndex(value, 1), root: value.slice(1 + INDEX_BYTES) };
}

export function putOrigin(origin: string): Change {
  return { key: ORIGIN_KEY, value: encodeUtf8(origin) };
}

/** @throws {LedgerError} code `wrong-log` when the store is another log's, or names none */
export function checkOrigin(store: StoreReader, origin: string): void {
  const value = store.get(ORIGIN_KEY);
  const stored = value === undefined ? null : decodeUtf8(value);
  if (stored !== origin) {
    throw new LedgerError(
      'wrong-log',
      `Cannot open log: expected origin ${JSON.stringify(origin)}, store has ${JSON.stringify(stored)}`,
    );
  }
}
