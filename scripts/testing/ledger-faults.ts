// A store that fails on demand: an honest LevelDB, with a fault before, in or after a write or a read.

import type { Change, Store } from '#appliance/ledger/store.ts';
import { openStore } from '#appliance/ledger/store.ts';
import type { Bytes } from '#crypto/bytes.ts';

/** What goes wrong. Each hook sees every call; none given, all is well. */
export interface Faults {
  /** Throws to fail a write of which nothing reaches the disk. */
  beforeWrite?: () => void;
  /** Throws to fail a write that did reach the disk. */
  afterWrite?: () => void;
  /** Changes what is written, as a bit that flips on its way. */
  alter?: (changes: readonly Change[]) => readonly Change[];
  /** Changes what is read. */
  alterRead?: (key: Bytes, value: Bytes | undefined) => Bytes | undefined;
}

/** Opens a folder's store with faults that may be set, and taken away, at any time. */
export async function openFaultyStore(folder: string, faults: Faults): Promise<Store> {
  const store = await openStore(folder);
  return {
    get(key) {
      const value = store.get(key);
      return faults.alterRead === undefined ? value : faults.alterRead(key, value);
    },
    async write(changes) {
      faults.beforeWrite?.();
      await store.write(faults.alter?.(changes) ?? changes);
      faults.afterWrite?.();
    },
    scan: (scan) => store.scan(scan),
    snapshot: () => store.snapshot(),
    compact: (range) => store.compact(range),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** The same bytes with one bit flipped. */
export function flipBit(bytes: Bytes, at = Math.floor(bytes.length / 2)): Bytes {
  const flipped = new Uint8Array(bytes);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
}
