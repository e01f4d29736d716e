import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { joinTokenWords } from './join-token-words.ts';

const words = suite('joinTokenWords()');

words('joinTokenWords() says how long it is good, that it is over, and that there is none', () => {
  const nowMs = Date.parse('2026-11-21T08:00:00.000Z');
  const at = (ms: number): string => joinTokenWords(new Date(nowMs + ms).toISOString(), nowMs);
  assert.is(at(23 * 3_600_000), 'token ends in 23 h');
  assert.is(at(1), 'token ends now');
  assert.is(at(0), 'its token has run out');
  assert.is(at(-86_400_000), 'its token has run out');
  assert.is(joinTokenWords(null, nowMs), 'no token is out');
});

words.run();
