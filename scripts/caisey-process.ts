// Running `caisey` as processes of their own: what start, demo and scenarios are made of.

import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

import { visibleText } from '#crypto/visible.ts';

const CLI = fileURLToPath(new URL('./caisey.ts', import.meta.url));
const APPLIANCE = fileURLToPath(new URL('../appliance/main.ts', import.meta.url));
const AGENT = fileURLToPath(new URL('../agent/main.ts', import.meta.url));
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What runs a program of this house. */
export type Runtime = 'node' | 'deno';

/** The program and arguments for one of our files on a runtime. */
export function commandLine(
  runtime: Runtime,
  file: string,
): { program: string; args: readonly string[] } {
  if (runtime === 'node') return { program: process.execPath, args: [file] };
  const deno = fileURLToPath(new URL('../node_modules/.bin/deno', import.meta.url));
  return { program: deno, args: ['run', '-A', '--no-prompt', file] };
}

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs one `caisey` command to its end. */
export async function caisey(
  args: readonly string[],
  { home, input = '' }: { home: string; input?: string },
): Promise<Finished> {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd: ROOT,
    env: environmentOf(home),
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(input);
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      resolve(exitCode ?? 1);
    });
  });
  return {
    code,
    stdout: Buffer.concat(out).toString('utf8'),
    stderr: Buffer.concat(err).toString('utf8'),
  };
}

/** Runs a `caisey` command that must succeed. @throws {Error} with what it said when it does not */
export async function caiseyOk(
  args: readonly string[],
  options: { home: string; input?: string },
): Promise<string> {
  const { code, stdout, stderr } = await caisey(args, options);
  if (code !== 0) throw new Error(`caisey ${args.join(' ')}: exit ${code}\n${stderr}${stdout}`);
  return stdout;
}

/** A daemon of ours in its own process. Disposing asks it to stop, and in the end makes it. */
export interface Daemon extends AsyncDisposable {
  readonly child: ChildProcess;
  /** Its exit code, when it ends; null when a signal ended it. */
  readonly ended: Promise<number | null>;
}

const STOP_MS = 10_000;

/** Starts a `caisey` command that runs until it is stopped. */
export function startCaisey(
  args: readonly string[],
  options: { home: string; onLine: (line: string) => void },
): Daemon {
  return startDaemon({ program: process.execPath, args: [CLI, ...args] }, options);
}

/** Starts the appliance of a home. */
export function startAppliance(options: { home: string; onLine: (line: string) => void }): Daemon {
  const args = [APPLIANCE, 'run', '--dir', join(options.home, 'appliance')];
  return startDaemon({ program: process.execPath, args }, options);
}

/** Starts an endpoint's agent on a runtime. */
export function startAgent(options: {
  runtime: Runtime;
  folder: string;
  home: string;
  onLine: (line: string) => void;
}): Daemon {
  const { program, args } = commandLine(options.runtime, AGENT);
  return startDaemon({ program, args: [...args, 'run', '--dir', options.folder] }, options);
}

/** Enrols an endpoint with a token, on the runtime that it will run on. */
export async function enrolAgent({
  runtime,
  folder,
  token,
  home,
}: {
  runtime: Runtime;
  folder: string;
  token: string;
  home: string;
}): Promise<void> {
  const { program, args } = commandLine(runtime, AGENT);
  const child = spawn(program, [...args, 'enrol', '--dir', folder, '--token-file', '-'], {
    cwd: ROOT,
    env: environmentOf(home),
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  child.stdin.end(token);
  const err: Buffer[] = [];
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code !== 0) throw new Error(`Cannot enrol: ${Buffer.concat(err).toString('utf8')}`);
}

/**
 * Starts a program of ours, with `env` beside what this process has. What it prints is told line by line, each
 * character visible: it may be somebody else's text by the time it is here, and goes on to a terminal.
 */
export function startDaemon(
  { program, args }: { program: string; args: readonly string[] },
  {
    home,
    onLine,
    env = {},
    hasChannel = false,
  }: {
    home: string;
    onLine: (line: string) => void;
    env?: Readonly<Record<string, string>>;
    /** Whether the two processes can send each other messages. */
    hasChannel?: boolean;
  },
): Daemon {
  const child = spawn(program, args, {
    cwd: ROOT,
    env: { ...environmentOf(home), ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...(hasChannel ? (['ipc'] as const) : [])],
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      onLine(visibleText(line));
    });
  }
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return {
    child,
    ended,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await ended;
      clearTimeout(kill);
    },
  };
}

function environmentOf(home: string): NodeJS.ProcessEnv {
  return { ...process.env, CAISEY_HOME: home };
}
