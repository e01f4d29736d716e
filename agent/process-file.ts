// Which processes this agent runs, one small file a run in the folder `running`: so that the next life of the
// agent finds what a killed one left behind. Not synced: what does not survive the machine needs no ending.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { isSystemError } from './error.ts';
import { killOrphan } from './shell/process-tree.ts';

const FOLDER = 'running';

const processSchema = z.strictObject({
  pid: z.int().min(2),
  startedAt: z.string().max(128).nullable(),
});

/** A shell that runs: its pid, and what tells it from a later process with that pid. */
export type RunProcess = z.infer<typeof processSchema>;

/** Writes a process down, at once: between its start and this nobody would find it. */
export function keepProcess(folder: string, run: string, process: RunProcess): void {
  const path = join(folder, FOLDER, run);
  try {
    writeFileSync(path, JSON.stringify(process), { mode: 0o600 });
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error;
    mkdirSync(join(folder, FOLDER), { recursive: true, mode: 0o700 });
    writeFileSync(path, JSON.stringify(process), { mode: 0o600 });
  }
}

/** Forgets a process that has ended. */
export function forgetProcess(folder: string, run: string): void {
  rmSync(join(folder, FOLDER, run), { force: true });
}

/** Ends what an earlier life of the agent left running. Answers the runs that it found alive. */
export async function endOrphans(folder: string): Promise<readonly string[]> {
  await mkdir(join(folder, FOLDER), { recursive: true, mode: 0o700 });
  const ended: string[] = [];
  for (const run of await readdir(join(folder, FOLDER))) {
    const path = join(folder, FOLDER, run);
    const orphan = parseProcess(await readFile(path, 'utf8'));
    if (orphan !== null && (await killOrphan(orphan))) ended.push(run);
    await rm(path);
  }
  return ended;
}

/** Null for a file that was cut off: its agent was killed in the very moment of the start. */
function parseProcess(text: string): RunProcess | null {
  try {
    return processSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}
