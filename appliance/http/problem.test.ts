import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { VerifyError } from '#crypto/error.ts';

import { PinError } from '../gate/pin.ts';
import { LedgerError } from '../ledger/error.ts';
import { WorkError } from '../work/error.ts';
import { PageError, problemOf, problemWords } from './problem.ts';

const problem = suite('problemOf()');

problem('problemOf() gives each room’s code its status, and rounds waits up', () => {
  const table: [unknown, number, string, number | null][] = [
    [new PageError('page-unknown', 'x'), 404, 'page-unknown', null],
    [new PinError('pin-locked', 'x', { retryAfterMs: 29_001 }), 429, 'pin-locked', 30],
    [new PinError('wrong-pin', 'x', { triesLeft: 1 }), 403, 'wrong-pin', null],
    [new LedgerError('overloaded', 'x', { retryAfterMs: 1 }), 503, 'overloaded', 1],
    [new WorkError('request-decided', 'x'), 409, 'request-decided', null],
    [new VerifyError('signature', 'x'), 403, 'signature', null],
    [new Error('x'), 500, 'unexpected', null],
    ['thrown text', 500, 'unexpected', null],
  ];
  for (const [cause, status, code, retryAfterS] of table) {
    assert.equal(problemOf(cause), { status, code, retryAfterS });
  }
});

problem('problemOf() does not trust a code that another error carries', () => {
  assert.is(problemOf(Object.assign(new Error('x'), { code: 'page-unknown' })).status, 500);
});

problem.run();

const words = suite('problemWords()');

words('problemWords() says of every failure of ours that nothing was decided', () => {
  for (const code of ['overloaded', 'unexpected', 'record-incomplete', 'entry'] as const) {
    const status = code === 'entry' ? 400 : 500;
    assert.match(problemWords({ code, status, retryAfterS: null }).text, /Nothing was decided/);
  }
});

words.run();
