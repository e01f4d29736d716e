// Runs one command in one shell and gives back exactly what it wrote, how it ended, and nothing left running.
// What it is asked has been authorised before (`checkWorkOrder`); here it is only run, and bounded.

import { statSync } from 'node:fs';
import { isAbsolute } from 'node:path';

import { SHELLS, type ShellName } from '#crypto/policy.ts';

import { bash, sh } from './bash.ts';
import { cmd } from './cmd.ts';
import { type Dialect, findProgram, forgetProgram } from './dialect.ts';
import { commandFolder, environmentRefusal } from './environment.ts';
import { type OutputChunk, OutputQueue } from './output.ts';
import { powershell, pwsh } from './powershell.ts';
import { KILL_GRACE_MS } from './process-tree.ts';
import { type Ending, type Graces, RunningCommand } from './running.ts';
import { type ShellProcess, spawnShell } from './spawn.ts';

/** What to run, and within which bounds. */
export interface ShellRequest {
  readonly shell: ShellName;
  readonly command: string;
  /** An absolute folder, or null for the home of the agent's user. */
  readonly cwd: string | null;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** Of stdout and stderr together. What is beyond is read, counted and thrown away. */
  readonly maxOutputBytes: number;
}

export type Outcome = 'exited' | 'signalled' | 'timed-out' | 'cancelled' | 'not-started';

/** How it ended. */
export interface ShellResult {
  readonly outcome: Outcome;
  /** The shell's exit code; null when a signal ended it or it did not run. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Delivered bytes, by stream. */
  readonly stdoutBytes: number;
  readonly stderrBytes: number;
  /** Bytes beyond `maxOutputBytes`: not delivered. */
  readonly droppedBytes: number;
  readonly durationMs: number;
  /** Why it did not start, or what of it could not be ended; else null. */
  readonly problem: string | null;
}

export interface ShellOptions {
  /** Ends the command and everything it started. */
  readonly signal: AbortSignal;
  /** Takes output, one piece at a time; the command's pipes rest while it is behind. */
  readonly onOutput: (chunk: OutputChunk) => Promise<void>;
  /** Told once, before any output is delivered. */
  readonly onStarted?: (process: { pid: number; startedAt: string | null }) => void | Promise<void>;
  readonly graces?: Partial<Graces>;
  /** Gives a process that was there before and runs this request now, or null: then one is spawned. */
  readonly takeSpare?: (request: ShellRequest) => ShellProcess | null;
}

/** How long a child left behind may hold a pipe in silence after the shell has ended. */
export const QUIET_GRACE_MS = 500;

const DIALECTS: Readonly<Record<ShellName, Dialect>> = { sh, bash, powershell, pwsh, cmd };

/** The shells that this machine has. */
export async function availableShells(): Promise<ShellName[]> {
  return SHELLS.filter((name) => findProgram(DIALECTS[name]) !== null);
}

/**
 * Runs one command to its end. The command reads no input and has a process group of its own; when the shell has
 * ended, whatever it left running is ended too, so that nothing goes on unrecorded. A command that cannot be
 * started is a result (`not-started`), not an error.
 * @throws what `onOutput` or `onStarted` threw, after ending the command: what cannot be recorded does not run
 */
export async function runShell(request: ShellRequest, options: ShellOptions): Promise<ShellResult> {
  const refusal = refusalOf(request);
  if (refusal !== null) return unstarted('not-started', refusal);
  if (options.signal.aborted) return unstarted('cancelled', 'it was cancelled before it started');
  const beganAt = performance.now();
  const shell = options.takeSpare?.(request) ?? (await start(request));
  if (typeof shell === 'string') return unstarted('not-started', shell);
  return attend(shell, { request, options, beganAt });
}

function refusalOf({ shell, command, cwd, env }: ShellRequest): string | null {
  const dialect = DIALECTS[shell];
  if (findProgram(dialect) === null) return `this machine has no ${shell}`;
  if (command.includes('\0')) return 'the command holds a NUL';
  if (!command.isWellFormed()) return 'the command holds a lone surrogate';
  if (cwd !== null && (!isAbsolute(cwd) || cwd.includes('\0')))
    return `"${cwd}" is no absolute folder`;
  return environmentRefusal(env) ?? dialect.refusal(command);
}

