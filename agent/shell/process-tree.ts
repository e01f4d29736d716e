// Ending everything that a command started. On Linux the processes are read from /proc (proc(5)) and belong to a
// run when they are in its process group or session, descend from it, were seen to, or carry its marker in their
// environment: so a child that called setsid is found too. A process that is just becoming another program has no
// environment for a moment: nobody can tell then whether it is ours, and it is looked at again. Elsewhere on POSIX it is the process group, on
// Windows the tree that taskkill sees. A command that has root and wants to hide can still have another service
// (systemd-run, at, a container engine) start work for it: that is not its child on any system.

import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';

import { RUN_MARKER, windowsFolder } from './environment.ts';

/** What knows a run's processes: the shell's pid, when it started, and the value of its marker. */
export interface ProcessTree {
  readonly pid: number;
  readonly startedAt: string | null;
  readonly marker: string | null;
  /** When its command began, for a shell that was there before; else the command began with the shell. */
  readonly since?: PidMark;
}

/** A moment of this machine: the pid that it had given out last, and `performance.now()`. */
export interface PidMark {
  readonly pid: number;
  readonly atMs: number;
}

/** How long processes may take to leave after SIGTERM, before SIGKILL. */
export const KILL_GRACE_MS = 2_000;

/** How long processes may take to leave after SIGKILL, before they are reported as surviving. */
export const KILL_DEADLINE_MS = 5_000;

/**
 * Ends every process of a tree: SIGTERM, a grace, SIGKILL until none is left. Processes are looked for again at
 * each step, as they may start others meanwhile. The agent itself is never signalled.
 * @returns the pids that could not be ended within the deadline: none, as a rule
 */
export async function killTree(
  tree: ProcessTree,
  { graceMs = KILL_GRACE_MS, deadlineMs = KILL_DEADLINE_MS } = {},
): Promise<readonly number[]> {
  switch (process.platform) {
    case 'win32':
      return killWindowsTree(tree.pid, deadlineMs);
    case 'linux':
      return endAll(linuxTargets(tree), { graceMs, deadlineMs });
    default:
      return endAll(groupTargets(tree.pid), { graceMs, deadlineMs });
  }
}

/**
 * Whether anything of an ended run is still there, or may be: `killTree` looks until it is sure. The shell itself must have been waited for. Made to cost next
 * to nothing after a short command: nothing can be left where nothing was started since the command began, and
 * else only pids given out since are looked at.
 */
export function hasLeftovers(tree: ProcessTree): boolean {
  if (process.platform === 'win32') return false; // Windows keeps no link from a child to an ended parent
  const isAnything = ({ targets, isSure }: Found): boolean => targets.length > 0 || !isSure;
  if (process.platform !== 'linux') return isAnything(groupTargets(tree.pid)());
  const first = tree.since?.pid ?? tree.pid;
  const last = lastPid();
  if (last === first) return false;
  if (last === null || isOld(tree)) return isAnything(linuxTargets(tree)());
  const isSince = (pid: number): boolean =>
    last > first ? pid > first && pid <= last : pid > first || pid <= last;
  return isAnything(linuxTargets(tree, isSince)());
}

/** Marks this moment, for a command that a waiting shell begins now. Null where the system does not tell. */
export function markPids(): PidMark | null {
  const pid = lastPid();
  return pid === null ? null : { pid, atMs: performance.now() };
}

/**
 * When a process started, as text that no other process with the same pid can have: boot id and the start time
 * in clock ticks after boot. Null when it is gone, or where the system does not tell (all but Linux).
 */
export async function processStartedAt(pid: number): Promise<string | null> {
  return startedAtNow(pid);
}

/** As `processStartedAt`, at once: /proc is memory, no disk is waited for. */
export function startedAtNow(pid: number): string | null {
  if (process.platform !== 'linux') return null;
  const row = readRow(pid);
  const boot = bootId();
  return row === null || boot === null ? null : `${boot}:${row.startTicks}`;
}

