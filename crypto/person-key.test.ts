import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from './base64.ts';
import { type CoseKey, encodeCoseKey } from './cose.ts';
import { FormatError, VerifyError } from './error.ts';
import { parseHex } from './hex.ts';
import {
  formatPersonKey,
  isPersonKey,
  keyFingerprint,
  MAX_KEY_CHARS,
  parsePersonKey,
  type PersonKey,
} from './person-key.ts';

// The public keys of RFC 8032 §7.1 test 1 (Ed25519) and RFC 6979 §A.2.5 (P-256); a modulus is any odd number.
const publicKey = parseHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
const es256: CoseKey = {
  kind: 'ES256',
  x: parseHex('60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6'),
  y: parseHex('7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299'),
};
const cose = encodeCoseKey(es256);
const rpId = 'caisey.example';

const keyFile: PersonKey = { kind: 'ed25519', publicKey };
const passkey: PersonKey = { kind: 'webauthn', rpId, cose };

const fingerprint = suite('keyFingerprint()');

fingerprint(
  'keyFingerprint() is four groups of the hash of the line, another for another key',
  () => {
    const line = formatPersonKey(keyFile);
    assert.is(line, 'ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo');
    assert.is(keyFingerprint(line), '34c9 b166 79bc c683');
    assert.is.not(keyFingerprint(formatPersonKey(passkey)), keyFingerprint(line));
  },
);

fingerprint.run();

const format = suite('formatPersonKey()');

format('formatPersonKey() writes the line that the file draws', () => {
  assert.is(
    formatPersonKey(keyFile),
    'ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', // as RFC 8037 §A.2 writes this key
  );
  assert.is(formatPersonKey(passkey), `webauthn:caisey.example:${encodeBase64url(cose)}`);
});

format('formatPersonKey() is undone by parsePersonKey()', () => {
  const modulus = new Uint8Array(512).fill(0xff); // the longest key there is
  const keys: readonly PersonKey[] = [
    keyFile,
    passkey,
    { kind: 'webauthn', rpId, cose: encodeCoseKey({ kind: 'EdDSA', publicKey }) },
    { kind: 'webauthn', rpId: 'x'.repeat(253), cose: encodeCoseKey({ kind: 'RS256', modulus }) },
    { kind: 'webauthn', rpId: 'localhost', cose },
  ];
  for (const key of keys) assert.equal(parsePersonKey(formatPersonKey(key)), key);
});

format.run();

const parse = suite('parsePersonKey()');

parse('parsePersonKey() refuses other kinds, parts too few and parts too many', () => {
  const raw = encodeBase64url(publicKey);
  const key = encodeBase64url(cose);
  for (const text of [
    '',
    ':',
    raw,
    'ed25519',
    'ed25519:',
    `ed25519:${raw}:`,
    `ed25519:${raw}:${raw}`,
    `ed25519::${raw}`,
    ` ed25519:${raw}`,
    `ED25519:${raw}`,
    `ed448:${raw}`,
    `ed25519:${raw}\n`,
    `ed25519:${raw}=`,
    `webauthn:${key}`,
    `webauthn:${rpId}`,
    `webauthn:${rpId}:`,
    `webauthn::${key}`,
    `webauthn:${rpId}:${key}:`,
    `webauthn:${rpId}:8443:${key}`,
    `webauthn:${rpId}:${key}=`,
    `webauthn:https://${rpId}:${key}`,
  ]) {
    refuses(text);
  }
});

parse('parsePersonKey() refuses an Ed25519 key of any other length', () => {
  for (const length of [0, 1, 31, 33, 64]) {
    refuses(`ed25519:${encodeBase64url(new Uint8Array(length).fill(5))}`);
  }
});

parse('parsePersonKey() refuses a weak Ed25519 key, bare or in a passkey', () => {
  const weak = new Uint8Array(32);
  const inside = encodeCoseKey({ kind: 'EdDSA', publicKey: weak });
  for (const text of [
    `ed25519:${encodeBase64url(weak)}`,
    `webauthn:${rpId}:${encodeBase64url(inside)}`,
  ]) {
    assert.throws(
      () => parsePersonKey(text),
      (error: unknown) => error instanceof VerifyError && error.code === 'weak-key',
    );
  }
});

parse('parsePersonKey() refuses what is no relying party id', () => {
  const key = encodeBase64url(cose);
  for (const bad of [
    '-a.example',
    'a.example.',
    '.a',
    'A.example',
    'a_b',
    'a/b',
    'bücher.example',
  ]) {
    refuses(`webauthn:${bad}:${key}`);
  }
  refuses(`webauthn:${'x'.repeat(254)}:${key}`);
});

parse('parsePersonKey() refuses a passkey that no signature could ever be checked by', () => {
  const mldsa = parseHex('a3010703382f2043010203'); // {1: 7, 3: -48, -1: h'010203'}
  const offCurve = encodeCoseKey({ ...es256, x: es256.y });
  const shortRsa = encodeCoseKey({ kind: 'RS256', modulus: new Uint8Array(128).fill(0xff) });
  for (const bad of [mldsa, offCurve, shortRsa, parseHex('a0'), parseHex('00'), cose.slice(1)]) {
    refuses(`webauthn:${rpId}:${encodeBase64url(bad)}`);
  }
});

parse('parsePersonKey() refuses what is over its cap', () => {
  refuses('ed25519:'.padEnd(MAX_KEY_CHARS + 1, 'A'));
});

parse.run();

const is = suite('isPersonKey()');

is('isPersonKey() tells keys from the rest, and never throws', () => {
  assert.is(isPersonKey(formatPersonKey(keyFile)), true);
  assert.is(isPersonKey(formatPersonKey(passkey)), true);
  assert.is(isPersonKey(`ed25519:${encodeBase64url(new Uint8Array(32))}`), false);
  assert.is(isPersonKey(`webauthn:${rpId}:AAAA`), false);
  assert.is(isPersonKey(''), false);
});

is.run();

function refuses(text: string): void {
  assert.throws(
    () => parsePersonKey(text),
    (error: unknown) => error instanceof FormatError && error.code === 'key',
    text,
  );
}
