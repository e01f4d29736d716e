import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from './bytes.ts';
import { sha256 } from './hash.ts';
import { matchCode, plainCode } from './match-code.ts';

const match = suite('matchCode()');

match('gives the codes that it gave before', () => {
  // Computed with Python's hashlib: SHA-256("caisey/match/v1\0" || hash), five low bits of each byte.
  assert.is(matchCode(new Uint8Array(32)), 'HX1-NFX');
  assert.is(matchCode(new Uint8Array(32).fill(0xff)), '54S-486');
});

match('uses letters that are not taken for each other, each about as often', () => {
  const counts = new Map<string, number>();
  for (let i = 0; i < 2000; i++) {
    const code = matchCode(sha256(encodeUtf8(`request ${i}`)));
    assert.match(code, /^[0-9A-HJKMNP-TV-Z]{3}-[0-9A-HJKMNP-TV-Z]{3}$/);
    for (const letter of code.replace('-', '')) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  assert.is(counts.size, 32);
  for (const [letter, count] of counts) assert.ok(count > 250 && count < 500, `${letter} ${count}`);
});

match('differs for requests that differ in one bit', () => {
  const hash = sha256(encodeUtf8('a request'));
  const codes = new Set([matchCode(hash)]);
  for (let bit = 0; bit < 256; bit++) {
    const other = Uint8Array.from(hash);
    other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    codes.add(matchCode(other));
  }
  assert.is(codes.size, 257);
});

match.run();

const plain = suite('plainCode()');

plain('reads a code as people type it', () => {
  assert.is(plainCode(' k7qm–2fdo 93il '), 'K7QM2FD09311');
  assert.is(plainCode(''), '');
});

plain.run();