/**
 * Ends what an earlier life of the agent left running. Only when the start time matches, or when the shell is
 * gone and its group is not: then only members that carry a run's marker. So a pid that the system has given to
 * somebody else is never killed.
 * @returns whether there was anything to end
 */
export async function killOrphan(
  { pid, startedAt }: { pid: number; startedAt: string | null },
  { graceMs = KILL_GRACE_MS, deadlineMs = KILL_DEADLINE_MS } = {},
): Promise<boolean> {
  if (process.platform !== 'linux' || startedAt === null) return false;
  if (startedAt.slice(0, startedAt.lastIndexOf(':')) !== bootId()) return false; // no process outlives a boot
  const leader = startedAtNow(pid);
  if (leader !== null && leader !== startedAt) return false;
  if (leader !== null) {
    const marker = await markerOf(pid);
    await killTree({ pid, startedAt, marker }, { graceMs, deadlineMs });
    return true;
  }
  const members = readRows(() => true).filter((row) => row.group === pid || row.session === pid);
  let marker: string | null = null;
  for (const member of members) marker ??= await markerOf(member.pid);
  if (marker === null) return false;
  await killTree({ pid, startedAt, marker }, { graceMs, deadlineMs });
  return true;
}

/** One line of /proc/<pid>/stat, as far as we need it. */
export interface ProcessRow {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly startTicks: number;
  /** A zombie: it runs nothing any more, and only its parent can take it away. */
  readonly isDead: boolean;
}

/** Parses /proc/<pid>/stat, whose second field may hold anything, blanks and parentheses too. Null if malformed. */
export function parseProcessRow(text: string): ProcessRow | null {
  const end = text.lastIndexOf(')');
  const fields = text.slice(end + 2).split(' '); // fields[0] is field 3 of proc(5), the state
  const row = {
    pid: Number.parseInt(text, 10),
    parent: Number(fields[1]),
    group: Number(fields[2]),
    session: Number(fields[3]),
    startTicks: Number(fields[19]),
    isDead: fields[0] === 'Z' || fields[0] === 'X',
  };
  const numbers = [row.pid, row.parent, row.group, row.session, row.startTicks];
  return end > 0 && numbers.every(Number.isSafeInteger) ? row : null;
}

/**
 * Which of all processes belong to a tree. `seen` holds those found before, by pid with their start: they stay
 * ours when their parent has ended. `hasMarker` is asked only about processes that nothing else decides.
 */
export function selectTree(
  rows: readonly ProcessRow[],
  options: {
    pid: number;
    startTicks: number | null;
    seen: ReadonlyMap<number, number>;
    hasMarker: (pid: number) => boolean;
  },
): readonly ProcessRow[] {
  const { pid, startTicks, seen, hasMarker } = options;
  const leader = rows.find((row) => row.pid === pid);
  // The system gives no pid out again while a group or session of that number lives. So a stranger with our
  // pid says that our group is empty, and that a group of this number is the stranger's.
  const isStranger =
    startTicks !== null && leader !== undefined && leader.startTicks !== startTicks;
  const chosen = new Set<number>();
  for (const row of rows) {
    if (startTicks !== null && row.startTicks < startTicks) continue; // older than the run
    const isMember = !isStranger && (row.pid === pid || row.group === pid || row.session === pid);
    const isOurs = isMember || seen.get(row.pid) === row.startTicks || hasMarker(row.pid);
    if (isOurs) chosen.add(row.pid);
  }
  for (let grew = true; grew;) {
    grew = false;
    for (const row of rows) {
      if (chosen.has(row.pid) || !chosen.has(row.parent)) continue;
      chosen.add(row.pid);
      grew = true;
    }
  }
  return rows.filter((row) => chosen.has(row.pid));
}

