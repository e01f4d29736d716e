// What a browser makes of a site's keys, one word after the other.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type PinnedSite, withPinned } from './keeper.ts';

const OTHERS = /its keys are not those that this browser knows/;
const box: PinnedSite = { appliance: 'a', log: null, isFromCode: true };
const named: PinnedSite = { appliance: 'a', log: 'l' };
const whole: PinnedSite = { ...named, isFromCode: true };

const test = suite('withPinned()');

test('withPinned() takes no other box for one that was claimed, and learns its log', () => {
  assert.throws(() => withPinned(box, { appliance: 'm', log: 'l' }), OTHERS);
  assert.equal(withPinned(box, whole), whole);
  assert.equal(withPinned(box, named), named, 'a log that the host named is proved by no code');
  assert.throws(() => withPinned(withPinned(box, named), { ...named, log: 'm' }), OTHERS);
});

test('withPinned() gives up a box that was never set up for another whose code is typed', () => {
  const next: PinnedSite = { ...box, appliance: 'b' };
  assert.equal(withPinned(box, next), next);
  for (const known of [named, whole]) assert.throws(() => withPinned(known, next), OTHERS);
});

test('withPinned() keeps what was proved, and the newest signature', () => {
  const signed = { version: 2, hash: 'h' };
  const known = withPinned(whole, { ...named, signed });
  assert.equal(known, { ...whole, signed });
  assert.equal(withPinned(known, { ...named, signed: { version: 1, hash: 'g' } }), known);
  assert.equal(withPinned(known, box), known, 'a claim that was heard of late takes nothing away');
});

test.run();
