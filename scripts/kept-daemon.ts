// A daemon that is to stay up: when it ends by itself it is started again, a few times, with growing pauses. What no
// other start would mend is said with the way out instead, and is left off; so is what was stopped on purpose.

import type { Clock } from '#appliance/work/clock.ts';
import type { Daemon } from './caisey-process.ts';

/** Before each try; as many tries as pauses within `WINDOW_MS`. */
export const PAUSES_MS = [2_000, 15_000, 60_000] as const;
export const WINDOW_MS = 600_000;

/** A daemon that ended before it was up, or was not up in time. */
export class NotUpError extends Error {
  override readonly name = 'NotUpError';
  /** Null: a signal ended it, or we did. */
  readonly exitCode: number | null;

  constructor(message: string, { exitCode }: { exitCode: number | null }) {
    super(message);
    this.exitCode = exitCode;
  }
}

export interface KeptOptions {
  /** What it is, within a sentence: `appliance`. */
  readonly name: string;
  /** Starts it, and resolves when it is up. @throws {NotUpError} and leaves nothing running */
  readonly open: (
    signal: AbortSignal,
  ) => Promise<Pick<Daemon, 'ended' | typeof Symbol.asyncDispose>>;
  /** What an exit code means that no other start would mend, and the way out; null: another start may. */
  readonly refusal: (exitCode: number | null) => string | null;
  readonly say: (text: string) => void;
  readonly clock: Clock;
  /** From then on it is left to end, and nothing is started any more. */
  readonly signal: AbortSignal;
}

/** A daemon, and whoever starts it again. Disposing stops both. */
export interface KeptDaemon extends AsyncDisposable {
  /** Resolves when it was stopped by somebody else than us. */
  readonly stopped: Promise<void>;
  /** Resolves when it is left off after it ended; why was said. */
  readonly givenUp: Promise<void>;
  /** Starts it anew, whatever became of it before. @throws {NotUpError} then it is tried again as if it had ended */
  restart(): Promise<void>;
}

/** Starts a daemon and keeps it up. @throws {NotUpError} when its first start fails, with what that means */
export async function keepDaemon(options: KeptOptions): Promise<KeptDaemon> {
  const kept = new Kept(options);
  await kept.open();
  return kept;
}

class Kept implements KeptDaemon {
  readonly #options: KeptOptions;
  readonly #stopped = Promise.withResolvers<void>();
  readonly #givenUp = Promise.withResolvers<void>();
  #daemon: AsyncDisposable | null = null;
  /** Of the start that counts: what comes of an earlier one does not. */
  #life = new AbortController();
  /** Starts happen one after another. */
  #turn: Promise<void> = Promise.resolve();
  #triedAtMs: readonly number[] = [];

  constructor(options: KeptOptions) {
    this.#options = options;
  }

  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  get givenUp(): Promise<void> {
    return this.#givenUp.promise;
  }

  async open(): Promise<void> {
    try {
      await this.#start(this.#begin());
    } catch (cause) {
      if (!(cause instanceof NotUpError)) throw cause;
      const { exitCode, message } = cause;
      const refusal = this.#options.refusal(exitCode);
      throw refusal === null ? cause : new NotUpError(`${message}\n${refusal}`, { exitCode });
    }
  }

  restart(): Promise<void> {
    const signal = this.#begin();
    return this.#queue(async () => {
      await this.#close();
      try {
        await this.#start(signal);
      } catch (cause) {
        if (cause instanceof NotUpError) this.#lose(cause, signal);
        throw cause;
      }
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#life.abort();
    await this.#turn;
    await this.#close();
  }

  /** Begins another life, with all its tries. */
  #begin(): AbortSignal {
    this.#life.abort();
    this.#life = new AbortController();
    this.#triedAtMs = [];
    return AbortSignal.any([this.#life.signal, this.#options.signal]);
  }

  #queue(step: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(step);
    this.#turn = done.catch(() => undefined); // its own caller is told
    return done;
  }

  async #close(): Promise<void> {
    await this.#daemon?.[Symbol.asyncDispose]();
    this.#daemon = null;
  }

  async #start(signal: AbortSignal): Promise<void> {
    const { name, open } = this.#options;
    signal.throwIfAborted();
    const daemon = await open(signal);
    this.#daemon = daemon;
    void daemon.ended.then((exitCode) => {
      this.#lose(
        new NotUpError(`The ${name} has ended (${howEnded(exitCode)})`, { exitCode }),
        signal,
      );
    });
  }

  #lose(end: NotUpError, signal: AbortSignal): void {
    this.#queue(() => this.#recover(end, signal)).catch((cause: unknown) => {
      if (!signal.aborted) this.#giveUp(cause instanceof Error ? cause.message : String(cause));
    });
  }

  /** Starts it again until it is up, as far as its tries go. */
  async #recover(end: NotUpError, signal: AbortSignal): Promise<void> {
    const { name, refusal, say } = this.#options;
    for (let last = end; !signal.aborted;) {
      if (last.exitCode === 0) {
        this.#stopped.resolve();
        return;
      }
      const why = refusal(last.exitCode);
      if (why !== null) {
        this.#giveUp(`${last.message}.\n${why}`);
        return;
      }
      const pauseMs = this.#nextPause();
      if (pauseMs === null) {
        this.#giveUp(`${last.message}.\n${this.#outOfTries()}`);
        return;
      }
      const tries = `try ${this.#triedAtMs.length} of ${PAUSES_MS.length}`;
      say(`\n${last.message}. It is started again in ${pauseMs / 1000} s (${tries}).`);
      await this.#pause(pauseMs, signal);
      try {
        await this.#start(signal);
        say(`The ${name} runs again.`);
        return;
      } catch (cause) {
        if (!(cause instanceof NotUpError)) throw cause;
        last = cause;
      }
    }
  }

  #outOfTries(): string {
    const { name } = this.#options;
    return (
      `It was started again ${PAUSES_MS.length} times in ${WINDOW_MS / 60_000} minutes, and is left off now. What the ` +
      `${name} said above says why:\nput that right, stop everything here by Ctrl+C, and run "npm start" again. Nothing that was recorded is lost.`
    );
  }

  #giveUp(words: string): void {
    this.#options.say(`\n${words}`);
    this.#givenUp.resolve();
  }

  /** Null: there were as many tries lately as there may be. */
  #nextPause(): number | null {
    const nowMs = this.#options.clock.now();
    const lately = this.#triedAtMs.filter((atMs) => nowMs - atMs < WINDOW_MS);
    const pauseMs = PAUSES_MS[lately.length] ?? null;
    this.#triedAtMs = pauseMs === null ? lately : [...lately, nowMs];
    return pauseMs;
  }

  async #pause(pauseMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.#options.clock.after(pauseMs, resolve);
    const stop = (): void => resolve();
    signal.addEventListener('abort', stop, { once: true });
    await promise;
    signal.removeEventListener('abort', stop);
    cancel();
    signal.throwIfAborted();
  }
}

/** How a process ended, in words. */
export function howEnded(code: number | null): string {
  return code === null ? 'by a signal' : `exit code ${code}`;
}
