import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64 } from './base64.ts';
import { concatBytes, encodeUtf8 } from './bytes.ts';
import { FormatError, VerifyError } from './error.ts';
import { sha256 } from './hash.ts';
import { formatHex } from './hex.ts';
import {
  formatSignerKey,
  formatVerifierKey,
  isKeyName,
  isSameKey,
  parseSignerKey,
  parseVerifierKey,
  verifierKey,
} from './key.ts';

const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const PETER_SECRET =
  'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const ENOCH = 'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop';
const WITNESS = 'witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN';
const GOOD = [
  PETER,
  ENOCH,
  WITNESS,
  'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  'witness.example.com/cloud+c2b4dbda+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU',
];

/** A vkey with any type and bytes whose id is right, so that only they can be what is refused. */
function forge(name: string, typeAndKey: Uint8Array): string {
  const id = sha256(concatBytes(encodeUtf8(`${name}\n`), typeAndKey)).slice(0, 4);
  return `${name}+${formatHex(id)}+${encodeBase64(typeAndKey)}`;
}

function isRefusal(error: unknown): boolean {
  return error instanceof FormatError && error.code === 'key';
}

async function refusesSecret(text: string): Promise<void> {
  try {
    await parseSignerKey(text);
  } catch (error) {
    assert.ok(isRefusal(error), text);
    return;
  }
  assert.unreachable(text);
}

const parse = suite('parseVerifierKey()');

parse('parseVerifierKey() reads the keys of other implementations, and writes them back', () => {
  for (const text of GOOD) assert.is(formatVerifierKey(parseVerifierKey(text)), text);
  const { name, id, type, publicKey } = parseVerifierKey(WITNESS);
  assert.is(name, 'witness.example.org');
  assert.is(formatHex(id), 'b8a2cf20');
  assert.is(type, 0x04);
  assert.is(publicKey.length, 32);
});

parse('parseVerifierKey() refuses every proper substring', () => {
  for (let start = 0; start < PETER.length; start++) {
    for (let end = start; end <= PETER.length; end++) {
      if (end - start === PETER.length) continue;
      assert.throws(() => parseVerifierKey(PETER.slice(start, end)), isRefusal);
    }
  }
});

parse('parseVerifierKey() refuses every change of one byte', () => {
  for (let at = 0; at < PETER.length; at++) {
    for (const by of [1, -1, 32, 128]) {
      const char = String.fromCharCode((PETER.charCodeAt(at) + by) % 65536);
      const text = PETER.slice(0, at) + char + PETER.slice(at + 1);
      assert.throws(() => parseVerifierKey(text), isRefusal, text);
    }
  }
});

parse('parseVerifierKey() refuses an unknown type and wrong lengths under right ids', () => {
  const key = parseVerifierKey(PETER).publicKey;
  for (const type of [0x00, 0x02, 0x03, 0x05, 0x06, 0xfa, 0xff]) {
    const text = forge('PeterNeumann', concatBytes(Uint8Array.of(type), key));
    assert.throws(() => parseVerifierKey(text), isRefusal);
  }
  for (const length of [0, 1, 31, 33, 64, 1312]) {
    const bytes = new Uint8Array(1 + length).fill(9);
    bytes[0] = 1;
    assert.throws(() => parseVerifierKey(forge('PeterNeumann', bytes)), isRefusal);
  }
  assert.is(forge('PeterNeumann', concatBytes(Uint8Array.of(1), key)), PETER); // forge() can pass
});

parse('parseVerifierKey() refuses a point of small order', () => {
  for (const first of [0, 1]) {
    const bytes = new Uint8Array(33);
    bytes.set([1, first]);
    const isWeak = (e: unknown): boolean => e instanceof VerifyError && e.code === 'weak-key';
    assert.throws(() => parseVerifierKey(forge('weak', bytes)), isWeak);
  }
});

parse('parseVerifierKey() of any text answers or refuses with its code', () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom('+', 'a', '530d903a', 'AekyeRrm', '=', ' ')).map((a) => a.join('')),
  );
  fc.assert(
    fc.property(texts, (text) => {
      assert.throws(() => parseVerifierKey(text), isRefusal);
    }),
  );
});

