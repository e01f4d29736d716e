import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatAgo, formatDuration, formatLocal, formatUtc } from './time.ts';

const now = Date.parse('2026-11-21T02:09:14.123Z');

const ago = suite('formatAgo()');
ago('formatAgo() says one unit, before and after', () => {
  const said = [0, -9_999, -10_000, -59_999, -60_000, -3_600_000, -86_400_000, -200_000_000];
  assert.equal(
    said.map((ms) => formatAgo(now + ms, now)),
    ['now', 'now', '10 s ago', '59 s ago', '1 min ago', '1 h ago', '1 day ago', '2 days ago'],
  );
  assert.is(formatAgo(now + 300_000, now), 'in 5 min');
});
ago.run();

const duration = suite('formatDuration()');
duration('formatDuration() grows coarser with length', () => {
  assert.equal(
    [12, 420, 9_999, 10_000, 59_999, 60_000, 185_000, 3_600_000, 7_800_000].map(formatDuration),
    [
      ...['12 ms', '0.4 s', '10.0 s', '10 s', '59 s'],
      ...['1 min 00 s', '3 min 05 s', '1 h 00 min', '2 h 10 min'],
    ],
  );
});
duration.run();

const local = suite('formatLocal()');
local('formatLocal() gives the date only when it is not today there', () => {
  const berlin = { nowMs: now, timeZone: 'Europe/Berlin' };
  assert.is(formatLocal(now, berlin), '03:09:14');
  assert.is(formatLocal(now - 4 * 3_600_000, berlin), '20 Nov 23:09');
  assert.is(formatLocal(now, { nowMs: now, timeZone: 'America/New_York' }), '21:09:14');
  assert.is(
    formatLocal(now + 365 * 86_400_000, berlin),
    '21 Nov 2027 03:09',
    'and the year likewise',
  );
});
local.run();

const utc = suite('formatUtc()');
utc('formatUtc() is exact to the second', () => {
  assert.is(formatUtc(now), '2026-11-21 02:09:14 UTC');
});
utc.run();
