import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { AskTerms } from '#crypto/policy.ts';
import { WorkError } from '../work/error.ts';
import {
  askedAt,
  checkWaiting,
  decideRequest,
  endRequest,
  openRequest,
  REMIND_EVERY_MS,
  remindRequest,
  type Request,
} from './request.ts';

const TAKEN_BACK = { by: 'Terry Technician', reason: 'Wrong machine.' };
const START_MS = 1_800_000_000_000;
const HASH = 'A'.repeat(43);
const ASK: AskTerms = { approvals: 1, expires_s: 60 };

function waiting(ask: AskTerms = ASK): Request {
  return openRequest({ hash: HASH, ask, atMs: START_MS });
}

function by(approver: string, atMs = START_MS) {
  return { approver, name: approver.toUpperCase(), comment: null, atMs };
}

function codeOf(step: () => unknown): string {
  try {
    step();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof WorkError)) throw error;
    return error.code;
  }
}

const remind = suite('remindRequest()');

remind('reminds once a minute, and not of what no longer waits', () => {
  const long = { ...ASK, expires_s: 120 };
  const first = remindRequest(waiting(long), { by: 'Tom', atMs: START_MS });
  assert.equal(first.reminded, { by: 'Tom', atMs: START_MS });
  const again = (atMs: number): Request => remindRequest(first, { by: 'Tim', atMs });
  assert.throws(
    () => again(START_MS + REMIND_EVERY_MS - 1),
    (error: unknown) =>
      error instanceof WorkError && error.code === 'reminded-lately' && error.retryAfterMs === 1,
  );
  assert.is(again(START_MS + REMIND_EVERY_MS).reminded?.by, 'Tim');
  assert.is(
    codeOf(() => again(START_MS + 120_000)),
    'request-decided',
  );
  const withdrawn = endRequest(first, { atMs: START_MS, withdrawn: TAKEN_BACK });
  const late = { by: 'Tim', atMs: START_MS + REMIND_EVERY_MS };
  assert.is(
    codeOf(() => remindRequest(withdrawn, late)),
    'request-decided',
  );
});

remind.run();

const ask = suite('askedAt()');

ask('asks anybody when policy names nobody', () => {
  assert.is(askedAt(waiting(), START_MS), null);
});

ask('climbs the ladder by the clock, and names nobody twice', () => {
  const request = waiting({
    ...ASK,
    approvers: ['a'],
    ladder: [
      { after_s: 10, approvers: ['b', 'a'] },
      { after_s: 20, approvers: ['c'] },
    ],
  });
  const at = (seconds: number): readonly string[] | null =>
    askedAt(request, START_MS + seconds * 1000);
  assert.equal(at(0), ['a']);
  assert.equal(at(9.999), ['a']);
  assert.equal(at(10), ['a', 'b']);
  assert.equal(at(59), ['a', 'b', 'c']);
});

ask.run();

const decide = suite('decideRequest()');

decide('grants by the last approval that it needs', () => {
  const two = waiting({ ...ASK, approvals: 2 });
  const one = decideRequest(two, { decision: 'approve', by: by('a') });
  assert.is(one.state, 'waiting');
  const both = decideRequest(one, { decision: 'approve', by: by('b', START_MS + 5) });
  assert.is(both.state, 'granted');
  assert.is(both.endedAtMs, START_MS + 5);
  assert.equal(
    both.decided.map(({ approver }) => approver),
    ['a', 'b'],
  );
});

decide('counts one approver once', () => {
  const one = decideRequest(waiting({ ...ASK, approvals: 2 }), {
    decision: 'approve',
    by: by('a'),
  });
  assert.is(
    codeOf(() => decideRequest(one, { decision: 'approve', by: by('a') })),
    'approver-decided',
  );
});

decide('denies by one denial, though another approved', () => {
  const one = decideRequest(waiting({ ...ASK, approvals: 2 }), {
    decision: 'approve',
    by: by('a'),
  });
  assert.is(decideRequest(one, { decision: 'deny', by: by('b') }).state, 'denied');
});

decide('takes nobody whom policy does not name, at whatever rung', () => {
  const named = waiting({
    ...ASK,
    approvers: ['a'],
    ladder: [{ after_s: 10, approvers: ['b'] }],
  });
  assert.is(
    codeOf(() => decideRequest(named, { decision: 'approve', by: by('x') })),
    'not-allowed',
  );
  assert.is(
    codeOf(() => decideRequest(named, { decision: 'deny', by: by('x') })),
    'not-allowed',
  );
  assert.is(decideRequest(named, { decision: 'approve', by: by('b') }).state, 'granted');
});

decide('takes nothing from the moment that it expires on', () => {
  const late = START_MS + 60_000;
  const approve = (atMs: number) => () =>
    decideRequest(waiting(), { decision: 'approve', by: by('a', atMs) });
  assert.is(codeOf(approve(late)), 'request-decided');
  assert.is(codeOf(approve(late - 1)), 'accepted');
});

decide('never changes what is decided, whatever is tried', () => {
  const step = fc.record({
    what: fc.constantFrom('approve', 'deny', 'expired', 'withdrawn'),
    who: fc.constantFrom('a', 'b', 'c'),
    afterMs: fc.integer({ min: 0, max: 70_000 }),
  });
  const property = fc.property(
    fc.array(step, { maxLength: 12 }),
    fc.integer({ min: 1, max: 3 }),
    (steps, approvals) => {
      let request = waiting({ ...ASK, approvals });
      for (const { what, who, afterMs } of steps) {
        const before = request;
        const atMs = START_MS + afterMs;
        const code = codeOf(() => {
          request =
            what === 'approve' || what === 'deny'
              ? decideRequest(request, { decision: what, by: by(who, atMs) })
              : endRequest(request, { atMs, withdrawn: what === 'expired' ? null : TAKEN_BACK });
        });
        if (before.state !== 'waiting') assert.is(code, 'request-decided');
        if (code !== 'accepted') assert.is(request, before);
      }
      const approved = request.decided.length;
      if (request.state === 'granted') assert.is(approved, approvals);
      assert.is(new Set(request.decided.map(({ approver }) => approver)).size, approved);
      assert.is(request.state === 'waiting', request.endedAtMs === null);
    },
  );
  fc.assert(property, { numRuns: 500 });
});

decide.run();

const end = suite('endRequest()');

end('ends what waits, once', () => {
  const ended = endRequest(waiting(), { atMs: START_MS + 1, withdrawn: TAKEN_BACK });
  assert.equal([ended.state, ended.withdrawn], ['withdrawn', TAKEN_BACK]);
  assert.is(ended.endedAtMs, START_MS + 1);
  assert.is(
    codeOf(() => endRequest(ended, { atMs: START_MS + 2, withdrawn: null })),
    'request-decided',
  );
});

end.run();

const check = suite('checkWaiting()');

check('refuses what has ended, and what is out of time', () => {
  checkWaiting(waiting(), START_MS + 59_999);
  assert.is(
    codeOf(() => checkWaiting(waiting(), START_MS + 60_000)),
    'request-decided',
  );
  const ended = endRequest(waiting(), { atMs: START_MS, withdrawn: TAKEN_BACK });
  assert.is(
    codeOf(() => checkWaiting(ended, START_MS)),
    'request-decided',
  );
});

check.run();
