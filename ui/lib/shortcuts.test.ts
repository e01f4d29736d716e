import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { CHORD_MS, type Pressed, ShortcutReader } from './shortcuts.ts';

const plain = { ctrlKey: false, metaKey: false, altKey: false, isTyping: false };

/** Reads keys, 100 ms apart; text stands for keys that are only pressed. */
function read(...keys: (string | (Partial<Pressed> & { key: string; afterMs?: number }))[]) {
  const reader = new ShortcutReader();
  let nowMs = 0;
  return keys.map((each) => {
    const { afterMs = 100, ...pressed } = typeof each === 'string' ? { key: each } : each;
    nowMs += afterMs;
    return reader.read({ ...plain, ...pressed }, nowMs);
  });
}

const test = suite('ShortcutReader');

test('read() knows single keys', () => {
  assert.equal(read('/', 'j', 'k', 'Enter', '?', 'Escape', 'x', 'J'), [
    ...['search', 'next', 'previous', 'open', 'help', 'close'],
    ...[null, null],
  ]);
});

test('read() knows g and a letter, and forgets g after any other key', () => {
  assert.equal(read('g', 's', 's'), [null, 'go-sessions', null]);
  assert.equal(read('g', 'e', 'g', 'r'), [null, 'go-fleet', null, 'go-requests']);
  assert.equal(read('g', 'x', 's'), [null, null, null]);
  assert.equal(read('g', 'j', 'j'), [null, null, 'next']);
});

test('read() forgets g after a while', () => {
  assert.equal(read('g', { key: 's', afterMs: CHORD_MS - 1 }), [null, 'go-sessions']);
  assert.equal(read('g', { key: 's', afterMs: CHORD_MS }), [null, null]);
});

test('read() takes nothing from a text field but the palette', () => {
  const typing = { isTyping: true };
  assert.equal(read({ key: '/', ...typing }, { key: 'g', ...typing }, 's'), [null, null, null]);
  assert.equal(read({ key: 'k', ctrlKey: true, ...typing }, { key: 'K', metaKey: true }), [
    'palette',
    'palette',
  ]);
});

test('read() leaves the browser its own combinations', () => {
  assert.equal(read({ key: 'j', ctrlKey: true }, { key: '/', altKey: true }), [null, null]);
  assert.equal(read({ key: 'k', ctrlKey: true, altKey: true }), [null]);
});

test.run();