parse.run();

const make = suite('verifierKey()');

make('verifierKey() gives one public key another id for another name or type', () => {
  const { publicKey } = parseVerifierKey(PETER);
  const keys = [verifierKey('a', 1, publicKey), verifierKey('b', 1, publicKey)];
  keys.push(verifierKey('a', 4, publicKey));
  assert.is(new Set(keys.map(({ id }) => formatHex(id))).size, 3);
});

make('verifierKey() refuses bad names and lengths', () => {
  const { publicKey } = parseVerifierKey(PETER);
  assert.throws(() => verifierKey('a b', 1, publicKey), isRefusal);
  assert.throws(() => verifierKey('a', 1, publicKey.slice(1)), isRefusal);
});

make.run();

const names = suite('isKeyName()');

names('isKeyName() takes names of up to 255 bytes in any script', () => {
  for (const name of ['a', 'log.example.com/site/0001', 'Grüße', '📜', 'a'.repeat(255)]) {
    assert.ok(isKeyName(name), name);
  }
});

names('isKeyName() refuses pluses, controls, spaces of any script and over 255 bytes', () => {
  const bad = ['', '+', 'a+b', 'a b', 'a\n', '\t', 'a\u0000', 'a\u0085b', 'a\u00a0b', 'a\u2003b'];
  bad.push('a\u2028b', 'a\u3000b', 'a\ud800', 'a'.repeat(256), 'ü'.repeat(128));
  for (const name of bad) assert.not.ok(isKeyName(name), JSON.stringify(name));
});

names.run();

const same = suite('isSameKey()');

same('isSameKey() compares name, type and bytes, not ids', () => {
  const key = parseVerifierKey(PETER);
  assert.ok(isSameKey(key, parseVerifierKey(PETER)));
  assert.not.ok(isSameKey(key, verifierKey('Peter', 1, key.publicKey)));
  assert.not.ok(isSameKey(key, verifierKey(key.name, 4, key.publicKey)));
  assert.not.ok(isSameKey(key, { ...parseVerifierKey(ENOCH), name: key.name, id: key.id }));
});

same.run();

const secret = suite('parseSignerKey()');

secret(
  'parseSignerKey() derives the public key of the x/mod test key, and writes it back',
  async () => {
    const { name, type, seed, key, signer } = await parseSignerKey(PETER_SECRET);
    assert.is(formatVerifierKey(key), PETER);
    assert.equal(signer.publicKey, key.publicKey);
    assert.is(await formatSignerKey(name, type, seed), PETER_SECRET);
  },
);

secret('formatSignerKey() of the all-zero seed goes with its public key', async () => {
  const text = await formatSignerKey('EnochRoot', 1, new Uint8Array(32));
  assert.is(formatVerifierKey((await parseSignerKey(text)).key), ENOCH);
});

secret('formatSignerKey() refuses bad names and lengths', async () => {
  for (const [name, length] of [
    ['a+b', 32],
    ['', 32],
    ['a', 31],
    ['a', 33],
  ] as const) {
    try {
      await formatSignerKey(name, 1, new Uint8Array(length));
    } catch (error) {
      assert.ok(isRefusal(error));
      continue;
    }
    assert.unreachable(name);
  }
});

secret('parseSignerKey() refuses every cut and every change of one byte', async () => {
  for (let at = 0; at < PETER_SECRET.length; at++) {
    await refusesSecret(PETER_SECRET.slice(0, at));
    if (at > 0) await refusesSecret(PETER_SECRET.slice(at));
    const char = String.fromCharCode(PETER_SECRET.charCodeAt(at) + 1);
    await refusesSecret(PETER_SECRET.slice(0, at) + char + PETER_SECRET.slice(at + 1));
  }
  await refusesSecret(PETER);
});

secret('parseSignerKey() never quotes the secret', async () => {
  const text = PETER_SECRET.replace('c74f20a3', 'c74f20a4');
  try {
    await parseSignerKey(text);
    assert.unreachable();
  } catch (error) {
    assert.not.match(String(error), 'AYEKFALV');
  }
});

secret.run();
