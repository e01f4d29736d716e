// The second place: the last signed checkpoint, outside LevelDB's folder (best on another disk). It is saved
// before a checkpoint is published, so whatever anybody holds is known here: a store that was restored from an
// old copy, or lost its tail, is found out before it signs anything (Venafi, 2017).

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { verifyCheckpoint } from '#crypto/checkpoint.ts';
import type { VerifierKey } from '#crypto/key.ts';

import { openReplaced, replaceFile, type ReplacedFile } from './durable-file.ts';
import { LedgerError } from './error.ts';
import type { SignedCheckpoint } from './ledger.ts';

const NAME = 'checkpoint';

/** Saves a checkpoint durably. */
export async function saveCheckpoint(folder: string, checkpoint: SignedCheckpoint): Promise<void> {
  await replaceFile(join(folder, NAME), checkpoint.note);
}

/** Opens the second place for one checkpoint after another: `replace` takes the note. */
export function openCheckpointFile(folder: string): Promise<ReplacedFile> {
  return openReplaced(join(folder, NAME));
}

/** Whether there is one. */
export async function hasCheckpoint(folder: string): Promise<boolean> {
  return (await readNote(folder)) !== null;
}

/**
 * Loads the last saved checkpoint.
 * @throws {LedgerError} code `second-place` when it is missing, or not a checkpoint that this log signed
 */
export async function loadCheckpoint(
  folder: string,
  logKey: VerifierKey,
): Promise<SignedCheckpoint> {
  const note = await readNote(folder);
  if (note === null) {
    throw new LedgerError('second-place', 'Cannot open log: its saved checkpoint is missing');
  }
  try {
    const { size, root } = await verifyCheckpoint(note, logKey);
    return { note, size, root };
  } catch (cause) {
    throw new LedgerError('second-place', 'Cannot open log: its saved checkpoint does not verify', {
      cause,
    });
  }
}

async function readNote(folder: string): Promise<string | null> {
  try {
    return await readFile(join(folder, NAME), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
