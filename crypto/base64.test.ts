import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64, encodeBase64url, parseBase64, parseBase64url } from './base64.ts';
import { encodeUtf8 } from './bytes.ts';
import { FormatError } from './error.ts';
import { parseHex } from './hex.ts';

// RFC 4648 §10.
const RFC_4648 = [
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
] as const;

function isRefusal(error: unknown): boolean {
  return error instanceof FormatError && error.code === 'base64';
}

const standard = suite('parseBase64()');

standard('parseBase64() and encodeBase64() have the vectors of RFC 4648', () => {
  for (const [text, base64] of RFC_4648) {
    assert.is(encodeBase64(encodeUtf8(text)), base64);
    assert.equal(parseBase64(base64), encodeUtf8(text));
  }
  assert.is(encodeBase64(parseHex('fbefbe')), '++++');
  assert.is(encodeBase64(parseHex('ffffff')), '////');
});

standard('parseBase64() is the inverse of encodeBase64()', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.is(encodeBase64(bytes), Buffer.from(bytes).toString('base64'));
      assert.equal(parseBase64(encodeBase64(bytes)), new Uint8Array(bytes));
    }),
  );
});

standard('parseBase64() takes one spelling of the last characters, of all 64', () => {
  const alphabet = encodeBase64(Uint8Array.from({ length: 48 }, (_, i) => i * 5));
  for (let char = 33; char < 127; char++) {
    for (const text of [`A${String.fromCharCode(char)}==`, `AA${String.fromCharCode(char)}=`]) {
      try {
        assert.is(encodeBase64(parseBase64(text)), text);
      } catch (error) {
        assert.ok(isRefusal(error), text);
      }
    }
  }
  assert.equal(encodeBase64(parseBase64(alphabet)), alphabet);
});

standard('parseBase64() refuses padding, alphabets, lengths and bits that are not its own', () => {
  const bad = [
    'Z',
    'Zg',
    'Zg=',
    'Zg===',
    'Zm8',
    'Zm8==',
    'Zm9v=',
    'Zm9v====',
    '=',
    '==',
    '===',
    '====',
  ];
  bad.push(
    'Zh==',
    'Zm9=',
    'Zm-v',
    'Zm_v',
    ' Zg==',
    'Zg== ',
    'Zg==\n',
    'Z\ng==',
    'Zg==Zg==',
    'Zg=Z',
  );
  bad.push('Zm9v\u0100', 'ĀĀĀĀ', '٣٣٣٣', 'A===', '\u0000AAA');
  for (const text of bad) assert.throws(() => parseBase64(text), isRefusal, text);
});

standard('parseBase64() of any text answers what encodes back, or refuses with its code', () => {
  const chars = fc.constantFrom('A', 'B', 'g', 'w', '/', '+', '=', '-', '_', ' ');
  fc.assert(
    fc.property(fc.array(chars, { maxLength: 12 }), (parts) => {
      const text = parts.join('');
      try {
        assert.is(encodeBase64(parseBase64(text)), text);
      } catch (error) {
        assert.ok(isRefusal(error));
      }
    }),
  );
});

standard.run();

const urlSafe = suite('parseBase64url()');

urlSafe('parseBase64url() is the inverse of encodeBase64url(), without padding', () => {
  for (const [text, base64] of RFC_4648) {
    const unpadded = base64.replaceAll('=', '');
    assert.is(encodeBase64url(encodeUtf8(text)), unpadded);
    assert.equal(parseBase64url(unpadded), encodeUtf8(text));
  }
  assert.is(encodeBase64url(parseHex('fbefbe')), '----');
  assert.is(encodeBase64url(parseHex('ffffff')), '____');
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      assert.is(encodeBase64url(bytes), Buffer.from(bytes).toString('base64url'));
      assert.equal(parseBase64url(encodeBase64url(bytes)), new Uint8Array(bytes));
    }),
  );
});

urlSafe('parseBase64url() refuses padding, the standard alphabet, lengths and bits', () => {
  for (const text of [
    'Zg==',
    'Zm8=',
    'Z',
    'Zm9vY',
    'Zh',
    'Zm9',
    'Zm+v',
    'Zm/v',
    'Zg ',
    '\nZg',
    '=',
  ]) {
    assert.throws(() => parseBase64url(text), isRefusal, text);
  }
});

urlSafe.run();
