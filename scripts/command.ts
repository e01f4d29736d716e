// A child process in a group of its own, with an end: when its time is over, or ours is, the whole group goes.

import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import process from 'node:process';

/** How a command ended; `code` is null when a signal ended it, `output` is stdout and stderr as they came. */
export type Ended = {
  code: number | null;
  timedOut: boolean;
  output: string;
  ms: number;
};

export type CommandOptions = {
  timeoutMs: number;
  env?: Readonly<Record<string, string | undefined>>;
  cwd?: string;
};

/** Of a command's output the last this many characters are kept. */
const MAX_OUTPUT_CHARS = 1_000_000;

/** The pinned tools come before the machine's own, whoever started us. */
const TOOLS_FIRST = [
  join(import.meta.dirname, '../node_modules/.bin'),
  process.env['PATH'] ?? '',
].join(delimiter);

const running = new Set<number>();

/**
 * Runs a command to its end and answers how it ended; a failing command is an answer, not an error.
 * A program that cannot be started answers with code 127 and the reason in `output`.
 */
export async function runCommand(
  argv: readonly [string, ...string[]],
  { timeoutMs, env = {}, cwd = process.cwd() }: CommandOptions,
): Promise<Ended> {
  const started = performance.now();
  const [file, ...args] = argv;
  const child = spawn(file, args, {
    cwd,
    detached: true, // a group of its own, so that grandchildren end with it
    env: { ...process.env, PATH: TOOLS_FIRST, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const { pid } = child;
  if (pid !== undefined) running.add(pid);
  let output = '';
  let timedOut = false;
  const keep = (text: string) => {
    output = (output + text).slice(-MAX_OUTPUT_CHARS);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  const timer = setTimeout(() => {
    timedOut = true;
    if (pid !== undefined) killGroup(pid);
  }, timeoutMs);

  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('error', (error) => {
    keep(`${file}: ${error.message}\n`);
    resolve(127);
  });
  // A grandchild that outlives the command may hold the pipes: `exit` ends the group, so that `close` comes.
  child.on('exit', () => {
    if (pid !== undefined) killGroup(pid);
  });
  child.on('close', (code) => {
    resolve(code);
  });
  const code = await promise;
  clearTimeout(timer);
  if (pid !== undefined) running.delete(pid);
  return { code, timedOut, output, ms: performance.now() - started };
}

/** Ends every command still running; for a runner that is itself told to end. */
export function killAll(): void {
  for (const pid of running) killGroup(pid);
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
