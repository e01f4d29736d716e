// The lock of a log's folder. LevelDB has one of its own, but a second open inside one process sets it free in
// failing, so that another process could then open the store under us. Ours is a file that names its owner,
// and a set of the folders that this process holds.

import { readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { LedgerError } from './error.ts';

const ownerSchema = z.strictObject({ pid: z.int().min(1), started: z.string().max(64) });
type Owner = z.infer<typeof ownerSchema>;

const held = new Set<string>();

/**
 * Takes the lock of a folder that exists; disposing gives it back. A lock whose owner is gone is taken over.
 * @throws {LedgerError} code `locked` when somebody alive holds it
 */
export async function openLock(folder: string): Promise<AsyncDisposable> {
  const path = join(await realpath(folder), 'lock');
  if (held.has(path)) throw lockedBy('this process');
  held.add(path);
  try {
    await take(path);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  let open = true;
  return {
    async [Symbol.asyncDispose]() {
      if (!open) return;
      open = false;
      await rm(path, { force: true });
      held.delete(path);
    },
  };
}

/** The process that holds the lock of a folder; null when nobody alive does. */
export async function lockOwner(folder: string): Promise<number | null> {
  const owner = await readOwner(join(folder, 'lock'));
  if (owner === null || owner === 'gone') return null;
  return (await isAlive(owner)) ? owner.pid : null;
}

async function take(path: string): Promise<void> {
  const owner: Owner = { pid: process.pid, started: (await startOf(process.pid)) ?? '' };
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    try {
      await writeFile(path, JSON.stringify(owner), { flag: 'wx' });
      return;
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error;
    }
    await removeStale(path);
  }
  throw lockedBy('somebody who keeps taking it');
}

const MAX_TRIES = 3;

/** Moves a dead owner's lock away. Renaming first, so that of two takers one finds it gone. */
async function removeStale(path: string): Promise<void> {
  const owner = await readOwner(path);
  if (owner === 'gone') return;
  if (owner !== null && (await isAlive(owner))) throw lockedBy(`process ${owner.pid}`);
  const aside = `${path}.${process.pid}`;
  try {
    await rename(path, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if (!isCode(error, 'ENOENT')) throw error; // the other taker was first
  }
}

/** Null when the file says nothing: its owner was killed while writing it. */
async function readOwner(path: string): Promise<Owner | null | 'gone'> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if (isCode(error, 'ENOENT')) return 'gone';
    throw error;
  }
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return null; // cut off: an owner holds the lock from the moment that the file is whole
  }
}

async function isAlive(owner: Owner): Promise<boolean> {
  try {
    process.kill(owner.pid, 0);
  } catch (error) {
    return isCode(error, 'EPERM'); // alive, and somebody else's
  }
  const started = await startOf(owner.pid);
  return started === null || started === owner.started; // another start: the number was used again
}

/** When a process started, in a form that is compared only; null where the system does not tell. */
async function startOf(pid: number): Promise<string | null> {
  try {
    const [boot, stat] = await Promise.all([
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
      readFile(`/proc/${pid}/stat`, 'utf8'),
    ]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return `${boot.trim().slice(0, 36)}/${fields[STARTTIME] ?? ''}`;
  } catch (error) {
    if (isCode(error, 'ENOENT') || isCode(error, 'EACCES')) return null;
    throw error;
  }
}

const STARTTIME = 19; // field 22 of proc(5) stat, counted from the third

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

function lockedBy(owner: string): LedgerError {
  return new LedgerError('locked', `Cannot open log: ${owner} has it open`);
}