/** Something that can be signalled, found anew at each call. */
interface Target {
  readonly id: number;
  /** As kill(2) takes it: negative for a group. */
  readonly address: number;
}

/** What one look found, and whether it could judge every process. */
interface Found {
  readonly targets: readonly Target[];
  readonly isSure: boolean;
}

type FindTargets = () => Found;

async function endAll(
  find: FindTargets,
  { graceMs, deadlineMs }: { graceMs: number; deadlineMs: number },
): Promise<readonly number[]> {
  const asked = new Set<number>();
  const ask = (target: Target): void => {
    if (asked.has(target.id)) return;
    asked.add(target.id);
    send(target, 'SIGTERM');
    send(target, 'SIGCONT'); // a stopped process would not hear the first
  };
  const left = await untilGone(find, { withinMs: graceMs, each: ask });
  if (left.length === 0) return [];
  const kill = (target: Target): void => send(target, 'SIGKILL');
  return (await untilGone(find, { withinMs: deadlineMs, each: kill })).map(({ id }) => id);
}

/** Signals what is found, again and again at growing distances, until nothing is or the time is over. */
async function untilGone(
  find: FindTargets,
  { withinMs, each }: { withinMs: number; each: (target: Target) => void },
): Promise<readonly Target[]> {
  const end = performance.now() + withinMs;
  for (let pauseMs = 1; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    const { targets, isSure } = find();
    const leftMs = end - performance.now();
    if ((targets.length === 0 && isSure) || leftMs <= 0) return targets;
    targets.forEach(each);
    await wait(Math.min(pauseMs, leftMs));
  }
}

function linuxTargets(
  { pid, startedAt, marker }: ProcessTree,
  isCandidate: (pid: number) => boolean = () => true,
): FindTargets {
  const seen = new Map<number, number>();
  const startTicks = ticksOf(startedAt);
  return () => {
    let isSure = true;
    const hasMarker = (id: number): boolean => {
      const environment = marker === null ? null : readEnvironment(id);
      if (environment === null) return false;
      if (markerIn(environment) === marker) return true;
      isSure &&= isWhole(environment, id);
      return false;
    };
    const rows = selectTree(readRows(isCandidate), { pid, startTicks, seen, hasMarker });
    for (const row of rows) seen.set(row.pid, row.startTicks);
    const targets = rows
      .filter((row) => !row.isDead && row.pid !== process.pid && row.pid > 1)
      .map((row) => ({ id: row.pid, address: row.pid }));
    return { targets, isSure };
  };
}

function groupTargets(pid: number): FindTargets {
  return () => ({ targets: canSignal(-pid) ? [{ id: pid, address: -pid }] : [], isSure: true });
}

