// The lock of an endpoint's folder: two agents over one journal could each run the same order once. A file that
// names its owner by pid and start time, and a set of the folders that this process holds.

import { readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { AgentError, isSystemError } from './error.ts';
import { startedAtNow } from './shell/process-tree.ts';

const ownerSchema = z.strictObject({
  pid: z.int().min(1),
  started: z.string().max(128).nullable(),
});
type Owner = z.infer<typeof ownerSchema>;

const MAX_TRIES = 3;
const held = new Set<string>();

/**
 * Takes the lock of a folder that exists; disposal gives it back. A lock whose owner is gone is taken over.
 * @throws {AgentError} code `folder-busy` when somebody alive holds it
 */
export async function openFolderLock(folder: string): Promise<AsyncDisposable> {
  const path = join(await realpath(folder), 'lock');
  if (held.has(path)) throw busy('this process');
  held.add(path);
  try {
    await take(path);
  } catch (error) {
    held.delete(path);
    throw error;
  }
  let isOpen = true;
  return {
    async [Symbol.asyncDispose]() {
      if (!isOpen) return;
      isOpen = false;
      await rm(path, { force: true });
      held.delete(path);
    },
  };
}

async function take(path: string): Promise<void> {
  const owner: Owner = { pid: process.pid, started: startedAtNow(process.pid) };
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    try {
      await writeFile(path, JSON.stringify(owner), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if (!isSystemError(error, 'EEXIST')) throw error;
    }
    await removeStale(path);
  }
  throw busy('somebody who keeps taking it');
}

/** Moves a dead owner's lock away. Renaming first, so that of two takers one finds it gone. */
async function removeStale(path: string): Promise<void> {
  try {
    const owner = parseOwner(await readFile(path, 'utf8'));
    if (owner !== null && isAlive(owner)) throw busy(`process ${owner.pid}`);
    const aside = `${path}.${process.pid}`;
    await rename(path, aside);
    await rm(aside, { force: true });
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error; // the owner left, or the other taker was first
  }
}

/** Null when the file says nothing: its owner was killed while writing it. */
function parseOwner(text: string): Owner | null {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

function isAlive({ pid, started }: Owner): boolean {
  if (process.platform === 'linux') return started !== null && startedAtNow(pid) === started;
  try {
    process.kill(pid, 0);
    return pid !== process.pid; // ours would be in `held`: the number was used again
  } catch (error) {
    return isSystemError(error, 'EPERM'); // alive, and somebody else's
  }
}

function busy(owner: string): AgentError {
  return new AgentError('folder-busy', `Cannot open endpoint folder: ${owner} has it open`);
}
