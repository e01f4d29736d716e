import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  ALL_WINDOW_MS,
  type Attempts,
  attemptsSchema,
  countWrong,
  FIRST_LOCK_MS,
  forgive,
  lockOf,
  LONGEST_LOCK_MS,
  MAX_WRONG_OF_ALL,
  NO_ATTEMPTS,
  triesLeft,
} from './pin-limit.ts';

const T = 1_000_000_000;

function wrongTimes(times: number, approver = 'carol', atMs = T): Attempts {
  let attempts = NO_ATTEMPTS;
  for (let i = 0; i < times; i++) attempts = countWrong(attempts, { approver, nowMs: atMs });
  return attempts;
}

const locks = suite('lockOf()');

locks('lockOf() doubles the wait from the third wrong PIN on, up to an hour', () => {
  const waits = Array.from({ length: 14 }, (_, wrong) => {
    return lockOf(wrongTimes(wrong), { approver: 'carol', nowMs: T }).waitMs;
  });
  const doubled = Array.from({ length: 11 }, (_, i) =>
    Math.min(FIRST_LOCK_MS * 2 ** i, LONGEST_LOCK_MS),
  );
  assert.equal(waits, [0, 0, 0, ...doubled]);
});

locks('lockOf() ends to the millisecond, and locks nobody else', () => {
  const attempts = wrongTimes(3);
  const at = (nowMs: number, approver = 'carol') => lockOf(attempts, { approver, nowMs }).waitMs;
  assert.is(at(T + FIRST_LOCK_MS - 1), 1);
  assert.is(at(T + FIRST_LOCK_MS), 0);
  assert.is(at(T, 'dave'), 0);
});

locks('lockOf() waits no longer than the lock when the clock is set back', () => {
  assert.is(lockOf(wrongTimes(3), { approver: 'carol', nowMs: 0 }).waitMs, FIRST_LOCK_MS);
});

locks('lockOf() locks everybody after too many, whoever they were tried on', () => {
  let attempts = NO_ATTEMPTS;
  for (let i = 0; i < MAX_WRONG_OF_ALL; i++) {
    assert.is(lockOf(attempts, { approver: 'new', nowMs: T + i }).waitMs, 0);
    attempts = countWrong(attempts, { approver: `a${i}`, nowMs: T + i });
  }
  const lock = lockOf(attempts, { approver: 'new', nowMs: T + MAX_WRONG_OF_ALL });
  assert.equal(lock, { waitMs: ALL_WINDOW_MS - MAX_WRONG_OF_ALL, isOfAll: true });
  assert.is(lockOf(attempts, { approver: 'new', nowMs: T + ALL_WINDOW_MS }).waitMs, 0);
});

locks.run();

const counting = suite('countWrong()');

counting('countWrong() gives what can be stored and read back', () => {
  const attempts = wrongTimes(100);
  assert.equal(attemptsSchema.parse(JSON.parse(JSON.stringify(attempts))), attempts);
  assert.is(attempts.wrongAtMs.length, MAX_WRONG_OF_ALL);
});

counting.run();

const forgiving = suite('forgive()');

forgiving('forgive() takes back the try that was right, and no other', () => {
  const before = countWrong(wrongTimes(2), { approver: 'dave', nowMs: T });
  const after = forgive(countWrong(before, { approver: 'carol', nowMs: T }), 'carol');
  assert.is(triesLeft(after, 'carol'), 3);
  assert.is(triesLeft(after, 'dave'), 2);
  assert.is(after.wrongAtMs.length, 3);
});

forgiving.run();

const left = suite('triesLeft()');

left('triesLeft() counts down to nothing', () => {
  assert.equal(
    [0, 1, 2, 3, 4].map((wrong) => triesLeft(wrongTimes(wrong), 'carol')),
    [3, 2, 1, 0, 0],
  );
});

left.run();