/** Spawns the shell. An error, which the system tells at once, is turned into its reason. */
async function start(request: ShellRequest): Promise<ShellProcess | string> {
  const dialect = DIALECTS[request.shell];
  const program = findProgram(dialect);
  if (program === null) return `this machine has no ${request.shell}`;
  const { command, env } = request;
  const cwd = request.cwd ?? commandFolder();
  const { isVerbatim } = dialect;
  try {
    return await spawnShell(program, { args: dialect.args(command), cwd, env, isVerbatim });
  } catch (error) {
    return whyNotStarted(error, { cwd, dialect });
  }
}

function whyNotStarted(
  error: unknown,
  { cwd, dialect }: { cwd: string; dialect: Dialect },
): string {
  forgetProgram(dialect);
  // The system says ENOENT for a missing folder and for a missing program alike.
  const folder = statSync(cwd, { throwIfNoEntry: false });
  if (folder === undefined) return `folder "${cwd}" does not exist`;
  if (!folder.isDirectory()) return `"${cwd}" is not a folder`;
  return error instanceof Error ? error.message : String(error);
}

interface Attended {
  readonly request: ShellRequest;
  readonly options: ShellOptions;
  readonly beganAt: number;
}

async function attend(
  shell: ShellProcess,
  { request, options, beganAt }: Attended,
): Promise<ShellResult> {
  const { pid, startedAt } = shell.tree;
  const graces = { killMs: KILL_GRACE_MS, quietMs: QUIET_GRACE_MS, ...options.graces };
  const running = new RunningCommand(shell, graces);
  const ready = tell(options.onStarted, { pid, startedAt });
  ready?.catch((error: unknown) => running.fail(error));
  const queue = new OutputQueue({
    maxBytes: request.maxOutputBytes,
    ready,
    onOutput: options.onOutput,
    onPressure: (isFull) => running.press(isFull),
    onFailure: (error) => running.fail(error),
  });
  running.pipeInto(queue);
  const timer = setTimeout(() => running.stop('timed-out'), request.timeoutMs);
  const cancel = (): void => running.stop('cancelled');
  options.signal.addEventListener('abort', cancel);
  if (options.signal.aborted) cancel(); // while it was being started
  try {
    const ending = await running.ended();
    const durationMs = Math.round(performance.now() - beganAt);
    await ready;
    await queue.drained();
    return resultOf(ending, { queue, durationMs });
  } finally {
    clearTimeout(timer);
    options.signal.removeEventListener('abort', cancel);
  }
}

/** Tells who started it. A promise even when that throws at once; undefined when there is nothing to wait for. */
function tell(
  onStarted: ShellOptions['onStarted'],
  started: { pid: number; startedAt: string | null },
): Promise<void> | undefined {
  if (onStarted === undefined) return undefined;
  return (async () => onStarted(started))();
}

function resultOf(
  ending: Ending,
  { queue, durationMs }: { queue: OutputQueue; durationMs: number },
): ShellResult {
  const { exitCode, signal, stopped, survivors } = ending;
  const { stdout, stderr, dropped } = queue.counts;
  return {
    outcome: stopped ?? (signal === null ? 'exited' : 'signalled'),
    exitCode,
    signal,
    stdoutBytes: stdout,
    stderrBytes: stderr,
    droppedBytes: dropped,
    durationMs,
    problem: survivors.length === 0 ? null : `processes ${survivors.join(', ')} could not be ended`,
  };
}

function unstarted(outcome: 'not-started' | 'cancelled', problem: string): ShellResult {
  return {
    outcome,
    exitCode: null,
    signal: null,
    stdoutBytes: 0,
    stderrBytes: 0,
    droppedBytes: 0,
    durationMs: 0,
    problem,
  };
}
