import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { mergeRepeats, REPEAT_MS } from './terminal.ts';

const test = suite('mergeRepeats()');

test('mergeRepeats() hears once what a whole process group was told', () => {
  let nowMs = 0;
  let heard = 0;
  const interrupt = mergeRepeats(
    () => (heard += 1),
    () => nowMs,
  );
  const at = (ms: number): number => {
    nowMs = ms;
    interrupt();
    return heard;
  };
  assert.equal([at(0), at(3), at(REPEAT_MS - 1)], [1, 1, 1]);
  assert.is(at(3 * REPEAT_MS), 2, 'a second Ctrl+C is another word');
  assert.is(at(4 * REPEAT_MS), 3);
});

test.run();
