// What a process of ours costs, by the system's own account; null where the system does not tell (no /proc).

import { readFile } from 'node:fs/promises';

import type { Daemon } from '../caisey-process.ts';

/** Clock ticks a second: what Linux tells programs on every machine that Node runs on. */
const TICKS = 100;

/** Resident memory in megabytes (10^6 bytes). */
export async function residentMb({ child }: Daemon): Promise<number | null> {
  const status = await read(`/proc/${child.pid ?? 0}/status`);
  const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status ?? '')?.[1]);
  return status === null ? null : Math.round((kilobytes * 1024) / 1e5) / 10;
}

/** Seconds of processor that it has used. */
export async function cpuSeconds({ child }: Daemon): Promise<number | null> {
  const stat = await read(`/proc/${child.pid ?? 0}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' '); // its name may have spaces
  return fields === undefined ? null : (Number(fields[11]) + Number(fields[12])) / TICKS;
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    return null; // no /proc on this system
  }
}
