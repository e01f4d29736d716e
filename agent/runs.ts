// The runs of this endpoint. They outlive a link: one that breaks is waited for, but not for ever, since
// nothing may go on that nobody records.

import { type Execute, Run, type Send } from './run.ts';
import { type AgentMessageOf, MAX_RUNS } from './protocol/link-message.ts';
import { forgetProcess, keepProcess } from './process-file.ts';
import type { ShellRequest } from './shell/shell.ts';

/** How long runs go on without a link. The appliance gives them up after the same time. */
export const RESUME_MS = 60_000;

/** How long an agent that is stopped waits for the ends of its runs to reach the log. */
export const STOP_MS = 5_000;

export interface RunsOptions {
  /** The endpoint's folder, where live processes are written down. */
  readonly folder: string;
  readonly execute: Execute;
  readonly resumeMs: number;
  readonly stopMs: number;
  readonly onStarted: (run: string, request: ShellRequest) => void;
  readonly onEnded: (
    run: string,
    outcome: AgentMessageOf<'exited'>['outcome'],
    exitCode: number | null,
  ) => void;
  /** A run was ended because nobody records it. */
  readonly onDropped: (run: string, why: string) => void;
  readonly onError: (error: unknown) => void;
}

/** The live runs. Disposal ends every one of them. */
export class Runs implements AsyncDisposable {
  readonly #options: RunsOptions;
  readonly #runs = new Map<string, Run>();
  /** Ends of commands that are still being brought about, dropped runs' too. */
  readonly #ending = new Set<Promise<void>>();
  #send: Send | null = null;
  #waiting: NodeJS.Timeout | undefined;
  #isStopping = false;
  #wakeStop: (() => void) | null = null;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  /** Why no run can be started now, or null. */
  get refusal(): string | null {
    if (this.#isStopping) return 'The agent is being stopped.';
    return this.#runs.size < MAX_RUNS ? null : `The endpoint has ${MAX_RUNS} runs already.`;
  }

  /** What the appliance is told of at the start of a link. */
  held(): { run: string; next: number }[] {
    return [...this.#runs.values()].map(({ name, next }) => ({ run: name, next }));
  }

  /** Goes on over a new link with the runs that the log knows; ends those that it does not. */
  resume(known: readonly { run: string; next: number }[], send: Send): void {
    clearTimeout(this.#waiting);
    this.#send = send;
    const next = new Map(known.map((each) => [each.run, each.next]));
    for (const run of [...this.#runs.values()]) {
      const wanted = next.get(run.name);
      if (wanted === undefined) this.#drop(run, 'the appliance does not know it');
      else if (!run.resume(wanted, send)) this.#drop(run, `the log wants piece ${wanted} of it`);
    }
  }

  /** The link is gone: runs go on for a while, then are ended. */
  detach(): void {
    this.#send = null;
    for (const run of this.#runs.values()) run.detach();
    clearTimeout(this.#waiting);
    if (this.#runs.size === 0) return;
    const { resumeMs } = this.#options;
    this.#waiting = setTimeout(() => {
      for (const run of [...this.#runs.values()]) this.#drop(run, 'no link came back in time');
    }, resumeMs);
  }

  /** Starts an order that was written down. Over the link that is there: runs are started by nobody else. */
  start(name: string, request: ShellRequest): void {
    const { folder, execute, onStarted, onEnded, onError } = this.#options;
    const run = new Run({
      name,
      request,
      execute,
      send: this.#send ?? (() => Promise.resolve()),
      onStarted: (process) => keepProcess(folder, name, process),
      onEnded: (outcome, exitCode) => {
        forgetProcess(folder, name);
        onEnded(name, outcome, exitCode);
      },
      onGone: () => {
        this.#runs.delete(name);
        this.#wakeStop?.();
      },
      onError,
    });
    this.#runs.set(name, run);
    const ended = run.ended.catch(onError).finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
    onStarted(name, request);
  }

  acknowledge(name: string, next: number): void {
    this.#runs.get(name)?.acknowledge(next);
  }

  /** Ends a run; one that is not here has ended already. */
  cancel(name: string): void {
    this.#runs.get(name)?.cancel();
  }

  /** Ends all runs, and gives the link a moment to tell their ends. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    for (const run of this.#runs.values()) run.cancel();
    await this.#allTold();
    for (const run of [...this.#runs.values()]) this.#drop(run, 'the agent was stopped');
    await Promise.all(this.#ending);
    clearTimeout(this.#waiting);
  }

  /** Ends all runs at once, untold. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#waiting);
    for (const run of [...this.#runs.values()]) this.#drop(run, 'the agent was stopped');
    await Promise.all(this.#ending);
  }

  async #allTold(): Promise<void> {
    if (this.#send === null) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakeStop = () => {
      if (this.#runs.size === 0) resolve();
    };
    this.#wakeStop();
    const timer = setTimeout(resolve, this.#options.stopMs);
    await promise;
    clearTimeout(timer);
  }

  #drop(run: Run, why: string): void {
    run.drop();
    this.#options.onDropped(run.name, why);
  }
}
