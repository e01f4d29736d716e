// Files that are whole or not there, on disk before anybody counts on them.

import { writeFileSync } from 'node:fs';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Replaces a file: temporary file, fsync, rename, fsync of the folder. When this resolves, the new bytes
 * survive a power cut; when it rejects, the file is the old one or the new one, never a part.
 */
export async function replaceFile(path: string, bytes: string | Uint8Array): Promise<void> {
  await using file = await openReplaced(path);
  await file.replace(bytes);
}

/** A file that is replaced often: its folder stays open, so that a replacement takes half the calls. */
export interface ReplacedFile extends AsyncDisposable {
  /** As `replaceFile`. One at a time. */
  replace(bytes: string | Uint8Array): Promise<void>;
}

/** Opens a path for replacing. The file itself need not exist. */
export async function openReplaced(path: string): Promise<ReplacedFile> {
  const temporary = `${path}.new`;
  const folder = process.platform === 'win32' ? null : await open(dirname(path), 'r');
  let closing: Promise<void> = Promise.resolve();
  return {
    async replace(bytes) {
      await closing; // Windows renames no open file; elsewhere it ended long ago
      const file = await open(temporary, 'w', 0o600);
      try {
        writeFileSync(file.fd, bytes); // a few hundred bytes, which the system takes at once
        await file.sync();
      } catch (cause) {
        await file.close();
        throw cause;
      }
      if (folder === null) await file.close();
      await rename(temporary, path);
      await folder?.sync();
      if (folder !== null) closing = closeQuietly(file);
    },
    async [Symbol.asyncDispose]() {
      await closing;
      await folder?.close();
    },
  };
}

/** Its bytes are on disk: closing it can lose nothing. */
function closeQuietly(file: FileHandle): Promise<void> {
  return file.close().catch(() => undefined);
}

/** Puts a folder's entries (created, renamed and removed names) on disk. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // Windows opens no folder for writing, and needs none
  await using handle = await open(folder, 'r');
  await handle.sync();
}
