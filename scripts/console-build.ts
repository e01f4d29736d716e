// The console as it runs is built by Vite into build/. Built when what it is made of has changed, by whoever
// needs it: `npm start`, the gate, a test.
//
//   node scripts/console-build.ts      builds when needed

import { createHash } from 'node:crypto';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import { runCommand } from './command.ts';

const ROOT = join(import.meta.dirname, '..');

/** Where the built console stands: adapter-node's folder. */
export const CONSOLE_BUILD = join(ROOT, 'build');

const MARK = join(CONSOLE_BUILD, '.made-of');
const SOURCES = ['ui', 'crypto', 'agent/protocol', 'agent/policy', 'appliance/protocol'];
const FILES = ['package-lock.json', 'package.json', 'svelte.config.js', 'tsconfig.json'];
const BUILD_TIMEOUT_MS = 240_000;

/**
 * Builds the console unless what stands there was made of these very sources.
 * @throws {Error} with what the build said
 */
export async function buildConsole(log: (line: string) => void): Promise<void> {
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
