// When a session ends by itself, and how loudly that is to be said. The appliance decides by its own clock and by what
// reached it; here it is reckoned from the log. Pure: the time comes in.

import { IDLE_MS, MAX_SESSION_MS } from '#appliance/protocol/session-limits.ts';
import type { StatementOf } from '#crypto/statement.ts';
import { formatDuration, formatLocal } from './time.ts';

/** Who looks is warned so long before. */
export const WARN_IDLE_MS = 5 * 60_000;
export const WARN_END_MS = 15 * 60_000;

export interface SessionLimits {
  /** Its end whatever happens; null: its statement is withheld. */
  readonly endsAtMs: number | null;
  /** When it ends if nothing more happens; null: something runs or waits. */
  readonly idleAtMs: number | null;
}

/** The end of a session whatever happens in it, as its opening was signed. */
export function sessionEndMs({
  not_before: notBefore,
  expires,
}: Pick<StatementOf<'session'>, 'not_before' | 'expires'>): number {
  return Math.min(Date.parse(expires), Date.parse(notBefore) + MAX_SESSION_MS);
}

/** The limits of an open session. `lastMs`: when its newest entry was written. */
export function sessionLimits({
  endsAtMs,
  lastMs,
  isBusy,
}: {
  endsAtMs: number | null;
  lastMs: number;
  isBusy: boolean;
}): SessionLimits {
  return { endsAtMs, idleAtMs: isBusy ? null : lastMs + IDLE_MS };
}

/** Both limits in one quiet line. */
export function limitWords(
  { endsAtMs, idleAtMs }: SessionLimits,
  { nowMs, timeZone }: { nowMs: number; timeZone?: string },
): string {
  const at = (ms: number): string =>
    formatLocal(ms, { nowMs, ...(timeZone === undefined ? {} : { timeZone }) });
  const idle =
    idleAtMs === null
      ? 'Ends by itself 30 min after what runs or waits has ended'
      : `Ends by itself at ${at(idleAtMs)} when nothing happens`;
  return endsAtMs === null ? `${idle}.` : `${idle}; at the latest at ${at(endsAtMs)}.`;
}

/** What is to be said loudly; null while there is time. */
export function limitWarning(
  { endsAtMs, idleAtMs }: SessionLimits,
  nowMs: number,
): { readonly title: string; readonly text: string } | null {
  const left = (ms: number): string => formatDuration(Math.max(1000, ms - nowMs));
  if (endsAtMs !== null && endsAtMs - nowMs <= WARN_END_MS) {
    return {
      title: `This session’s time is over in ${left(endsAtMs)}`,
      text: 'It cannot be made longer. What runs then is cancelled; close it, and open a new one to go on.',
    };
  }
  if (idleAtMs !== null && idleAtMs - nowMs <= WARN_IDLE_MS) {
    return {
      title: `This session ends by itself in ${left(idleAtMs)}`,
      text: 'Nothing has happened in it for a while. A command or a message keeps it open.',
    };
  }
  return null;
}
