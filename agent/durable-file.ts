// Files that are whole or not there, and on disk before anybody counts on them. All are for their owner alone.

import { link, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a file that must not be there yet. When this resolves, it survives a power cut; when it rejects, it
 * is whole or not there.
 * @throws the system's `EEXIST` when it is there
 */
export async function createFile(path: string, text: string): Promise<void> {
  const temporary = await writeBeside(path, text);
  try {
    await link(temporary, path); // unlike a rename, this replaces nothing
  } finally {
    await rm(temporary);
  }
  await syncFolder(dirname(path));
}

/** Replaces a file, or creates it. Durable as `createFile`; when it rejects, the file is the old or the new one. */
export async function replaceFile(path: string, text: string): Promise<void> {
  await rename(await writeBeside(path, text), path);
  await syncFolder(dirname(path));
}

async function writeBeside(path: string, text: string): Promise<string> {
  const temporary = `${path}.new`;
  await rm(temporary, { force: true }); // one that a crash left may have other permissions
  await using file = await open(temporary, 'wx', 0o600);
  await file.writeFile(text);
  await file.sync();
  return temporary;
}

/** Puts the names that were created, changed and removed in a folder on disk. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows opens no folder for writing, and needs none
  await using handle = await open(folder, 'r');
  await handle.sync();
}
