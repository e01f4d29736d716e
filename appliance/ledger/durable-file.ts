// Files that are whole or not there, on disk before anybody counts on them.

import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file: temporary file, fsync, rename, fsync of the folder. When this resolves, the new bytes
 * survive a power cut; when it rejects, the file is the old one or the new one, never a part.
 */
export async function replaceFile(path: string, bytes: string | Uint8Array): Promise<void> {
  const temporary = `${path}.new`;
  {
    await using file = await open(temporary, 'w', 0o600);
    await file.writeFile(bytes);
    await file.sync();
  }
  await rename(temporary, path);
  await syncFolder(dirname(path));
}

/** Puts a folder's entries (created, renamed and removed names) on disk. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows opens no folder for writing, and needs none
  await using handle = await open(folder, 'r');
  await handle.sync();
}
