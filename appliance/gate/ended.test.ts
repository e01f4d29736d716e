import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { Ended, MAX_ENDED, MAX_ENDED_BYTES } from './ended.ts';

const add = suite('Ended.add()');

add('forgets the oldest when there are too many', () => {
  const ended = new Ended();
  for (let i = 0; i < MAX_ENDED; i++) assert.equal(ended.add(`${i}`, 1), []);
  assert.equal(ended.add('next', 1), ['0']);
  assert.equal(ended.add('after', 1), ['1']);
});

add('forgets as many as the bytes demand, and what is too large alone', () => {
  const ended = new Ended();
  const half = MAX_ENDED_BYTES / 2;
  assert.equal(ended.add('a', half), []);
  assert.equal(ended.add('b', half), []);
  assert.equal(ended.add('c', half + 1), ['a', 'b']);
  assert.equal(ended.add('d', MAX_ENDED_BYTES + 1), ['c', 'd']);
  assert.equal(ended.add('e', MAX_ENDED_BYTES), []);
});

add('counts no more what was deleted', () => {
  const ended = new Ended();
  ended.add('a', MAX_ENDED_BYTES);
  ended.delete('a');
  ended.delete('a');
  assert.equal(ended.add('b', MAX_ENDED_BYTES), []);
});

add.run();
