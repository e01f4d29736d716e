// A command that runs: the process, its two pipes and what ends it. It ends when the shell has been waited for
// and both pipes are at their end; a child left behind that holds a pipe open is ended when it has been quiet.

import type { ChildProcess } from 'node:child_process';

import type { OutputQueue } from './output.ts';
import type { OutputPipes } from './pipes.ts';
import { hasLeftovers, killTree, type ProcessTree } from './process-tree.ts';
import type { ShellProcess } from './spawn.ts';

export type StopReason = 'timed-out' | 'cancelled';

export interface Graces {
  /** From SIGTERM to SIGKILL. */
  readonly killMs: number;
  /** How long an open pipe may be silent after the shell has ended. */
  readonly quietMs: number;
}

/** How the shell ended: a code, or a signal, or neither when it could not be ended. */
export interface Ending {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stopped: StopReason | null;
  /** Processes that withstood SIGKILL. */
  readonly survivors: readonly number[];
}

export class RunningCommand {
  readonly #child: ChildProcess;
  readonly #pipes: OutputPipes;
  readonly #tree: ProcessTree;
  readonly #graces: Graces;
  readonly #finished = Promise.withResolvers<void>();
  #exit: { readonly code: number | null; readonly signal: string | null } | null = null;
  #stopped: StopReason | null = null;
  #killing: Promise<void> | undefined;
  #survivors: readonly number[] = [];
  #queue: OutputQueue | undefined;
  #quietSince = 0;
  #isOver = false;
  /** What has not ended yet: the shell and its two pipes. */
  #open = 3;
  #watch: NodeJS.Timeout | undefined;

  constructor({ child, pipes, tree }: ShellProcess, graces: Graces) {
    this.#child = child;
    this.#pipes = pipes;
    this.#tree = tree;
    this.#graces = graces;
    child.once('exit', (code, signal) => {
      this.#exit = { code, signal };
      this.#watchQuiet();
      this.#oneEnded();
    });
    child.once('error', (error) => this.fail(error));
  }

  /** Lets both pipes flow into a queue. Call it in the tick that gave the process. */
  pipeInto(queue: OutputQueue): void {
    this.#queue = queue;
    for (const stream of ['stdout', 'stderr'] as const) {
      const pipe = this.#pipes[stream];
      pipe.on('data', (bytes: Uint8Array) => {
        this.#quietSince = performance.now();
        queue.push(stream, bytes);
      });
      pipe.once('close', () => this.#oneEnded());
      pipe.on('error', (error) => this.fail(error)); // output was lost: the record would be incomplete
    }
  }

  /** Rests both pipes, or lets them flow again. */
  press(isFull: boolean): void {
    const { stdout, stderr } = this.#pipes;
    this.#quietSince = performance.now();
    for (const pipe of [stdout, stderr]) {
      if (isFull) pipe.pause();
      else pipe.resume();
    }
  }

  /** Ends the command and all it started. The first reason counts, and only what it ended. */
  stop(reason: StopReason): void {
    const hasEnded = this.#isOver || (this.#exit !== null && !hasLeftovers(this.#tree));
    if (hasEnded) return; // what is left is output on its way
    this.#stopped ??= reason;
    this.#end();
  }

  /** Ends the command because the record of it cannot go on: `ended` will reject with this error. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.#end(() => {
      this.#finished.reject(error);
      this.#letGo();
    });
  }

  /**
   * Await it in the tick that gave the process. Resolves when the shell has ended, both pipes are at their end, and nothing that it started is left.
   * @throws what `fail` was given
   */
  async ended(): Promise<Ending> {
    try {
      await this.#finished.promise;
      this.#isOver = true;
      if (hasLeftovers(this.#tree)) await this.#kill();
    } finally {
      this.#isOver = true; // the end of a killing must not start to watch again
      clearTimeout(this.#watch);
      await this.#killing;
    }
    const { code = null, signal = null } = this.#exit ?? {};
    return { exitCode: code, signal, stopped: this.#stopped, survivors: this.#survivors };
  }

  #end(then: () => void = () => this.#watchQuiet()): void {
    this.#kill().then(then, (error: unknown) => this.#finished.reject(error));
  }

  #kill(): Promise<void> {
    const kill = async (): Promise<void> => {
      this.#survivors = await killTree(this.#tree, { graceMs: this.#graces.killMs });
      this.#killing = undefined;
    };
    return (this.#killing ??= kill());
  }

  /** Waits for silence on pipes that should be at their end; then ends who holds them; then lets go of them. */
  #watchQuiet(hasKilled = false): void {
    if (this.#isOver) return;
    clearTimeout(this.#watch);
    this.#quietSince = performance.now();
    const look = (): void => {
      const leftMs = this.#quietSince + this.#graces.quietMs - performance.now();
      if (leftMs > 0) this.#watch = setTimeout(look, leftMs);
      else if (this.#queue?.isFull === true) this.#watch = setTimeout(look, this.#graces.quietMs);
      else if (hasKilled) this.#letGo();
      else this.#end(() => this.#watchQuiet(true));
    };
    this.#watch = setTimeout(look, this.#graces.quietMs);
  }

  #oneEnded(): void {
    this.#open -= 1;
    if (this.#open === 0) this.#finished.resolve();
  }

  #letGo(): void {
    this.#pipes.stdout.destroy();
    this.#pipes.stderr.destroy();
    this.#child.unref();
    this.#finished.resolve();
  }
}
