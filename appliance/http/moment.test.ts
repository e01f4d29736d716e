import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  clockWords,
  formatHour,
  formatLocal,
  formatSince,
  formatUntil,
  formatUtc,
  formatWait,
  moment,
} from './moment.ts';

const AT = Date.UTC(2026, 10, 21, 23, 9, 14);

const local = suite('formatLocal()');

local('formatLocal() is the wall clock of the zone, also across midnight', () => {
  assert.is(formatLocal(AT, 'Europe/Berlin'), 'Sun, 22 Nov 2026, 00:09');
  assert.is(formatLocal(AT, 'America/New_York'), 'Sat, 21 Nov 2026, 18:09');
});

local.run();

const utc = suite('formatUtc()');

utc('formatUtc() has seconds, and says that it is UTC', () => {
  assert.is(formatUtc(AT), '2026-11-21 23:09:14 UTC');
});

utc.run();

const hour = suite('formatHour()');

hour('formatHour() is the wall clock of the zone', () => {
  assert.is(formatHour(AT, 'Europe/Berlin'), '00:09');
});

hour.run();

const both = suite('moment()');

both('moment() shows local time, UTC to whoever points at it, and how long ago', async () => {
  const clock = { timeZone: 'Europe/Berlin', nowMs: AT + 180_000 };
  assert.is(
    String(await moment(AT, clock)).replaceAll(/\s+/g, ' '),
    '<time datetime="2026-11-21T23:09:14.000Z" title="2026-11-21 23:09:14 UTC" >Sun, 22 Nov 2026, 00:09</time >',
  );
  assert.match(String(await moment(AT, clock, { isRelative: true })), '>3 minutes ago<');
});

both.run();

const since = suite('formatSince()');

since('formatSince() rounds down, and knows no future', () => {
  const table: [number, string][] = [
    [-5000, 'just now'],
    [59_999, 'just now'],
    [60_000, '1 minute ago'],
    [7_199_999, '119 minutes ago'],
    [86_400_000, '24 hours ago'],
    [172_800_000, '2 days ago'],
  ];
  for (const [sinceMs, text] of table) assert.is(formatSince(AT - sinceMs, AT), text);
});

since.run();

const until = suite('formatUntil()');

until('formatUntil() promises no time that is not left', () => {
  const table: [number, string][] = [
    [-1, 'now'],
    [0, 'now'],
    [1, 'in less than a minute'],
    [59_999, 'in less than a minute'],
    [60_000, 'in 1 minute'],
    [119_999, 'in 1 minute'],
    [120_000, 'in 2 minutes'],
    [7_199_999, 'in 119 minutes'],
    [7_200_000, 'in 2 hours'],
    [172_799_999, 'in 47 hours'],
    [172_800_000, 'in 2 days'],
  ];
  for (const [leftMs, text] of table) assert.is(formatUntil(AT + leftMs, AT), text);
});

until.run();

const words = suite('clockWords()');

words('clockWords() says the hour in UTC only where it is another one', async () => {
  const nowMs = Date.parse('2026-11-21T16:29:00Z');
  const said = async (timeZone: string): Promise<string> =>
    String(await clockWords({ timeZone, nowMs })).replace(/<[^>]+>/g, '');
  assert.is(await said('UTC'), 'Times are UTC; it is now 16:29.');
  assert.is(await said('Etc/UTC'), 'Times are UTC; it is now 16:29.');
  assert.is(
    await said('Europe/London'),
    'Times are those of Europe/London, where it is now 16:29, as in UTC.',
  );
  assert.is(
    await said('Europe/Berlin'),
    'Times are those of Europe/Berlin, where it is now 17:29 (16:29 UTC).',
  );
});

words.run();

const wait = suite('formatWait()');

wait('formatWait() rounds up: whoever waits so long has waited enough', () => {
  const table: [number, string][] = [
    [1, '1 second'],
    [1001, '2 seconds'],
    [30_000, '30 seconds'],
    [60_000, '1 minute'],
    [60_001, '2 minutes'],
    [3_600_000, '60 minutes'],
  ];
  for (const [waitMs, text] of table) assert.is(formatWait(waitMs), text);
});

wait.run();
