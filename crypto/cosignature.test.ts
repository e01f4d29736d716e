import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { concatBytes, encodeUtf8 } from './bytes.ts';
import { cosignCheckpoint, verifyCosignature } from './cosignature.ts';
import { FormatError, VerifyError } from './error.ts';
import { parseVerifierKey, verifierKey } from './key.ts';
import { formatNote, parseNote } from './note.ts';
import { importSigner } from './webcrypto.ts';

const SUNLIGHT_KEY = parseVerifierKey(
  'witness.example.org+b8a2cf20+BFLN3yikSfFkVAJtrnh/CiY3Zozkoy7clp+P7XB28qUN',
);
const SUNLIGHT = `rome2026h1.example.org
300
lCkHUpkmVBEms2r2T1K6Og69+wUuuN3MIEW1/ezu2v0=

— rome2026h1.example.org kVB1JgAAAZtxtEwABAMARzBFAiEAi+mTa2xjL1IdWpH82OeciGsGvwRAP+f1WkfKaSZCfFECIHoNPZ/Q3y6UNzvKOO9cuLr6V16vPNfhwhle9f6r5H/Z
— witness.example.org uKLPIAAAAABpVGeAhm2bOvKc3LaB9PFN1ruG19Y5yqslmcAAbhftnn1Zznmo0LXFZq4LGvqKqLX8jWlwLKasxEGTLIqAVusneCBmBw==
`;
const SUNLIGHT_TIME = 1_767_139_200;

// A log with the seed of 32 bytes 0x01, a witness with 32 bytes 0x02, at 1700000000.
const WITNESS_KEY = parseVerifierKey(
  'witness.example.com/cloud+c2b4dbda+BIE5dw6ofRdfVqNUZsNMfszLjYqRtO43ol32D1uPybOU',
);
const SIGNED = `log.example.com/appliance/0001
8
XcnaeacGWamtVZy3Ad7ZoqudgjqtL0lgz+Nw7/RgQyg=

— log.example.com/appliance/0001 EQ+ew2OAcFryH8UmntdcyD7l1JJBDMSjas1F/zylx3PwPnzDt4vovrivHMy2Z9RJ6nPOoN8Xyz2G3o/eCIjKmTIypQw=
`;
const COSIGNATURE =
  '— witness.example.com/cloud wrTb2gAAAABlU/EAKu1o9FU2DUo5sbqK/o2esH8Ngs1Dac1U5uSx0qAoOOOoJaz9DXWvwLQZ/3O2RHfQe1daeVS79xM10zsCRG11CQ==\n';
const TIME = 1_700_000_000;

const signer = await importSigner(new Uint8Array(32).fill(2));

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof FormatError || error instanceof VerifyError) return error.code;
    return error instanceof Error ? error.name : 'no error';
  }
  return 'accepted';
}

/** The note with the witness's signature bytes (time and signature) replaced. */
function withCosignature(change: (bytes: Uint8Array) => Uint8Array): string {
  const { text, signatures } = parseNote(SIGNED + COSIGNATURE);
  const changed = signatures.map((line) =>
    line.name === WITNESS_KEY.name
      ? { ...line, signature: new Uint8Array(change(line.signature)) }
      : line,
  );
  return formatNote({ text, signatures: changed });
}

const cosign = suite('cosignCheckpoint()');

cosign('cosignCheckpoint() makes the bytes that other implementations make', async () => {
  const note = await cosignCheckpoint(SIGNED, { key: WITNESS_KEY, signer, timestampS: TIME });
  assert.is(note, SIGNED + COSIGNATURE);
});

cosign('cosignCheckpoint() replaces a line of its own, older or forged', async () => {
  const options = { key: WITNESS_KEY, signer, timestampS: TIME };
  const older = await cosignCheckpoint(SIGNED, { ...options, timestampS: 5 });
  assert.is(await cosignCheckpoint(older, options), SIGNED + COSIGNATURE);
  const forged = withCosignature((bytes) => bytes.map((byte) => byte ^ 1));
  assert.is(await cosignCheckpoint(forged, options), SIGNED + COSIGNATURE);
  const two = SIGNED + COSIGNATURE + COSIGNATURE;
  assert.is(await cosignCheckpoint(two, options), SIGNED + COSIGNATURE);
});

cosign('cosignCheckpoint() refuses times that are no times', async () => {
  for (const timestampS of [0, -1, 0.5, NaN, Infinity, 2 ** 53]) {
    const options = { key: WITNESS_KEY, signer, timestampS };
    assert.is(await codeOf(cosignCheckpoint(SIGNED, options)), 'RangeError');
  }
});

