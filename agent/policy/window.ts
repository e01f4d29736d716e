// Windows of time on the wall clock of a site. By Intl's time zones, so that summer time begins and ends
// as it does on the site's clocks.

import type { PolicyWindow } from '#crypto/policy.ts';

/**
 * Tells whether a moment lies in a window; null when the moment is no time at all. The hour that summer time
 * skips belongs to no window, the hour that it repeats belongs to a window both times.
 */
export function isInWindow(window: PolicyWindow, timeZone: string, atMs: number): boolean | null {
  if (!Number.isFinite(atMs) || Math.abs(atMs) > 8.64e15) return null;
  const { day, time } = wallClock(timeZone, atMs);
  const begunToday = window.days.includes(day) && time >= window.from;
  if (window.to > window.from) return begunToday && time < window.to;
  const dayBefore = day === 1 ? 7 : day - 1;
  return begunToday || (window.days.includes(dayBefore) && time < window.to);
}

const DAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** Day of the week, 1 for Monday, and `HH:MM`. */
function wallClock(timeZone: string, atMs: number): { day: number; time: string } {
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  const parts = new Map(format.formatToParts(atMs).map((part) => [part.type, part.value]));
  return {
    day: DAYS.indexOf(parts.get('weekday') ?? '') + 1,
    time: `${parts.get('hour') ?? ''}:${parts.get('minute') ?? ''}`,
  };
}
