import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { IDLE_MS, MAX_SESSION_MS } from '#appliance/protocol/session-limits.ts';
import {
  limitWarning,
  limitWords,
  sessionEndMs,
  sessionLimits,
  WARN_END_MS,
  WARN_IDLE_MS,
} from './session-limits.ts';

const START_MS = Date.UTC(2026, 10, 21, 9, 0, 0);
const HOUR_MS = 3_600_000;

const end = suite('sessionEndMs()');

end('is the end of the statement, or of what the appliance allows, whichever is earlier', () => {
  const text = (ms: number): string => new Date(ms).toISOString();
  const not_before = text(START_MS);
  const short = { not_before, expires: text(START_MS + HOUR_MS) };
  assert.is(sessionEndMs(short), START_MS + HOUR_MS);
  const long = { not_before, expires: text(START_MS + 2 * MAX_SESSION_MS) };
  assert.is(sessionEndMs(long), START_MS + MAX_SESSION_MS);
});

end.run();

const limits = { endsAtMs: START_MS + 8 * HOUR_MS, lastMs: START_MS };

const words = suite('limitWords()');

words('names both ends in local time, and none for idleness while something runs', () => {
  const at = { nowMs: START_MS, timeZone: 'UTC' };
  assert.is(
    limitWords(sessionLimits({ ...limits, isBusy: false }), at),
    'Ends by itself at 09:30:00 when nothing happens; at the latest at 17:00:00.',
  );
  assert.match(limitWords(sessionLimits({ ...limits, isBusy: true }), at), 'has ended; at the');
  const withheld = sessionLimits({ ...limits, endsAtMs: null, isBusy: false });
  assert.is(limitWords(withheld, at), 'Ends by itself at 09:30:00 when nothing happens.');
});

words.run();

const warning = suite('limitWarning()');

warning('warns before each end, and of the one that nothing puts off first', () => {
  const idle = sessionLimits({ ...limits, isBusy: false });
  const warnAtMs = START_MS + IDLE_MS - WARN_IDLE_MS;
  assert.is(limitWarning(idle, warnAtMs - 1), null);
  assert.match(limitWarning(idle, warnAtMs)?.title ?? '', 'by itself in 5 min 00 s');
  const busy = sessionLimits({ ...limits, isBusy: true });
  assert.is(limitWarning(busy, warnAtMs), null);
  assert.match(limitWarning(busy, limits.endsAtMs - WARN_END_MS)?.title ?? '', 'over in 15 min');
  const both = { ...idle, idleAtMs: limits.endsAtMs };
  assert.match(limitWarning(both, limits.endsAtMs - 1000)?.title ?? '', 'time is over');
});

warning.run();
