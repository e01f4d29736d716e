import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { PolicyWindow } from '#crypto/policy.ts';

import { isInWindow } from './window.ts';

const BERLIN = 'Europe/Berlin';

function inBerlin(window: PolicyWindow, iso: string): boolean | null {
  return isInWindow(window, BERLIN, Date.parse(iso));
}

const hours = suite('isInWindow()');

hours('holds from its first minute until before its last', () => {
  const window = { days: [3], from: '08:00', to: '18:00' }; // 2026-11-18 is a Wednesday, UTC+1
  assert.not(inBerlin(window, '2026-11-18T06:59:59.999Z'));
  assert.ok(inBerlin(window, '2026-11-18T07:00:00Z'));
  assert.ok(inBerlin(window, '2026-11-18T16:59:59.999Z'));
  assert.not(inBerlin(window, '2026-11-18T17:00:00Z'));
  assert.not(inBerlin(window, '2026-11-19T07:00:00Z'));
});

hours('goes on after midnight into a day that is not its own', () => {
  const window = { days: [7], from: '22:00', to: '06:00' }; // Sunday night
  assert.ok(inBerlin(window, '2026-11-22T21:30:00Z'));
  assert.ok(inBerlin(window, '2026-11-23T01:00:00Z')); // Monday, two o'clock
  assert.not(inBerlin(window, '2026-11-23T05:00:00Z'));
  assert.not(inBerlin(window, '2026-11-22T01:00:00Z')); // the night before
});

hours('takes a whole day', () => {
  const window = { days: [6], from: '00:00', to: '24:00' };
  assert.ok(inBerlin(window, '2026-11-20T23:00:00Z'));
  assert.ok(inBerlin(window, '2026-11-21T22:59:59Z'));
  assert.not(inBerlin(window, '2026-11-21T23:00:00Z'));
});

hours('follows the clock of the site when summer time begins', () => {
  const window = { days: [7], from: '03:00', to: '04:00' }; // 2026-03-29: 02:00 becomes 03:00
  assert.not(inBerlin(window, '2026-03-29T00:59:59Z'));
  assert.ok(inBerlin(window, '2026-03-29T01:00:00Z'));
  assert.not(inBerlin(window, '2026-03-29T02:00:00Z'));
  const skipped = { days: [7], from: '02:00', to: '03:00' };
  for (let minute = 0; minute < 180; minute++) {
    const atMs = Date.parse('2026-03-29T00:00:00Z') + minute * 60_000;
    assert.not(isInWindow(skipped, BERLIN, atMs));
  }
});

hours('holds both times in the hour that is repeated when summer time ends', () => {
  const window = { days: [7], from: '02:00', to: '03:00' }; // 2026-10-25: 03:00 becomes 02:00
  assert.ok(inBerlin(window, '2026-10-25T00:30:00Z'));
  assert.ok(inBerlin(window, '2026-10-25T01:30:00Z'));
  assert.not(inBerlin(window, '2026-10-25T02:00:00Z'));
});

hours('cannot tell for what is no time', () => {
  const window = { days: [1], from: '00:00', to: '24:00' };
  for (const atMs of [Number.NaN, Infinity, 9e15])
    assert.is(isInWindow(window, BERLIN, atMs), null);
});
hours.run();
