import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from '#crypto/bytes.ts';
import { sha256 } from '#crypto/hash.ts';
import { formatHex } from '#crypto/hex.ts';
import { importSigner, isEd25519Signature } from '#crypto/webcrypto.ts';
import { useNativeCrypto } from './native-crypto.ts';

const test = suite('useNativeCrypto()');

test('hashes and signs as the pure ground does, byte for byte', async () => {
  const seed = new Uint8Array(32).fill(7);
  const message = encodeUtf8('Möbius');
  const pure = await importSigner(seed);
  const before = { hash: sha256(message), signature: await pure.sign(message) };
  useNativeCrypto();
  const native = await importSigner(seed);
  assert.equal(formatHex(sha256(message)), formatHex(before.hash));
  assert.equal(formatHex(native.publicKey), formatHex(pure.publicKey));
  assert.equal(formatHex(await native.sign(message)), formatHex(before.signature));
});

test('refuses every signature with one bit changed, and a key of small order', async () => {
  useNativeCrypto();
  const { publicKey, sign } = await importSigner(new Uint8Array(32).fill(9));
  const message = encodeUtf8('order');
  const signature = await sign(message);
  assert.ok(await isEd25519Signature(publicKey, { signature, message }));
  for (let bit = 0; bit < signature.length * 8; bit++) {
    const changed = new Uint8Array(signature);
    const at = Math.floor(bit / 8);
    changed[at] = (changed[at] ?? 0) ^ (1 << (bit % 8));
    assert.not(await isEd25519Signature(publicKey, { signature: changed, message }));
  }
  const weak = new Uint8Array(32);
  assert.not(await isEd25519Signature(weak, { signature: new Uint8Array(64), message }));
});

test('answers false, and does not throw, for a key that is no point', async () => {
  useNativeCrypto();
  const noPoint = new Uint8Array(32).fill(0xf1);
  const claim = { signature: new Uint8Array(64), message: new Uint8Array(1) };
  assert.not(await isEd25519Signature(noPoint, claim));
});

test.run();
