import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { lossWords } from './loss-words.ts';

const AT = '2026-11-21T02:09:14.123Z';

const loss = suite('lossWords()');

loss('says a known code in words, and when the machine was last heard', () => {
  assert.equal(lossWords(`ended, last seen ${AT}`), {
    ...{ text: 'Its agent hung up', lastSeen: AT },
  });
  assert.equal(lossWords(`stream-lost, last seen ${AT}; shorter losses before: 3`), {
    ...{ text: 'The connection broke, after 3 shorter losses', lastSeen: AT },
  });
});

loss('keeps a code that it does not know, and a reason of another shape, in sight', () => {
  assert.is(lossWords(`melted, last seen ${AT}`).text, 'melted');
  for (const odd of ['ended', `ended, last seen never`, `ended, last seen ${AT}; and more`]) {
    assert.equal(lossWords(odd), { text: odd, lastSeen: null });
  }
  assert.is(lossWords('no\u202enetwork').text, 'no\\u{202e}network');
});

loss.run();
