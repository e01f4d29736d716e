// Spawning a shell: its process, its pipes, and what its processes are known by later. Errors are the system's.

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';

import { formatHex } from '#crypto/hex.ts';
import { randomBytes } from '#crypto/webcrypto.ts';

import { commandEnvironment } from './environment.ts';
import { type OutputPipes, type PipePair, takePipes } from './pipes.ts';
import { type ProcessTree, startedAtNow } from './process-tree.ts';

/** A shell that has been spawned, and where its output comes. */
export interface ShellProcess {
  readonly child: ChildProcess;
  readonly pipes: OutputPipes;
  readonly tree: ProcessTree;
}

export interface SpawnOptions {
  readonly args: readonly string[];
  readonly cwd: string;
  /** Added to what every command finds. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether Windows gets the arguments as they stand. */
  readonly isVerbatim: boolean;
}

/**
 * Spawns a shell that has no input.
 * @throws the system's error when it cannot be started
 */
export async function spawnShell(program: string, options: SpawnOptions): Promise<ShellProcess> {
  return spawnInto(program, { ...options, pair: await takePipes(), stdin: 'ignore' });
}

/**
 * Spawns a shell that reads from a pipe, whose other end comes with it as a descriptor: for a synchronous
 * write, that the system takes or refuses at once. Null where there are no such pipes (all but Linux).
 * @throws the system's error when it cannot be started
 */
export async function spawnReader(
  program: string,
  options: SpawnOptions,
): Promise<{ readonly shell: ShellProcess; readonly inlet: number } | null> {
  if (process.platform !== 'linux') return null;
  const pair = await takePipes();
  if (pair !== null) return spawnWithInlet(program, { ...options, pair });
  if (!('Deno' in globalThis)) return null; // a socket of Node's, which has no descriptor for us
  const shell = await spawnInto(program, { ...options, pair, stdin: 'pipe' });
  try {
    return { shell, inlet: openSync(`/proc/${shell.tree.pid}/fd/0`, constants.O_WRONLY) };
  } catch (error) {
    discard(shell.pipes);
    throw error;
  } finally {
    shell.child.stdin?.destroy();
  }
}

async function spawnWithInlet(
  program: string,
  options: SpawnOptions & { pair: PipePair },
): Promise<{ readonly shell: ShellProcess; readonly inlet: number }> {
  const { read, write } = options.pair.openInlet();
  try {
    return { shell: await spawnInto(program, { ...options, stdin: read }), inlet: write };
  } catch (error) {
    closeSync(write);
    throw error;
  } finally {
    closeSync(read);
  }
}

/** Reads pipes that nobody wants to their end, and throws away what comes. */
export function discard(pipes: OutputPipes | undefined): void {
  pipes?.stdout.resume();
  pipes?.stderr.resume();
}

async function spawnInto(
  program: string,
  options: SpawnOptions & { pair: PipePair | null; stdin: 'ignore' | 'pipe' | number },
): Promise<ShellProcess> {
  const { args, cwd, env, isVerbatim, pair, stdin } = options;
  const marker = formatHex(randomBytes(16));
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      cwd,
      env: commandEnvironment(env, marker),
      stdio: [stdin, pair?.stdout ?? 'pipe', pair?.stderr ?? 'pipe'],
      detached: process.platform !== 'win32', // POSIX: a session and a process group of its own
      windowsHide: true,
      windowsVerbatimArguments: isVerbatim,
    });
  } catch (error) {
    discard(pair?.open());
    throw error;
  }
  const { pid, stdout, stderr } = child;
  const own = stdout === null || stderr === null ? undefined : { stdout, stderr };
  const pipes = pair?.open() ?? own;
  if (pid !== undefined && pipes !== undefined) {
    return { child, pipes, tree: { pid, startedAt: startedAtNow(pid), marker } };
  }
  discard(pipes);
  return new Promise((_resolve, reject) => child.once('error', reject));
}
