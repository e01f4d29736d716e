import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  compareBytes,
  concatBytes,
  copyBytes,
  decodeUtf8,
  encodeUtf8,
  equalBytes,
} from './bytes.ts';

const concat = suite('concatBytes()');

concat('concatBytes() joins in order, into a buffer of its own', () => {
  const joined = concatBytes(Uint8Array.of(1, 2), new Uint8Array(), Uint8Array.of(3));
  assert.equal(joined, Uint8Array.of(1, 2, 3));
  assert.is(joined.buffer.byteLength, 3);
  assert.equal(concatBytes(), new Uint8Array());
});

concat.run();

const equal = suite('equalBytes()');

equal('equalBytes() sees every changed byte and every other length', () => {
  const bytes = Uint8Array.from({ length: 33 }, (_, i) => i);
  assert.ok(equalBytes(bytes, bytes.slice()));
  assert.ok(equalBytes(new Uint8Array(), new Uint8Array()));
  for (let i = 0; i < bytes.length; i++) {
    assert.not.ok(equalBytes(bytes, bytes.with(i, 255)));
    assert.not.ok(equalBytes(bytes, bytes.subarray(0, i)));
    assert.not.ok(equalBytes(bytes.subarray(0, i), bytes));
  }
});

equal.run();

const compare = suite('compareBytes()');

compare('compareBytes() orders as memcmp does', () => {
  const bytes = fc.uint8Array({ maxLength: 4 });
  fc.assert(
    fc.property(bytes, bytes, (a, b) => {
      assert.is(Math.sign(compareBytes(a, b)), Buffer.compare(a, b));
    }),
  );
});

compare.run();

const copy = suite('copyBytes()');

copy('copyBytes() gives plain bytes that no longer follow the view', () => {
  const view = Buffer.from([1, 2, 3, 4]).subarray(1, 3);
  const bytes = copyBytes(view);
  view[0] = 9;
  assert.equal(bytes, Uint8Array.of(2, 3));
  assert.is(bytes.buffer.byteLength, 2);
  assert.is(bytes.constructor, Uint8Array);
});

copy.run();

const utf8 = suite('decodeUtf8()');

utf8('decodeUtf8() is the inverse of encodeUtf8(), short and long', () => {
  for (const text of [
    '',
    'a',
    'Möbius',
    '\ufeffmarked',
    '📜',
    '\u0000',
    'x'.repeat(300),
    'ü'.repeat(300),
  ]) {
    assert.is(decodeUtf8(encodeUtf8(text)), text);
    assert.equal(encodeUtf8(text), new Uint8Array(Buffer.from(text, 'utf8')));
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.is(decodeUtf8(encodeUtf8(text)), text);
    }),
  );
});

utf8('decodeUtf8() refuses what is not UTF-8', () => {
  const bad = [[0xff], [0xc3], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0x80]];
  for (const bytes of bad) {
    assert.throws(
      () => decodeUtf8(Uint8Array.from(bytes)),
      (e: unknown) => e instanceof TypeError,
    );
  }
});

utf8.run();
