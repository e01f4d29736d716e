// What this log was caught with: a checkpoint that its key signed and that it does not contain. An endpoint or a
// witness held it, so an old copy was put in the log's place, or the log was forked. The checkpoint is kept in the
// second place, and nothing is signed any more until the log contains it: a later start would else forget what
// one endpoint knew, and sign a second history for the others.

import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { type VerifiedCheckpoint, verifyCheckpoint } from '#crypto/checkpoint.ts';
import type { VerifierKey } from '#crypto/key.ts';

import { replaceFile, syncFolder } from './durable-file.ts';
import { LedgerError } from './error.ts';

const NAME = 'witnessed';

/** Who holds it, in the words of an error. */
export const CAUGHT_BY = `an endpoint or witness (see the file "${NAME}")`;

/**
 * Writes down, durably, what the log was caught with; answers why the log must end. Damage in our own store says
 * nothing about the checkpoint, and is only answered.
 */
export async function writeDownCaught(
  note: string,
  { secondFolder, cause }: { secondFolder: string; cause: unknown },
): Promise<unknown> {
  const isCaught = cause instanceof LedgerError && cause.code !== 'damaged';
  if (!isCaught) return cause;
  try {
    await replaceFile(join(secondFolder, NAME), note);
    return cause;
  } catch (failure) {
    const state = `${cause.message}; this could not be written down, so remember it`;
    return new LedgerError(cause.code, state, { cause: failure });
  }
}

/**
 * Loads what the log was caught with; null when it never was.
 * @throws {LedgerError} code `second-place` when it is no checkpoint that this log signed
 */
export async function loadCaught(
  folder: string,
  logKey: VerifierKey,
): Promise<VerifiedCheckpoint | null> {
  const note = await readNote(join(folder, NAME));
  if (note === null) return null;
  try {
    return await verifyCheckpoint(note, logKey);
  } catch (cause) {
    const state = `the checkpoint in "${NAME}" does not verify`;
    throw new LedgerError('second-place', `Cannot trust log: ${state}`, { cause });
  }
}

/** Whether the log was caught, and did not contain it since. */
export async function isCaught(folder: string): Promise<boolean> {
  return (await readNote(join(folder, NAME))) !== null;
}

/** Forgets it, when the log contains it: the saved checkpoint says as much from then on. */
export async function forgetCaught(folder: string): Promise<void> {
  await rm(join(folder, NAME), { force: true });
  await syncFolder(folder);
}

async function readNote(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
