import { createHash, createHmac } from 'node:crypto';

import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from './bytes.ts';
import {
  EMPTY_ROOT,
  hmacSha256,
  leafHash,
  nodeHash,
  sha256,
  sha256Base64url,
  useNativeSha256,
} from './hash.ts';
import { formatHex, parseHex } from './hex.ts';

function nodeSha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

const merkle = suite('nodeHash()');

merkle('leafHash() and nodeHash() have the constants of RFC 6962', () => {
  const empty = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
  assert.is(formatHex(EMPTY_ROOT), empty);
  const emptyLeaf = '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d';
  assert.is(formatHex(leafHash(new Uint8Array())), emptyLeaf);
  const leaf = '395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56';
  assert.is(formatHex(leafHash(encodeUtf8('L123456'))), leaf);
  const node = 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125';
  assert.is(formatHex(nodeHash(leafHash(new Uint8Array()), leafHash(Uint8Array.of(0)))), node);
});

merkle('nodeHash() depends on both sides and on their order', () => {
  const [a, b] = [sha256(Uint8Array.of(1)), sha256(Uint8Array.of(2))];
  const hashes = [nodeHash(a, b), nodeHash(b, a), nodeHash(a, a), nodeHash(b, b)].map(formatHex);
  assert.is(new Set(hashes).size, 4);
  assert.is(formatHex(nodeHash(a, b)), hashes[0]); // the same again: nothing stays from the last node
});

merkle('nodeHash() refuses hashes that are not 32 bytes', () => {
  const good = new Uint8Array(32);
  for (const length of [0, 31, 33, 64]) {
    const bad = new Uint8Array(length);
    assert.throws(
      () => nodeHash(good, bad),
      (e: unknown) => e instanceof RangeError,
    );
    assert.throws(
      () => nodeHash(bad, good),
      (e: unknown) => e instanceof RangeError,
    );
  }
});

merkle('leafHash() of two joined hashes is not their nodeHash()', () => {
  const both = new Uint8Array(64);
  assert.is.not(formatHex(leafHash(both)), formatHex(nodeHash(both.slice(0, 32), both.slice(32))));
});

merkle.run();

const plain = suite('sha256()');

plain('sha256() is SHA-256 at every length across its blocks', () => {
  for (let length = 0; length <= 130; length++) {
    const bytes = Uint8Array.from({ length }, (_, i) => i);
    assert.equal(sha256(bytes), nodeSha256(bytes));
  }
});

plain('sha256Base64url() has the digest of the disclosure in RFC 9901', () => {
  const disclosure = 'WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0';
  assert.is(sha256Base64url(disclosure), 'X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0');
});

plain.run();

const mac = suite('hmacSha256()');

mac('hmacSha256() has test cases 1 and 2 of RFC 4231', () => {
  assert.is(
    formatHex(hmacSha256(new Uint8Array(20).fill(0x0b), encodeUtf8('Hi There'))),
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  );
  assert.is(
    formatHex(hmacSha256(encodeUtf8('Jefe'), encodeUtf8('what do ya want for nothing?'))),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  );
});

mac('hmacSha256() takes keys to 64 bytes and refuses longer ones', () => {
  for (let length = 0; length <= 64; length++) {
    const key = new Uint8Array(length).fill(length);
    const want = createHmac('sha256', key).update('text').digest('hex');
    assert.is(formatHex(hmacSha256(key, encodeUtf8('text'))), want);
  }
  const long = new Uint8Array(65);
  assert.throws(
    () => hmacSha256(long, long),
    (e: unknown) => e instanceof RangeError,
  );
});

mac.run();

const native = suite('useNativeSha256()');

native.after.each(() => useNativeSha256(nobleSha256));

native('useNativeSha256() puts in what gives the same answers', () => {
  const bytes = parseHex('00112233');
  const [hash, text] = [sha256(bytes), sha256Base64url('Möbius')];
  let calls = 0;
  useNativeSha256((input) => {
    calls += 1;
    return nodeSha256(input);
  });
  const before = calls;
  assert.equal(sha256(bytes), hash);
  assert.is(sha256Base64url('Möbius'), text);
  assert.is(calls, before + 2);
});

native('useNativeSha256() refuses what gives other answers, and keeps what was', () => {
  const other = (bytes: Uint8Array): Uint8Array => nodeSha256(nodeSha256(bytes));
  assert.throws(() => useNativeSha256(other), /wrong answers/);
  assert.throws(() => useNativeSha256((bytes) => nodeSha256(bytes).slice(1)), /wrong answers/);
  assert.throws(() => useNativeSha256(nodeSha256, () => 'text'), /wrong answers/);
  assert.equal(sha256(new Uint8Array()), EMPTY_ROOT);
});

native.run();
