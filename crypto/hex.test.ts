import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { FormatError } from './error.ts';
import { formatHex, parseHex } from './hex.ts';

const hex = suite('parseHex()');

hex('parseHex() is the inverse of formatHex()', () => {
  assert.is(formatHex(new Uint8Array()), '');
  assert.is(formatHex(Uint8Array.of(0, 1, 15, 16, 255)), '00010f10ff');
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      assert.equal(parseHex(formatHex(bytes)), new Uint8Array(bytes));
    }),
  );
});

hex('parseHex() refuses upper case, odd lengths and anything around the digits', () => {
  for (const text of [
    '0',
    '000',
    'FF',
    'fF',
    '0x00',
    ' 00',
    '00 ',
    '00\n',
    '\n00',
    'gg',
    '-1',
    '٠٠',
  ]) {
    assert.throws(
      () => parseHex(text),
      (error: unknown) => error instanceof FormatError && error.code === 'base64',
    );
  }
});

hex.run();
