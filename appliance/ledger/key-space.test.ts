import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { compareBytes } from '#crypto/bytes.ts';

import {
  contentKey,
  encodeIndexes,
  indexOfKey,
  kindKey,
  kindRange,
  leafKey,
  MAX_INDEX,
  openKey,
  parseIndexes,
  sessionKey,
  sessionRange,
  tileKey,
} from './key-space.ts';

const INDEXES = [
  0,
  1,
  255,
  256,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32 - 1,
  2 ** 32,
  2 ** 40,
  MAX_INDEX - 1,
];
const SESSION = 'BBBBBBBBBBBBBBBBBBBBBA';

const keys = suite('leafKey()');

keys('sorts as indexes count, content after its leaf', () => {
  const sorted = INDEXES.flatMap((index) => [leafKey(index), contentKey(index)]);
  assert.equal(sorted.toSorted(compareBytes), sorted);
});

keys('shares no key with another table', () => {
  const all = INDEXES.flatMap((index) => [
    ...[leafKey(index), contentKey(index), tileKey(0, index), tileKey(1, index)],
    ...[kindKey('chat.said', index), kindKey('alert.raised', index), sessionKey(SESSION, index)],
  ]).concat([openKey(SESSION)]);
  assert.is(new Set(all.map((key) => key.join())).size, all.length);
});

keys.run();

const ranges = suite('kindRange()');

ranges('holds the keys of its kind and no others', () => {
  const { gte, lt } = kindRange('session.opened');
  const isIn = (key: Uint8Array): boolean =>
    compareBytes(key, gte) >= 0 && compareBytes(key, lt) < 0;
  assert.ok(INDEXES.every((index) => isIn(kindKey('session.opened', index))));
  assert.not(isIn(kindKey('session.closed', 0)));
  assert.not(isIn(kindKey('share.created', 0)));
});

ranges('sessionRange() holds positions from n up to its end', () => {
  const { gte, lt } = sessionRange(SESSION, { n: 5, end: 9 });
  const isIn = (n: number): boolean =>
    compareBytes(sessionKey(SESSION, n), gte) >= 0 && compareBytes(sessionKey(SESSION, n), lt) < 0;
  assert.equal([4, 5, 8, 9].map(isIn), [false, true, true, false]);
});

ranges.run();

const numbers = suite('parseIndexes()');

numbers('gives back what encodeIndexes() was given, beyond 32 bits', () => {
  assert.equal(parseIndexes(encodeIndexes(INDEXES)), INDEXES);
  for (const index of INDEXES) assert.is(indexOfKey(sessionKey(SESSION, index)), index);
});

numbers.run();