function canSignal(address: number): boolean {
  try {
    process.kill(address, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM'; // there, but not ours to signal
  }
}

function send({ address }: Target, signal: NodeJS.Signals): void {
  try {
    process.kill(address, signal);
  } catch (error) {
    // Gone meanwhile, or not ours to signal: the next look tells which, and survivors are reported.
    if (codeOf(error) !== 'ESRCH' && codeOf(error) !== 'EPERM') throw error;
  }
}

function killWindowsTree(pid: number, deadlineMs: number): Promise<readonly number[]> {
  const program = `${windowsFolder()}\\System32\\taskkill.exe`;
  const options = { timeout: deadlineMs, windowsHide: true };
  return new Promise((resolve) => {
    execFile(program, ['/pid', String(pid), '/T', '/F'], options, (error) => {
      // 128: no such process, which is what we want. All else leaves the process in doubt.
      resolve(error === null || error.code === 128 ? [] : [pid]);
    });
  });
}

function readRows(isCandidate: (pid: number) => boolean): readonly ProcessRow[] {
  const rows: ProcessRow[] = [];
  for (const name of readdirSync('/proc')) {
    const pid = Number(name); // NaN for what is no process
    const row = pid > 0 && isCandidate(pid) ? readRow(pid) : null;
    if (row !== null) rows.push(row);
  }
  return rows;
}

function readRow(pid: number): ProcessRow | null {
  const text = readProc(`${pid}/stat`);
  return text === null ? null : parseProcessRow(text);
}

/** The marker of a process, read again while that may have been only a part of its environment. */
async function markerOf(pid: number): Promise<string | null> {
  for (let pauseMs = 1; ; pauseMs *= 2) {
    const environment = readEnvironment(pid);
    const marker = environment === null ? null : markerIn(environment);
    const isSure = marker !== null || environment === null || isWhole(environment, pid);
    if (isSure || pauseMs > MAX_SETTLING_MS) return marker;
    await wait(pauseMs);
  }
}

/** How long a process is waited for that is becoming another program: the system reads that from a disk. */
const MAX_SETTLING_MS = 2_000;

/** A character for each byte: what it is not about need not be text. */
function readEnvironment(pid: number): string | null {
  return readProc(`${pid}/environ`, 'latin1');
}

function markerIn(environment: string): string | null {
  const prefix = `${RUN_MARKER}=`;
  const entry = environment.split('\0').find((each) => each.startsWith(prefix));
  return entry?.slice(prefix.length) ?? null;
}

/**
 * Whether that was all of a process's environment. Not while it becomes another program: execve(2) gives it a new
 * memory first, then the environment, and last the place of its code; who reads meanwhile gets nothing, or the
 * beginning. A system that does not tell the places is believed.
 */
function isWhole(environment: string, pid: number): boolean {
  const places = placesOf(pid);
  tellsPlaces ??= (placesOf(process.pid)?.environmentBytes ?? 0) > 0;
  if (places === null || !tellsPlaces) return true;
  return places.code > 0 && places.environmentBytes === environment.length;
}

let tellsPlaces: boolean | undefined;

/** Where in its memory a process has code, and how long its environment is; null when it is dead. */
function placesOf(pid: number): { code: number; environmentBytes: number } | null {
  const text = readProc(`${pid}/stat`) ?? '';
  if (parseProcessRow(text)?.isDead !== false) return null;
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  // proc(5): 26 startcode, 50 env_start, 51 env_end
  const [code = 0, start = 0, end = 0] = [fields[23], fields[47], fields[48]].map(Number);
  return { code, environmentBytes: end - start };
}

/** The pid that the system gave out last (proc(5), loadavg), or null. */
function lastPid(): number | null {
  const last = readProc('loadavg')?.trim().split(' ').at(-1);
  return last === undefined ? null : Number(last);
}

function ticksOf(startedAt: string | null): number | null {
  return startedAt === null ? null : Number(startedAt.slice(startedAt.lastIndexOf(':') + 1));
}

/** The kernel's unit of start times towards programs, on every architecture that Node runs on (sysconf(3)). */
const TICKS_PER_SECOND = 100;

/** In this time a machine cannot give out every pid once and begin again. */
const YOUNG_MS = 500;
const YOUNG_TICKS = (YOUNG_MS / 1000) * TICKS_PER_SECOND;

function isOld({ startedAt, since }: ProcessTree): boolean {
  if (since !== undefined) return performance.now() - since.atMs >= YOUNG_MS;
  const ticks = ticksOf(startedAt);
  const uptimeS = Number.parseFloat(readProc('uptime') ?? 'NaN');
  return ticks === null || !(uptimeS * TICKS_PER_SECOND - ticks < YOUNG_TICKS); // NaN counts as old
}

let boot: string | null | undefined;

function bootId(): string | null {
  boot ??= readProc('sys/kernel/random/boot_id')?.trim() ?? null;
  return boot;
}

function readProc(path: string, encoding: 'utf8' | 'latin1' = 'utf8'): string | null {
  try {
    return readFileSync(`/proc/${path}`, encoding);
  } catch {
    return null; // the process has ended, or is hidden from us: either way there is nothing to read
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
