import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  formatAgo,
  formatCount,
  formatMoment,
  formatSize,
  formatSpan,
  parseDuration,
  parseSize,
} from './quantity.ts';

const duration = suite('parseDuration()');

duration('reads a number and its unit', () => {
  for (const [text, ms] of [
    ['250ms', 250],
    ['90s', 90_000],
    ['1.5s', 1500],
    ['10m', 600_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
  ] as const) {
    assert.is(parseDuration(text), ms);
  }
});

duration('refuses every other spelling', () => {
  for (const text of [
    '',
    '10',
    'm',
    '10 m',
    '-1s',
    '1e3s',
    '10M',
    '1s2',
    '0x1s',
    'constructorms',
  ]) {
    assert.throws(() => parseDuration(text), /Cannot read duration/, text);
  }
});

duration.run();

const size = suite('parseSize()');

size('reads bytes and their multiples by 1024', () => {
  assert.is(parseSize('0'), 0);
  assert.is(parseSize('65536'), 65_536);
  assert.is(parseSize('1B'), 1);
  assert.is(parseSize('512KiB'), 524_288);
  assert.is(parseSize('64MiB'), 67_108_864);
  assert.is(parseSize('1GiB'), 1_073_741_824);
});

size('refuses units of 1000, and what is no number', () => {
  for (const text of ['', '1kB', '1KB', '1.5MiB', '-1', 'MiB', '1 MiB']) {
    assert.throws(() => parseSize(text), /Cannot read size/, text);
  }
});

size.run();

const shown = suite('formatSize(), formatSpan(), formatAgo(), formatMoment()');

shown('say sizes in four digits at most', () => {
  assert.is(formatSize(0), '0 B');
  assert.is(formatSize(999), '999 B');
  assert.is(formatSize(1000), '1.0 KiB');
  assert.is(formatSize(976_562_500), '931 MiB');
  assert.is(formatSize(2 ** 45), '32 TiB');
});

shown('say spans in one unit', () => {
  assert.is(formatSpan(-5), '0 s');
  assert.is(formatCount(1, 'entry', 'entries'), '1 entry');
  assert.is(formatCount(2, 'entry', 'entries'), '2 entries');
  assert.is(formatCount(0, 'byte'), '0 bytes');
  assert.is(formatSpan(89_000), '89 s');
  assert.is(formatSpan(180_000), '3 min');
  assert.is(formatSpan(7_200_000), '2 h');
  assert.is(formatSpan(10 * 86_400_000), '10 days');
});

shown('say how long ago, and never', () => {
  const now = Date.parse('2026-11-21T02:10:00.000Z');
  assert.is(formatAgo('2026-11-21T02:09:59.500Z', now), 'now');
  assert.is(formatAgo('2026-11-21T02:07:00.000Z', now), '3 min ago');
  assert.is(formatAgo(null, now), 'never');
});

shown('say moments in UTC, and what is none as it is', () => {
  assert.is(formatMoment('2026-11-21T02:09:14.123Z'), '2026-11-21 02:09:14Z');
  for (const no of ['soon', '2026-11-21', '2026-11-21T02:09:14.123Z and more']) {
    assert.is(formatMoment(no), no);
  }
});

shown.run();
