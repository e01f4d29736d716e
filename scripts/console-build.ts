// The console as it runs is built by Vite into build/. Built when what it is made of has changed, by whoever
// needs it: `npm start`, the gate, a test.
//
//   node scripts/console-build.ts      builds when needed

import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';

import { LedgerError } from '#appliance/ledger/error.ts';
import { openLock } from '#appliance/ledger/lock.ts';
import { runCommand } from './command.ts';

const ROOT = join(import.meta.dirname, '..');

/** Where the built console stands: adapter-node's folder. */
export const CONSOLE_BUILD = join(ROOT, 'build');

const MARK = join(CONSOLE_BUILD, '.made-of');
const SOURCES = ['ui', 'crypto', 'agent/protocol', 'agent/policy', 'appliance/protocol'];
const FILES = ['package-lock.json', 'package.json', 'svelte.config.js', 'tsconfig.json'];
const BUILD_TIMEOUT_MS = 240_000;
const LOCK_FOLDER = join(ROOT, '.svelte-kit');
const LOCK_POLL_MS = 250;

/**
 * Builds the console unless what stands there was made of these very sources.
 * @throws {Error} with what the build said
 */
export async function buildConsole(log: (line: string) => void): Promise<void> {
  await using _lock = await lockBuild();
  await buildLocked(log);
}

/**
 * Puts a console of its own into an empty folder, so that whoever runs it is not disturbed by the next build.
 * Answers the path of its program. `signal` ends the waiting for another build; a build that is under way is ended by
 * `killAll`.
 * @throws {Error} with what the build said
 */
export async function copyConsole(
  folder: string,
  log: (line: string) => void,
  { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
): Promise<string> {
  await using _lock = await lockBuild(signal);
  await buildLocked(log);
  signal.throwIfAborted();
  const copy = join(folder, 'build');
  await cp(CONSOLE_BUILD, copy, { recursive: true });
  await cp(join(ROOT, 'package.json'), join(folder, 'package.json'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return join(copy, 'index.js');
}

/** One process at a time builds: others wait, and then find it built. */
async function lockBuild(signal?: AbortSignal): Promise<AsyncDisposable> {
  await mkdir(LOCK_FOLDER, { recursive: true });
  const deadlineMs = performance.now() + BUILD_TIMEOUT_MS;
  for (;;) {
    try {
      return await openLock(LOCK_FOLDER);
    } catch (error) {
      const isLocked = error instanceof LedgerError && error.code === 'locked';
      if (!isLocked || performance.now() > deadlineMs) throw error;
      await setTimeout(LOCK_POLL_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}

async function buildLocked(log: (line: string) => void): Promise<void> {
  const sources = await hashSources();
  if (sources === (await readMark())) return;
  log('Building the console …');
  for (const argv of [
    ['svelte-kit', 'sync'],
    ['vite', 'build', '--config', 'ui/vite.config.ts', '--logLevel', 'warn'],
  ] as const) {
    const { code, output } = await runCommand(argv, { cwd: ROOT, timeoutMs: BUILD_TIMEOUT_MS });
    if (code !== 0) throw new Error(`Cannot build the console: ${argv.join(' ')}\n${output}`);
  }
  await writeFile(MARK, sources);
}

async function readMark(): Promise<string | null> {
  try {
    return await readFile(MARK, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

async function hashSources(): Promise<string> {
  const hash = createHash('sha256');
  const listed = await Promise.all(SOURCES.map((folder) => listFiles(folder)));
  for (const path of [...listed.flat().sort(), ...FILES]) {
    hash
      .update(`${path}\0`)
      .update(await readFile(join(ROOT, path)))
      .update('\0');
  }
  return hash.digest('hex');
}

async function listFiles(folder: string): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length + 1));
}

if (import.meta.main) {
  try {
    await buildConsole(console.log);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  }
}
