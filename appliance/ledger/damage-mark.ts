// The mark of damage: LevelDB says once what it dropped, so the folder remembers it until a person has looked.

import { access, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { LedgerError } from './error.ts';
import type { Store } from './store.ts';

const MARK = 'damaged';

/**
 * Opens the store of a log's folder. Opening replays LevelDB's log file and deletes it: what it dropped is told
 * once only, so it is written down.
 */
export async function openMarking(
  folder: string,
  { store, open }: { store: string; open: (folder: string) => Promise<Store> },
): Promise<Store> {
  try {
    return await open(store);
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'damaged') {
      await writeFile(join(folder, MARK), `${error.message}\n`);
    }
    throw error;
  }
}

/** Refuses a folder in which damage was found before. @throws {LedgerError} code `damaged` */
export async function checkNotMarked(folder: string): Promise<void> {
  try {
    await access(join(folder, MARK));
  } catch {
    return; // not there: nobody found damage before
  }
  throw new LedgerError(
    'damaged',
    `Cannot open log: LevelDB dropped records at an earlier opening (see the file "${MARK}")`,
  );
}
