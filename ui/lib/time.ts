// Times for people: local, with UTC beside it on hover, and how long ago. Pure: `now` and the zone come in.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long ago, or until, in one unit: `now`, `5 min ago`, `in 3 h`. */
export function formatAgo(atMs: number, nowMs: number): string {
  const distance = Math.abs(nowMs - atMs);
  if (distance < 10 * SECOND) return 'now';
  const [value, unit] = unitOf(distance);
  return atMs < nowMs ? `${value} ${unit} ago` : `in ${value} ${unit}`;
}

/** How long something took or takes: `12 ms`, `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function formatDuration(ms: number): string {
  if (ms < 100) return `${Math.round(ms)} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s`;
  const [large, small] = ms < HOUR ? [MINUTE, SECOND] : [HOUR, MINUTE];
  const [largeUnit, smallUnit] = ms < HOUR ? ['min', 's'] : ['h', 'min'];
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeUnit} ${String(rest).padStart(2, '0')} ${smallUnit}`;
}

/** `2026-11-21 02:09:14 UTC`. */
export function formatUtc(atMs: number): string {
  return `${new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

/** Local time of day, with the date when it is not today: `03:09:14`, `21 Nov 03:09`, `21 Nov 2027 03:09`. */
export function formatLocal(
  atMs: number,
  { nowMs, timeZone }: { nowMs: number; timeZone?: string },
): string {
  const zone = timeZone === undefined ? {} : { timeZone };
  const day = new Intl.DateTimeFormat('en-GB', { ...zone, dateStyle: 'short' });
  const isToday = day.format(atMs) === day.format(nowMs);
  const year = new Intl.DateTimeFormat('en-GB', { ...zone, year: 'numeric' });
  const isThisYear = year.format(atMs) === year.format(nowMs);
  const shape: Intl.DateTimeFormatOptions = isToday
    ? { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }
    : {
        ...(isThisYear ? {} : { year: 'numeric' }),
        ...{ day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
      };
  return new Intl.DateTimeFormat('en-GB', { ...zone, ...shape }).format(atMs).replace(',', '');
}

function unitOf(distance: number): [number, string] {
  if (distance < MINUTE) return [Math.floor(distance / SECOND), 's'];
  if (distance < HOUR) return [Math.floor(distance / MINUTE), 'min'];
  if (distance < DAY) return [Math.floor(distance / HOUR), 'h'];
  const days = Math.floor(distance / DAY);
  return [days, days === 1 ? 'day' : 'days'];
}
