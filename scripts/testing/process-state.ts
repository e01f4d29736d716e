// Whether processes run, and waiting until something about them is so: what tests ask instead of guessing how
// long the machine takes.

import { readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

/** A fact that has not come after this long never comes: it is only there so that a test ends. */
const HOPELESS_MS = 120_000;

/** Waits until something is so. */
export async function until(isSo: () => boolean, what = 'it did not become so'): Promise<void> {
  const endMs = performance.now() + HOPELESS_MS;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(what);
    await wait(5);
  }
}

/**
 * Runs something that is given a time-out, with longer ones until it got as far as it is to be ended at. A slow
 * machine needs more attempts: no length of time is enough for all.
 */
export async function withTimeOut<Ended>(
  run: (timeoutMs: number) => Promise<Ended>,
  hasGotThere: (ended: Ended) => boolean,
): Promise<Ended> {
  for (let timeoutMs = 200; ; timeoutMs *= 3) {
    const ended = await run(timeoutMs);
    if (hasGotThere(ended)) return ended;
    if (timeoutMs > HOPELESS_MS) throw new Error(`it did not get there in ${timeoutMs} ms`);
  }
}

/** Whether a process runs. A zombie does not: it runs nothing any more. */
export function isRunning(pid: number): boolean {
  const state = processState(pid);
  return state !== null && state !== 'Z' && state !== 'X';
}

/** The letter of its state (proc(5)), or null when it is not in the table any more. */
export function processState(pid: number): string | null {
  return /\) (\S)/.exec(readProc(`${pid}/stat`))?.[1] ?? null;
}

/** The text of a file about processes; nothing when the process is gone, also between opening and reading it. */
export function readProc(path: string): string {
  try {
    return readFileSync(`/proc/${path}`, 'utf8');
  } catch {
    return ''; // ENOENT, ESRCH, or what a runtime makes of the second: there is no such process
  }
}
