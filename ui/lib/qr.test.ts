import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { drawQr } from './qr.ts';

const qr = suite('drawQr()');

qr('drawQr() draws the finders inside a border, in whole units', () => {
  const { size, path } = drawQr('otpauth://totp/Caisey:sarah@acme.example?secret=ABC');
  const squares = [...path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => `${x} ${y}`);
  assert.is(path.replace(/M\d+ \d+h1v1h-1z/g, ''), '');
  const has = new Set(squares);
  for (const corner of [`2 2`, `${size - 3} 2`, `2 ${size - 3}`])
    assert.ok(has.has(corner), corner);
  assert.not(
    squares.some((at) => /^[01] | [01]$/.test(at)),
    'the border is quiet',
  );
});

qr.run();
