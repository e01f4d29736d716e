import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { safeTarget } from './visitor.ts';

const test = suite('safeTarget()');

test('safeTarget() stays in the console, whatever is asked', () => {
  const outside = [
    null,
    '',
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    '/\n/evil.example',
    'sites',
  ];
  for (const to of outside) assert.is(safeTarget(to), '/', String(to));
  assert.is(safeTarget('/sites/abc?x=1'), '/sites/abc?x=1');
});

test.run();
