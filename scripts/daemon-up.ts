// Waiting until a daemon is up, by its own word: what it prints.

import { setTimeout } from 'node:timers/promises';

import type { Daemon } from './caisey-process.ts';
import { howEnded, NotUpError } from './kept-daemon.ts';

/** So long a start may take. */
export const UP_MS = 60_000;

export interface StartingDaemon {
  /** What it is, within a sentence: `appliance`. */
  readonly name: string;
  readonly start: (onLine: (line: string) => void) => Daemon;
  /** Told each line, in order. */
  readonly onLine: (line: string) => void;
  /** Whether it says by this line that it is up. */
  readonly isUp: (line: string) => boolean;
  /** Ends a start that is under way. */
  readonly signal: AbortSignal;
}

/**
 * Starts a daemon, and resolves when it says that it is up.
 * @throws {NotUpError} when it ends first, or takes too long; then nothing of it is left running
 */
export async function openDaemon({
  name,
  start,
  onLine,
  isUp,
  signal,
}: StartingDaemon): Promise<Daemon> {
  await using stack = new AsyncDisposableStack();
  const up = Promise.withResolvers<'up'>();
  const daemon = stack.use(
    start((line) => {
      onLine(line);
      if (isUp(line)) up.resolve('up');
    }),
  );
  const first = await inTime<'up' | number | null>([up.promise, daemon.ended], { signal });
  if (first === 'late') {
    const message = `The ${name} did not come up within ${UP_MS / 1000} s`;
    throw new NotUpError(message, { exitCode: null });
  }
  if (first !== 'up') {
    const message = `The ${name} did not come up (${howEnded(first)}); its last lines above say why`;
    throw new NotUpError(message, { exitCode: first });
  }
  stack.move(); // it is the caller's now
  return daemon;
}

/** What comes first of several; `late` when nothing does within the time of a start. Rejects when `signal` aborts. */
export async function inTime<T>(
  several: readonly Promise<T>[],
  { signal }: { signal: AbortSignal },
): Promise<T | 'late'> {
  const over = new AbortController();
  const waiting = { signal: AbortSignal.any([signal, over.signal]) };
  try {
    return await Promise.race([...several, setTimeout(UP_MS, 'late' as const, waiting)]);
  } finally {
    over.abort();
  }
}