cosign('cosignCheckpoint() refuses a key of type 1, and a signer of another key', async () => {
  const noteKey = verifierKey('w', 1, signer.publicKey);
  const wrongType = { key: noteKey, signer, timestampS: TIME };
  assert.is(await codeOf(cosignCheckpoint(SIGNED, wrongType)), 'TypeError');
  const wrongSigner = { key: SUNLIGHT_KEY, signer, timestampS: TIME };
  assert.is(await codeOf(cosignCheckpoint(SIGNED, wrongSigner)), 'TypeError');
});

cosign('cosignCheckpoint() refuses to sign what is no checkpoint', async () => {
  const options = { key: WITNESS_KEY, signer, timestampS: TIME };
  const extended = SIGNED.replace('Qyg=\n', 'Qyg=\nextension\n');
  assert.is(await codeOf(cosignCheckpoint(extended, options)), 'checkpoint');
  const chat = SIGNED.replace(/^[^]*?\n\n/, 'I owe you nothing\n\n');
  assert.is(await codeOf(cosignCheckpoint(chat, options)), 'checkpoint');
  assert.is(await codeOf(cosignCheckpoint('', options)), 'note');
});

cosign.run();

const verify = suite('verifyCosignature()');

verify('verifyCosignature() accepts a cosignature of Sunlight', async () => {
  assert.equal(await verifyCosignature(SUNLIGHT, SUNLIGHT_KEY), { timestampS: SUNLIGHT_TIME });
});

verify('verifyCosignature() refuses every change of a character of the checkpoint', async () => {
  const { text } = parseNote(SUNLIGHT);
  for (let at = 0; at < text.length; at++) {
    const char = String.fromCharCode(SUNLIGHT.charCodeAt(at) ^ 1);
    const note = SUNLIGHT.slice(0, at) + char + SUNLIGHT.slice(at + 1);
    assert.is.not(await codeOf(verifyCosignature(note, SUNLIGHT_KEY)), 'accepted', `${at}`);
  }
});

verify('verifyCosignature() refuses every change of a byte of time or signature', async () => {
  for (let at = 0; at < 72; at++) {
    const note = withCosignature((bytes) => bytes.with(at, (bytes[at] ?? 0) ^ 1));
    const code = await codeOf(verifyCosignature(note, WITNESS_KEY));
    assert.ok(code === 'signature' || (at < 2 && code === 'cosignature'), `${at}: ${code}`);
  }
});

verify('verifyCosignature() refuses other lengths, time 0 and times past 2^53-1', async () => {
  const changes: ((bytes: Uint8Array) => Uint8Array)[] = [
    (bytes) => bytes.slice(0, 71),
    (bytes) => bytes.slice(8),
    (bytes) => concatBytes(bytes, Uint8Array.of(0)),
    (bytes) => concatBytes(new Uint8Array(8), bytes.slice(8)),
    (bytes) => concatBytes(Uint8Array.of(0, 32, 0, 0, 0, 0, 0, 0), bytes.slice(8)),
    (bytes) => concatBytes(new Uint8Array(8).fill(255), bytes.slice(8)),
  ];
  for (const change of changes) {
    const note = withCosignature(change);
    assert.is(await codeOf(verifyCosignature(note, WITNESS_KEY)), 'cosignature');
  }
});

verify('verifyCosignature() refuses a time 0 that is truly signed', async () => {
  const { text } = parseNote(SIGNED);
  const signature = await signer.sign(encodeUtf8(`cosignature/v1\ntime 0\n${text}`));
  const note = withCosignature(() => concatBytes(new Uint8Array(8), signature));
  assert.is(await codeOf(verifyCosignature(note, WITNESS_KEY)), 'cosignature');
});

verify('verifyCosignature() refuses a plain note signature by the same key', async () => {
  const signature = await signer.sign(encodeUtf8(parseNote(SIGNED).text));
  const note = withCosignature((bytes) => concatBytes(bytes.slice(0, 8), signature));
  assert.is(await codeOf(verifyCosignature(note, WITNESS_KEY)), 'signature');
});

verify('verifyCosignature() refuses a missing line and two lines', async () => {
  assert.is(await codeOf(verifyCosignature(SIGNED, WITNESS_KEY)), 'unknown-key');
  const two = SIGNED + COSIGNATURE + COSIGNATURE;
  assert.is(await codeOf(verifyCosignature(two, WITNESS_KEY)), 'signature');
});

verify('verifyCosignature() refuses a key of type 1', async () => {
  const noteKey = verifierKey(WITNESS_KEY.name, 1, WITNESS_KEY.publicKey);
  assert.is(await codeOf(verifyCosignature(SIGNED + COSIGNATURE, noteKey)), 'TypeError');
});

verify.run();
