// Runs commands, with a spare shell ready for the next one. The spare is made between runs, when the end of one
// has been told: making it takes the time that it saves, but nobody waits for it then.

import { isForSpare, openSpare, type Spare } from './spare.ts';
import { runShell, type ShellOptions, type ShellRequest, type ShellResult } from './shell.ts';
import type { ShellProcess } from './spawn.ts';

/** Runs commands as `runShell` does. Disposal ends the spare shell; runs go on to their own ends. */
export interface ShellRunner extends AsyncDisposable {
  readonly run: (request: ShellRequest, options: ShellOptions) => Promise<ShellResult>;
}

/** How long a spare waits: what it was started with may change, and an idle machine should hold none. */
export const SPARE_AGE_MS = 600_000;

/** Opens a runner. Its first command, and the first after a long rest, finds no spare and is spawned. */
export function openShellRunner({ maxAgeMs = SPARE_AGE_MS } = {}): ShellRunner {
  return new OpenRunner(maxAgeMs);
}

class OpenRunner implements ShellRunner {
  readonly #maxAgeMs: number;
  #spare: Spare | null = null;
  #soon: NodeJS.Immediate | undefined;
  #making: Promise<void> | null = null;
  #age: NodeJS.Timeout | undefined;
  #dropped: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(maxAgeMs: number) {
    this.#maxAgeMs = maxAgeMs;
  }

  readonly run = async (request: ShellRequest, options: ShellOptions): Promise<ShellResult> => {
    clearImmediate(this.#soon); // it would get in the way of this run
    try {
      return await runShell(request, { ...options, takeSpare: (taken) => this.#take(taken) });
    } finally {
      if (isForSpare(request)) this.#soon = setImmediate(() => this.#prepare());
    }
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true;
    clearImmediate(this.#soon);
    await this.#making;
    this.#drop();
    await this.#dropped;
  }

  #take(request: ShellRequest): ShellProcess | null {
    if (!isForSpare(request)) return null;
    const shell = this.#spare?.become(request) ?? null;
    this.#drop(); // it has become the command's, or is of no use
    return shell;
  }

  #prepare(): void {
    if (this.#isClosed || this.#spare !== null || this.#making !== null) return;
    const make = async (): Promise<void> => {
      try {
        this.#spare = await openSpare();
        this.#age = setTimeout(() => this.#drop(), this.#maxAgeMs);
      } catch {
        // Whatever keeps a shell from starting, the next command's own spawn will tell it to whom it concerns.
      } finally {
        this.#making = null;
      }
    };
    this.#making = make();
  }

  #drop(): void {
    clearTimeout(this.#age);
    if (this.#spare === null) return;
    this.#dropped = Promise.all([this.#dropped, this.#spare[Symbol.asyncDispose]()]);
    this.#spare = null;
  }
}
