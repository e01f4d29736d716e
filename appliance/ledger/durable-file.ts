// Files that are whole or not there, on disk before anybody counts on them.

import { closeSync, fsync, openSync, renameSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';

const sync = promisify(fsync);

/**
 * Replaces a file: temporary file, fsync, rename, fsync of the folder. When this resolves, the new bytes
 * survive a power cut; when it rejects, the file is the old one or the new one, never a part.
 */
export async function replaceFile(path: string, bytes: string | Uint8Array): Promise<void> {
  await using file = await openReplaced(path);
  await file.replace(bytes);
}

/** A file that is replaced often: its folder stays open. */
export interface ReplacedFile extends AsyncDisposable {
  /** As `replaceFile`. One at a time. What `check` rejects, while the disk is waited for, does not take its place. */
  replace(bytes: string | Uint8Array, check?: () => Promise<unknown>): Promise<void>;
}

/**
 * Opens a path for replacing. The file itself need not exist. Only the disk is waited for: what the system does
 * in memory is done at once, because each way through the thread pool waits for whatever goes on meanwhile.
 */
export async function openReplaced(path: string): Promise<ReplacedFile> {
  const temporary = `${path}.new`;
  const folder = process.platform === 'win32' ? null : await open(dirname(path), 'r');
  return {
    async replace(bytes, check = () => Promise.resolve()) {
      const file = openSync(temporary, 'w', 0o600);
      try {
        writeFileSync(file, bytes);
        const steps = [sync(file), check()];
        await Promise.allSettled(steps); // the disk is done with the file before it is closed
        await Promise.all(steps);
      } finally {
        closeSync(file);
      }
      renameSync(temporary, path);
      await folder?.sync();
    },
    async [Symbol.asyncDispose]() {
      await folder?.close();
    },
  };
}

/** Puts a folder's entries (created, renamed and removed names) on disk. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows opens no folder for writing, and needs none
  await using handle = await open(folder, 'r');
  await handle.sync();
}
