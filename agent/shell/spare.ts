// One shell that waits for the next command, because a fork takes longer the more memory the agent holds (2-5 ms
// of a command's way). It reads one command from descriptor 0 and becomes, by exec, the very process that a spawn
// would have made: same arguments, environment, folder, descriptors and pid, nothing of the waiting left in it.
//
// A command is never run twice, and never in part. It goes in by one write that the system takes whole or not at
// all (pipe(7), PIPE_BUF): refused, nothing was read and nothing can run; taken, the process has it. Input that
// ends early is run by nobody, so a spare ends with its agent, however that ends.
//
// Who may write to its descriptor may trace the agent, too: both are the same user's.

import { Buffer } from 'node:buffer';
import { closeSync, statSync, writeSync } from 'node:fs';

import type { ShellName } from '#crypto/policy.ts';

import { bash, sh } from './bash.ts';
import { type Dialect, findProgram, isExecutable } from './dialect.ts';
import { commandFolder } from './environment.ts';
import { markPids } from './process-tree.ts';
import type { ShellRequest } from './shell.ts';
import { discard, type ShellProcess, spawnReader } from './spawn.ts';

/**
 * The longest command for a spare, in UTF-8. With what goes before it, it stays below PIPE_BUF (4096 on Linux);
 * and as a shell has to read a pipe a byte at a time, a longer one would take the time that is to be saved.
 */
export const MAX_SPARE_BYTES = 2048;

/**
 * What a spare runs while it waits. Only builtins: it forks nothing. Its variables are not exported; those that
 * a shell exports unasked are taken away again, so that the next one finds none of them, as after a spawn.
 */
export const SPARE_SCRIPT = `# A spare shell of the Caisey agent: it waits for one command and becomes its shell.
IFS=' ' read -r lines shell && IFS= read -r command || exit
while [ "$lines" -gt 1 ]; do
  IFS= read -r line || exit
  command=$command'
'$line
  lines=$((lines - 1))
done
unset PWD OLDPWD SHLVL _
exec $shell "$command" </dev/null
`;

/** The least that Linux takes whole or not at all: limits.h, pipe(7). */
const PIPE_BUF = 4096;

const DIALECTS: Partial<Readonly<Record<ShellName, Dialect>>> = { sh, bash };

/** The text that makes a spare run a command: the number of its lines and the shell's words, then its lines. */
export function spareInput(words: readonly string[], command: string): string {
  return `${command.split('\n').length} ${words.join(' ')}\n${command}\n`;
}

/** Whether a spare could run this: a spare is at home, and has the environment that every command finds. */
export function isForSpare({ shell, command, cwd, env }: ShellRequest): boolean {
  const isPlain = cwd === null && Object.keys(env).length === 0;
  return isPlain && DIALECTS[shell] !== undefined && Buffer.byteLength(command) <= MAX_SPARE_BYTES;
}

/**
 * Starts a shell that waits, or answers null where none can be had (all but Linux): commands are spawned then.
 * @throws the system's error when it cannot be started
 */
export async function openSpare({ folder = commandFolder() } = {}): Promise<Spare | null> {
  const program = findProgram(sh);
  const place = placeOf(folder);
  if (program === null || place === null) return null;
  const reader = await spawnReader(program, {
    args: ['-c', SPARE_SCRIPT, 'caisey-spare'],
    cwd: folder,
    env: {},
    isVerbatim: false,
  });
  return reader === null ? null : new Spare(reader.shell, { inlet: reader.inlet, folder, place });
}

/** A shell that waits. Disposal ends it, unless it runs a command already. */
export class Spare implements AsyncDisposable {
  readonly #shell: ShellProcess;
  readonly #inlet: number;
  readonly #folder: string;
  readonly #place: string;
  readonly #exited: Promise<void>;
  #use: 'waits' | 'given' | 'refused' | 'ended' = 'waits';
  #isBroken = false;

  constructor(
    shell: ShellProcess,
    { inlet, folder, place }: { inlet: number; folder: string; place: string },
  ) {
    this.#shell = shell;
    this.#inlet = inlet;
    this.#folder = folder;
    this.#place = place;
    const { child, pipes } = shell;
    this.#exited = new Promise((resolve) => child.once('exit', () => resolve()));
    const breaks = (): void => void (this.#isBroken = true);
    for (const each of [child, pipes.stdout, pipes.stderr]) each.on('error', breaks);
  }

  /** Runs a command, or answers null: then it did not and will not. Attend to the process in the same tick. */
  become(request: ShellRequest): ShellProcess | null {
    const dialect = DIALECTS[request.shell];
    const program = dialect === undefined ? null : findProgram(dialect);
    if (dialect === undefined || program === null) return null;
    const words = [program, ...dialect.args(request.command).slice(0, -1)]; // the command comes last
    const input = Buffer.from(spareInput(words, request.command));
    if (input.length > PIPE_BUF || !this.#isFit() || !isExecutable(program)) return null;
    const since = markPids();
    if (!this.#give(input)) return null;
    const { tree } = this.#shell;
    return { ...this.#shell, tree: since === null ? tree : { ...tree, since } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const use = this.#use;
    if (use === 'given' || use === 'ended') return;
    this.#use = 'ended';
    if (use === 'waits') closeSync(this.#inlet);
    discard(this.#shell.pipes);
    if (!this.#isAlive()) return;
    this.#shell.child.kill('SIGKILL'); // it has nothing to finish, and may have been stopped
    await this.#exited;
  }

  /** Whether it is as it was started: alive, silent, and where a command would be started now. */
  #isFit(): boolean {
    const { stdout, stderr } = this.#shell.pipes;
    const isSilent = stdout.readableLength + stderr.readableLength === 0;
    const isThere = placeOf(this.#folder) === this.#place;
    return this.#use === 'waits' && this.#isAlive() && !this.#isBroken && isSilent && isThere;
  }

  #isAlive(): boolean {
    const { exitCode, signalCode } = this.#shell.child;
    return exitCode === null && signalCode === null;
  }

  /** Writes all of the input or, as far as the shell can act on it, nothing. */
  #give(input: Uint8Array): boolean {
    try {
      this.#use = writeSync(this.#inlet, input) === input.length ? 'given' : 'refused';
    } catch {
      this.#use = 'refused'; // EPIPE: it has ended, and we are about to hear of it
    }
    closeSync(this.#inlet);
    return this.#use === 'given';
  }
}

/** Which folder stands under a name now, whatever stood there before. Null when none can be seen. */
function placeOf(folder: string): string | null {
  try {
    const { dev, ino } = statSync(folder, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null;
  }
}
