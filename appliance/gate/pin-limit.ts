// How many wrong PINs, pure. An approver's own: three in a row are mistakes, from then on each one is followed
// by a wait that doubles, 30 seconds to an hour. All approvers together: thirty within an hour are no mistakes,
// whoever they are tried on. A wait is counted from the clock at the wrong PIN; a clock that was set back
// makes it no longer than it was.

import * as z from 'zod';

export const FREE_TRIES = 3;
export const FIRST_LOCK_MS = 30_000;
export const LONGEST_LOCK_MS = 3_600_000;
export const MAX_WRONG_OF_ALL = 30;
export const ALL_WINDOW_MS = 3_600_000;

/** What is remembered of wrong PINs; durable, so that a restart forgives nothing. */
export const attemptsSchema = z.strictObject({
  format: z.literal('caisey/pin-attempts/v1'),
  /** By approver id: wrong ones since the last right one, and when the last was. */
  approvers: z.record(
    z.string().max(64),
    z.strictObject({ wrong: z.int().min(1), lastMs: z.int().min(0) }),
  ),
  /** When the last ones of all approvers were. */
  wrongAtMs: z.array(z.int().min(0)).max(MAX_WRONG_OF_ALL),
});

export type Attempts = z.infer<typeof attemptsSchema>;

export const NO_ATTEMPTS: Attempts = {
  format: 'caisey/pin-attempts/v1',
  approvers: {},
  wrongAtMs: [],
};

/** For how long an approver must wait, in milliseconds, and whose limit says so; 0: not at all. */
export function lockOf(
  attempts: Attempts,
  { approver, nowMs }: { approver: string; nowMs: number },
): { waitMs: number; isOfAll: boolean } {
  const own = attempts.approvers[approver];
  const ownMs = own === undefined ? 0 : remaining(own.lastMs, lockMs(own.wrong), nowMs);
  const isFull = attempts.wrongAtMs.length >= MAX_WRONG_OF_ALL;
  const allMs = isFull ? remaining(attempts.wrongAtMs[0] ?? 0, ALL_WINDOW_MS, nowMs) : 0;
  return { waitMs: Math.max(ownMs, allMs), isOfAll: allMs > ownMs };
}

/** Wrong ones that an approver has left before the next wait. */
export function triesLeft(attempts: Attempts, approver: string): number {
  return Math.max(0, FREE_TRIES - (attempts.approvers[approver]?.wrong ?? 0));
}

/** Counts a try as wrong. It is counted before it is made: who cuts the power learns nothing for free. */
export function countWrong(
  attempts: Attempts,
  { approver, nowMs }: { approver: string; nowMs: number },
): Attempts {
  const wrong = (attempts.approvers[approver]?.wrong ?? 0) + 1;
  return {
    ...attempts,
    approvers: { ...attempts.approvers, [approver]: { wrong, lastMs: nowMs } },
    wrongAtMs: [...attempts.wrongAtMs, nowMs].slice(-MAX_WRONG_OF_ALL),
  };
}

/** The try was right after all: the approver starts anew, and this one does not count for all. */
export function forgive(attempts: Attempts, approver: string): Attempts {
  const { [approver]: _own, ...others } = attempts.approvers;
  return { ...attempts, approvers: others, wrongAtMs: attempts.wrongAtMs.slice(0, -1) };
}

function lockMs(wrong: number): number {
  if (wrong < FREE_TRIES) return 0;
  return Math.min(FIRST_LOCK_MS * 2 ** (wrong - FREE_TRIES), LONGEST_LOCK_MS);
}

function remaining(sinceMs: number, lengthMs: number, nowMs: number): number {
  return Math.min(Math.max(sinceMs + lengthMs - nowMs, 0), lengthMs);
}
