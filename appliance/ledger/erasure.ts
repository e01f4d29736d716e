// Erasure: an entry's content leaves the disk; its leaf, and so every proof, stays.

import { ERASED } from './content.ts';
import { contentKey, leafKey } from './key-space.ts';
import type { Store } from './store.ts';

/**
 * Overwrites content by the mark of erasure and has LevelDB rewrite the tables that held it. First what is still
 * in memory goes to a table, so that the mark comes above it and the rewriting meets both.
 */
export async function eraseStored(store: Store, index: number): Promise<void> {
  const range = { gte: contentKey(index), lt: leafKey(index + 1) };
  await store.compact(range);
  await store.write([{ key: contentKey(index), value: ERASED }]);
  await store.compact(range);
}
