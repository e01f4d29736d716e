import { pureJsCrypto } from '@chainsafe/libp2p-noise';
import { Uint8ArrayList } from 'uint8arraylist';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from '#crypto/bytes.ts';
import { formatHex, parseHex } from '#crypto/hex.ts';
import { nativeNoiseCrypto } from './noise-cipher.ts';

const { chaCha20Poly1305Encrypt: encrypt, chaCha20Poly1305Decrypt: decrypt } = nativeNoiseCrypto;
const nonce = parseHex('070000004041424344454647');
const ad = parseHex('50515253c0c1c2c3c4c5c6c7');

/** 0x80 to 0x9f: the key of RFC 8439 §2.8.2. */
function freshKey(): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
}

/** A message in parts, as Noise has them. */
function listOf(...parts: Uint8Array[]): Parameters<typeof encrypt>[0] {
  return new Uint8ArrayList(...parts) as unknown as Parameters<typeof encrypt>[0]; // Noise brings a version of its own
}

const test = suite('nativeNoiseCrypto');

test('encrypts as RFC 8439 §2.8.2 says, and decrypts it again', () => {
  const plaintext = encodeUtf8(
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.",
  );
  const sealed = encrypt(plaintext, nonce, ad, freshKey()).subarray();
  assert.is(sealed.length, plaintext.length + 16);
  assert.is(formatHex(sealed.subarray(0, 16)), 'd31a8d34648e60db7b86afbc53ef7ec2');
  assert.is(formatHex(sealed.subarray(-16)), '1ae10b594f09e26a7e902ecbd0600691');
  assert.equal(formatHex(decrypt(sealed, nonce, ad, freshKey()).subarray()), formatHex(plaintext));
});

test('speaks with the pure implementation, in messages of every length and cut', () => {
  const key = freshKey();
  for (const length of [0, 1, 15, 16, 17, 1199, 1200, 65_519]) {
    const bytes = new Uint8Array(length).fill(length);
    const cut = Math.floor(length / 3);
    const ours = encrypt(
      listOf(bytes.subarray(0, cut), bytes.subarray(cut)),
      nonce,
      ad,
      key,
    ).subarray();
    const theirs = pureJsCrypto.chaCha20Poly1305Encrypt(bytes, nonce, ad, key).subarray();
    assert.is(formatHex(ours), formatHex(theirs));
    const opened = decrypt(listOf(theirs.subarray(0, 5), theirs.subarray(5)), nonce, ad, key);
    assert.is(formatHex(opened.subarray()), formatHex(bytes));
  }
});

test('keeps two keys apart, and refuses what another one sealed', () => {
  const [one, other] = [freshKey(), freshKey().fill(1)];
  const sealed = encrypt(encodeUtf8('order'), nonce, ad, one).subarray();
  assert.not.equal(encrypt(encodeUtf8('order'), nonce, ad, other).subarray(), sealed);
  assert.throws(() => decrypt(sealed, nonce, ad, other));
});

test('refuses every message with one bit changed, one too short, or other words beside it', () => {
  const key = freshKey();
  const sealed = encrypt(encodeUtf8('order'), nonce, ad, key).subarray();
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const mangled = Uint8Array.from(sealed);
    mangled[bit >> 3] = (mangled[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    assert.throws(() => decrypt(mangled, nonce, ad, key), undefined, `bit ${bit}`);
  }
  for (let length = 0; length < sealed.length; length++) {
    assert.throws(() => decrypt(sealed.subarray(0, length), nonce, ad, key));
  }
  assert.throws(() => decrypt(sealed, nonce, new Uint8Array(0), key));
});

test.run();
