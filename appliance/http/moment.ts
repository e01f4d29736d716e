// Times as people read them: the site's wall clock, with UTC for whoever points at it. Whose clock it is and how it
// stands to UTC is said once a page (`clockWords`).

import { html } from 'hono/html';

import type { Html } from './page.ts';

/** Whose wall clock a page shows, and what it shows now. */
export interface WallClock {
  readonly timeZone: string;
  readonly nowMs: number;
}

/** A time on the page; with `isRelative`, how long ago it was as well. */
export function moment(
  atMs: number,
  { timeZone, nowMs }: WallClock,
  { isRelative = false }: { isRelative?: boolean } = {},
): Html {
  const iso = new Date(atMs).toISOString();
  const ago = isRelative ? html` <span class="quiet">${formatSince(atMs, nowMs)}</span>` : '';
  return html`<time datetime="${iso}" title="${formatUtc(atMs)}"
      >${formatLocal(atMs, timeZone)}</time
    >${ago}`;
}

/** Whose wall clock the times of a page are, and how it stands to UTC: said once a page, and the hour only once. */
export function clockWords({ timeZone, nowMs }: WallClock): Html {
  const here = formatHour(nowMs, timeZone);
  const utc = formatHour(nowMs, 'UTC');
  const now = html`<time datetime="${new Date(nowMs).toISOString()}">${here}</time>`;
  if (NAMES_OF_UTC.has(timeZone)) return html`Times are UTC; it is now ${now}.`;
  const beside = here === utc ? ', as in UTC' : ` (${utc} UTC)`;
  return html`Times are those of ${timeZone}, where it is now ${now}${beside}.`;
}

const NAMES_OF_UTC: ReadonlySet<string> = new Set(['UTC', 'Etc/UTC', 'Etc/UCT', 'UCT', 'Zulu']);

/** `Sat, 21 Nov 2026, 03:09` on the wall clock of a time zone. */
export function formatLocal(atMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    ...{ timeZone, weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' },
    ...{ hour: '2-digit', minute: '2-digit' },
  }).format(atMs);
}

/** `2026-11-21 02:09:14 UTC`. */
export function formatUtc(atMs: number): string {
  const iso = new Date(atMs).toISOString();
  return `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
}

/** `03:09`, on the wall clock of a time zone. */
export function formatHour(atMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', { timeZone, timeStyle: 'short' }).format(atMs);
}

/** `in 29 minutes`; whole units, rounded down: nobody is told of time that is not left. */
export function formatUntil(atMs: number, nowMs: number): string {
  const leftMs = atMs - nowMs;
  if (leftMs <= 0) return 'now';
  if (leftMs < 60_000) return 'in less than a minute';
  return `in ${formatSpan(leftMs)}`;
}

/** `3 minutes ago`; whole units, rounded down. What is said to lie ahead is said to be now: clocks differ. */
export function formatSince(atMs: number, nowMs: number): string {
  const sinceMs = nowMs - atMs;
  return sinceMs < 60_000 ? 'just now' : `${formatSpan(sinceMs)} ago`;
}

/** `30 seconds`, `2 minutes`; rounded up: whoever waits so long has waited enough. */
export function formatWait(waitMs: number): string {
  const seconds = Math.ceil(waitMs / 1000);
  if (seconds < 60) return seconds === 1 ? '1 second' : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? '1 minute' : `${minutes} minutes`;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
] as const;

/** A minute or more, in the largest unit of which there are two. */
function formatSpan(spanMs: number): string {
  for (const [unit, lengthMs] of UNITS) {
    if (spanMs >= 2 * lengthMs) return `${Math.floor(spanMs / lengthMs)} ${unit}s`;
  }
  return '1 minute';
}
