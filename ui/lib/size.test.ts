import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatSize } from './size.ts';

const size = suite('formatSize()');

size('formatSize() says a size in at most four digits', () => {
  const sizes = [0, 999, 1000, 1536, 10 * 1024, 1 << 20, 5 * 2 ** 40];
  assert.equal(sizes.map(formatSize), [
    '0 B',
    '999 B',
    '1.0 KiB',
    '1.5 KiB',
    '10 KiB',
    '1.0 MiB',
    '5.0 TiB',
  ]);
});

size.run();
