import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { diffStates, hasChanges } from './state-diff.ts';

const lines = (...text: string[]): string => `${text.join('\n')}\n`;

const diff = suite('diffStates()');

diff('diffStates() shows what went and what came, with the lines around', () => {
  const many = Array.from({ length: 10 }, (_, i) => `line ${i}`);
  const before = lines(...many, 'stopped', 'z');
  const after = lines(...many, 'running', 'z');
  assert.equal(diffStates(before, after), [
    { skipped: 7 },
    { sign: ' ', text: 'line 7' },
    { sign: ' ', text: 'line 8' },
    { sign: ' ', text: 'line 9' },
    { sign: '-', text: 'stopped' },
    { sign: '+', text: 'running' },
    { sign: ' ', text: 'z' },
  ]);
});

diff('diffStates() of the same text has no change', () => {
  const parts = diffStates('a\nb\n', 'a\nb\n') ?? [];
  assert.equal(parts, [{ skipped: 2 }]);
  assert.is(hasChanges(parts), false);
});

diff('diffStates() takes a text that ends without a line end', () => {
  const parts = diffStates('a', 'a\nb') ?? [];
  assert.is(hasChanges(parts), true);
});

diff.run();
