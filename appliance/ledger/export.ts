// Export: a folder that any static file server serves as a C2SP tlog-tiles log, and any monitor can check.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { formatVerifierKey, type VerifierKey } from '#crypto/key.ts';
import { bundlePath, tilePath, tilesOf } from '#crypto/tile.ts';

import { LedgerError } from './error.ts';
import type { Ledger, SignedCheckpoint } from './ledger.ts';
import { bundleBytes, tileBytes } from './served.ts';

export interface ExportOptions {
  /** A folder that does not exist yet. */
  readonly folder: string;
  readonly logKey: VerifierKey;
  readonly onProgress?: (done: { readonly files: number; readonly entries: number }) => void;
  readonly signal?: AbortSignal;
}

/**
 * Writes the log as of its latest checkpoint: `checkpoint`, `vkey`, `tile/…`. The folder appears whole or not.
 * @throws {LedgerError} code `exists` when there is something of that name
 */
export async function exportTiles(
  ledger: Ledger,
  options: ExportOptions,
): Promise<SignedCheckpoint> {
  const { folder, logKey, onProgress, signal } = options;
  const checkpoint = ledger.checkpoint;
  const building = `${folder}.part`;
  await rm(building, { recursive: true, force: true });
  await mkdir(building, { recursive: true });
  let files = 0;
  let entries = 0;
  for (const tile of tilesOf(checkpoint.size)) {
    signal?.throwIfAborted();
    await put(tilePath(tile), tileBytes(ledger, tile));
    if (tile.level === 0) {
      await put(bundlePath(tile), bundleBytes(ledger, tile));
      entries += tile.width;
    }
    onProgress?.({ files, entries });
  }
  await put('vkey', `${formatVerifierKey(logKey)}\n`);
  await put('checkpoint', checkpoint.note);
  await moveInto(building, folder);
  return checkpoint;

  async function put(path: string, bytes: string | Uint8Array): Promise<void> {
    const target = join(building, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, bytes);
    files += 1;
  }
}

async function moveInto(building: string, folder: string): Promise<void> {
  try {
    await rename(building, folder);
  } catch (cause) {
    await rm(building, { recursive: true, force: true });
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST' && code !== 'ENOTDIR') throw cause;
    throw new LedgerError('exists', 'Cannot export: there is something of that name', { cause });
  }
}
