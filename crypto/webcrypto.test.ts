import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { concatBytes, encodeUtf8 } from './bytes.ts';
import { FormatError, VerifyError } from './error.ts';
import { formatHex, parseHex } from './hex.ts';
import {
  checkEd25519PublicKey,
  door,
  importSigner,
  isEd25519Signature,
  randomBytes,
} from './webcrypto.ts';

// RFC 8032 §7.1, tests 1 to 3.
const RFC_8032 = [
  {
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
].map((vector) => ({
  seed: parseHex(vector.seed),
  publicKey: parseHex(vector.publicKey),
  message: parseHex(vector.message),
  signature: parseHex(vector.signature),
}));

/** The y of every point whose order divides 8, little-endian, with the two that have a second encoding. */
const SMALL_ORDER = [
  '00'.repeat(32),
  `01${'00'.repeat(31)}`,
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  `ec${'ff'.repeat(30)}7f`,
  `ed${'ff'.repeat(30)}7f`,
  `ee${'ff'.repeat(30)}7f`,
].map(parseHex);

/** The order of the base point, 2^252 + 277…493, RFC 8032 §5.1. */
const L = 2n ** 252n + 27742317777372353535851937790883648493n;

function vectorAt(i: number): (typeof RFC_8032)[number] {
  const vector = RFC_8032[i];
  if (vector === undefined) throw new Error('unreachable: no such vector');
  return vector;
}

function refusalOf(check: () => void): string {
  try {
    check();
  } catch (error) {
    if (error instanceof FormatError || error instanceof VerifyError) return error.code;
    return String(error);
  }
  return 'accepted';
}

const sign = suite('importSigner()');

sign('importSigner() derives the keys and makes the signatures of RFC 8032', async () => {
  for (const { seed, publicKey, message, signature } of RFC_8032) {
    const signer = await importSigner(seed);
    assert.equal(signer.publicKey, publicKey);
    assert.is(formatHex(await signer.sign(message)), formatHex(signature));
  }
});

sign('importSigner() refuses seeds of other lengths', async () => {
  for (const length of [0, 31, 33, 64]) {
    try {
      await importSigner(new Uint8Array(length));
    } catch (error) {
      assert.ok(error instanceof FormatError && error.code === 'key');
      continue;
    }
    assert.unreachable(`${length}`);
  }
});

sign.run();

const verify = suite('isEd25519Signature()');

verify('isEd25519Signature() holds for RFC 8032 and for nothing one bit away', async () => {
  const { publicKey, message, signature } = vectorAt(2);
  assert.ok(await isEd25519Signature(publicKey, { signature, message }));
  for (let at = 0; at < 64; at++) {
    const changed = signature.with(at, (signature[at] ?? 0) ^ 1);
    assert.not.ok(await isEd25519Signature(publicKey, { signature: changed, message }), `${at}`);
  }
  for (let at = 0; at < 32; at++) {
    const changed = publicKey.with(at, (publicKey[at] ?? 0) ^ 1);
    assert.not.ok(await isEd25519Signature(changed, { signature, message }), `${at}`);
  }
  const other = concatBytes(message, Uint8Array.of(0));
  assert.not.ok(await isEd25519Signature(publicKey, { signature, message: other }));
});

verify('isEd25519Signature() is false for other lengths, and throws for none', async () => {
  const { publicKey, message, signature } = vectorAt(1);
  for (const length of [0, 32, 63, 65, 128]) {
    const cut = concatBytes(signature, signature).slice(0, length);
    assert.not.ok(await isEd25519Signature(publicKey, { signature: cut, message }));
  }
  for (const length of [0, 31, 33]) {
    const cut = concatBytes(publicKey, publicKey).slice(0, length);
    assert.not.ok(await isEd25519Signature(cut, { signature, message }));
  }
});

verify('isEd25519Signature() is false for the second spelling of a signature, S + L', async () => {
  const { publicKey, message, signature } = vectorAt(1);
  const s = BigInt(`0x${formatHex(signature.slice(32).reverse())}`);
  const second = parseHex((s + L).toString(16).padStart(64, '0')).reverse();
  const malleable = concatBytes(signature.slice(0, 32), second);
  assert.not.ok(await isEd25519Signature(publicKey, { signature: malleable, message }));
});

verify(
  'isEd25519Signature() is false under a key of small order, which signs anything',
  async () => {
    // With A the neutral point, R the same and S = 0, the equation S·B = R + k·A holds for every message.
    const neutral = new Uint8Array(32).with(0, 1);
    const signature = concatBytes(neutral, new Uint8Array(32));
    for (const message of ['yes', 'no'].map(encodeUtf8)) {
      assert.not.ok(await isEd25519Signature(neutral, { signature, message }));
    }
  },
);

verify('isEd25519Signature() takes views that lie inside a larger buffer', async () => {
  const { publicKey, message, signature } = vectorAt(2);
  const all = concatBytes(publicKey, signature, message);
  const claim = { signature: all.subarray(32, 96), message: all.subarray(96) };
  assert.ok(await isEd25519Signature(all.subarray(0, 32), claim));
});

verify.run();

const weak = suite('checkEd25519PublicKey()');

weak('checkEd25519PublicKey() refuses every point of small order, with either sign', () => {
  for (const point of SMALL_ORDER) {
    const signed = point.with(31, (point[31] ?? 0) | 0x80);
    assert.is(
      refusalOf(() => checkEd25519PublicKey(point)),
      'weak-key',
      formatHex(point),
    );
    assert.is(
      refusalOf(() => checkEd25519PublicKey(signed)),
      'weak-key',
      formatHex(signed),
    );
  }
});

weak('checkEd25519PublicKey() takes strong keys and refuses other lengths', () => {
  for (const { publicKey } of RFC_8032) checkEd25519PublicKey(publicKey);
  for (const length of [0, 31, 33]) {
    assert.is(
      refusalOf(() => checkEd25519PublicKey(new Uint8Array(length))),
      'key',
    );
  }
});

weak.run();

const random = suite('randomBytes()');

random('randomBytes() gives the length asked for, never the same twice', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 2000; i++) {
    const bytes = randomBytes(16);
    assert.is(bytes.length, 16);
    assert.is(bytes.buffer.byteLength, 16); // not a view of what others were given
    seen.add(formatHex(bytes));
  }
  assert.is(seen.size, 2000);
});

random('randomBytes() leaves no byte unfilled, at any length', () => {
  for (const length of [0, 1, 15, 31, 32, 511, 512, 513, 4095, 4096, 4097, 65_536]) {
    const union = new Uint8Array(length);
    for (let i = 0; i < 12; i++) {
      for (const [at, byte] of randomBytes(length).entries()) union[at] = (union[at] ?? 0) | byte;
    }
    const unfilled = union.filter((byte) => byte === 0).length;
    assert.is(unfilled, 0, `${length}`); // by chance once in 2^96 bytes
  }
});

random.run();

const opened = suite('door()');

opened('door() is one SubtleCrypto that knows Ed25519', async () => {
  const subtle = await door();
  assert.is(await door(), subtle);
  const { publicKey } = vectorAt(0);
  const key = await subtle.importKey('raw', publicKey, 'Ed25519', true, ['verify']);
  assert.equal(new Uint8Array(await subtle.exportKey('raw', key)), publicKey);
});

opened.run();
