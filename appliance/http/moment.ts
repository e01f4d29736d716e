// Times as people read them: the site's wall clock, and UTC beside it, so that nobody has to guess.

import { html } from 'hono/html';

import type { Html } from './page.ts';

/** A time on the page: the site's wall clock, and UTC. */
export function moment(atMs: number, timeZone: string): Html {
  const iso = new Date(atMs).toISOString();
  const utc = `${iso.slice(0, 10)} ${iso.slice(11, 19)} UTC`;
  return html`<time datetime="${iso}"
    >${formatLocal(atMs, timeZone)} <span class="quiet">${timeZone} · ${utc}</span></time
  >`;
}

/** `Saturday 21 November 2026 at 03:09` on the wall clock of a time zone. */
export function formatLocal(atMs: number, timeZone: string): string {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    dateStyle: 'full',
    timeStyle: 'short',
  }).format(atMs);
}

/** `in 29 minutes`; whole units, rounded down: nobody is told of time that is not left. */
export function formatUntil(atMs: number, nowMs: number): string {
  const leftMs = atMs - nowMs;
  if (leftMs <= 0) return 'now';
  if (leftMs < 60_000) return 'in less than a minute';
  for (const [unit, lengthMs] of UNITS) {
    if (leftMs >= 2 * lengthMs) return `in ${Math.floor(leftMs / lengthMs)} ${unit}s`;
  }
  return 'in 1 minute';
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
