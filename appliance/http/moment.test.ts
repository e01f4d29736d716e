import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatLocal, formatUntil, formatWait, moment } from './moment.ts';

const AT = Date.UTC(2026, 10, 21, 23, 9, 14);

const local = suite('formatLocal()');

local('formatLocal() is the wall clock of the zone, also across midnight', () => {
  assert.is(formatLocal(AT, 'Europe/Berlin'), 'Sunday, 22 November 2026 at 00:09');
  assert.is(formatLocal(AT, 'America/New_York'), 'Saturday, 21 November 2026 at 18:09');
});

local.run();

const both = suite('moment()');

both('moment() shows local time, its zone, and UTC', async () => {
  const text = String(await moment(AT, 'Europe/Berlin'));
  for (const part of ['22 November 2026', 'Europe/Berlin', '2026-11-21 23:09:14 UTC']) {
    assert.match(text, part);
  }
  assert.match(text, 'datetime="2026-11-21T23:09:14.000Z"');
});

both.run();

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
