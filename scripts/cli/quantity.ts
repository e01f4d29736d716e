// Times and sizes as people write and read them: `10m`, `64MiB`, `3 min ago`.

import { CliError } from './error.ts';

const DURATION_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const SIZE_BYTES = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 } as const;

/** Parses `90s`, `10m`, `24h`, `7d` into milliseconds. @throws {CliError} code `usage` */
export function parseDuration(text: string): number {
  const [, digits, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  if (digits === undefined || !isKeyOf(DURATION_MS, unit)) {
    throw new CliError('usage', `Cannot read duration "${text}": not like 90s, 10m, 24h or 7d`);
  }
  return Math.round(Number(digits) * DURATION_MS[unit]);
}

/** Parses `65536`, `512KiB`, `64MiB`, `1GiB` into bytes. @throws {CliError} code `usage` */
export function parseSize(text: string): number {
  const [, digits, unit = 'B'] = /^(\d{1,12})(B|KiB|MiB|GiB)?$/.exec(text) ?? [];
  if (digits === undefined || !isKeyOf(SIZE_BYTES, unit)) {
    throw new CliError('usage', `Cannot read size "${text}": not like 65536, 512KiB or 64MiB`);
  }
  return Number(digits) * SIZE_BYTES[unit];
}

/** A size for people, in at most four digits: `931 MiB`. */
export function formatSize(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)} ${units[unit] ?? ''}`;
}

/** So many of something: `1 entry`, `2 entries`. */
export function formatCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** A span of time for people, in its largest unit: `3 min`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.round(hours / 24)} days`;
}

/** How long ago a time was; `never` for null. */
export function formatAgo(time: string | null, nowMs: number): string {
  if (time === null) return 'never';
  const passedMs = nowMs - Date.parse(time);
  return passedMs < 2000 ? 'now' : `${formatSpan(passedMs)} ago`;
}

/** A time as every verb shows it: `2026-11-21 02:09:14Z`. What is no time stands as it is. */
export function formatMoment(time: string): string {
  return /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(time)
    ? `${time.slice(0, 10)} ${time.slice(11, 19)}Z`
    : time;
}

function isKeyOf<T extends object>(table: T, key: string | undefined): key is keyof T & string {
  return key !== undefined && Object.hasOwn(table, key);
}
