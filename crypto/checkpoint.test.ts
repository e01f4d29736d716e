import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { parseBase64 } from './base64.ts';
import {
  formatCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
  verifyCheckpointByAny,
} from './checkpoint.ts';
import { FormatError, VerifyError } from './error.ts';
import { EMPTY_ROOT } from './hash.ts';
import { parseSignerKey, parseVerifierKey, verifierKey } from './key.ts';
import { parseNote, signNote } from './note.ts';

const KEY = parseVerifierKey(
  'example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx',
);
const ROOT = 'rKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=';
const TEXT = `example.com/log/testdata\n15\n${ROOT}\n`;
const NOTE = `${TEXT}
— example.com/log/testdata M9e0luh4jTG+UMBqOUo9/q+yAEvx1ilBEniMvjf1zfcBOhg+CKubMt53MvIt/uEWP6zdkdIQzd/fmwlM/dlPWF74ewI=
`;
const SECRET = 'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';

function isRefusal(error: unknown): boolean {
  return error instanceof FormatError && error.code === 'checkpoint';
}

function refuse(text: string): void {
  assert.throws(() => parseCheckpoint(text), isRefusal, JSON.stringify(text));
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof FormatError || error instanceof VerifyError) return error.code;
    return error instanceof Error ? error.name : 'no error';
  }
  return 'accepted';
}

const parse = suite('parseCheckpoint()');

parse('parseCheckpoint() reads three lines, formatCheckpoint() writes them', () => {
  const checkpoint = parseCheckpoint(TEXT);
  assert.equal(checkpoint, {
    origin: 'example.com/log/testdata',
    size: 15,
    root: parseBase64(ROOT),
  });
  assert.is(formatCheckpoint(checkpoint), TEXT);
});

parse('parseCheckpoint() takes size 0 and size 2^53-1', () => {
  assert.is(parseCheckpoint(TEXT.replace('15', '0')).size, 0);
  assert.is(parseCheckpoint(TEXT.replace('15', '9007199254740991')).size, 2 ** 53 - 1);
});

parse('parseCheckpoint() refuses every other spelling of a size', () => {
  const sizes = ['', '05', '00', '+5', '-5', '5 ', ' 5', '5.0', '5e0', '0x5', 'five', '٥', '５'];
  sizes.push('9007199254740992', '9007199254740993', '18446744073709551615', '1'.repeat(400));
  for (const size of sizes) refuse(TEXT.replace('15', size));
});

parse('parseCheckpoint() refuses every other spelling of a root', () => {
  const roots = [
    '',
    ROOT.slice(0, -1),
    `${ROOT}=`,
    ` ${ROOT}`,
    `${ROOT} `,
    ROOT.replace('cs=', 'ct='),
  ];
  roots.push(ROOT.replaceAll('/', '_'), ROOT.slice(4), `AAAA${ROOT}`, ROOT.replace('r', '*'));
  for (const root of roots) refuse(TEXT.replace(ROOT, root));
});

parse('parseCheckpoint() refuses extension lines, missing lines and other line ends', () => {
  refuse(`${TEXT}extension\n`);
  refuse(`${TEXT}\n`);
  refuse(TEXT.slice(0, -1));
  refuse(TEXT.slice(TEXT.indexOf('\n') + 1));
  refuse(TEXT.replaceAll('\n', '\r\n'));
  refuse(`\n${TEXT}`);
  refuse('');
});

parse('parseCheckpoint() refuses an empty, over-long or malformed origin', () => {
  const origin = 'example.com/log/testdata';
  for (const bad of ['', 'a\u0000', 'a\tb', '\ud800', 'a'.repeat(256), 'ü'.repeat(128)]) {
    refuse(TEXT.replace(origin, bad));
  }
  parseCheckpoint(TEXT.replace(origin, 'a'.repeat(255)));
  parseCheckpoint(TEXT.replace(origin, 'go.sum database tree'));
});

parse('parseCheckpoint() refuses every proper substring but those of the origin', () => {
  for (let start = 0; start < TEXT.length; start++) {
    for (let end = start; end < TEXT.length; end++) refuse(TEXT.slice(start, end));
  }
  for (let start = 24; start < TEXT.length; start++) refuse(TEXT.slice(start));
});

parse('parseCheckpoint() of any text answers what formats back, or refuses with its code', () => {
  const bits = fc.constantFrom('\n', 'a', '0', '15', ROOT, ' ', '\r', '+');
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 8 }), (parts) => {
      const text = parts.join('');
      try {
        assert.is(formatCheckpoint(parseCheckpoint(text)), text);
      } catch (error) {
        assert.ok(isRefusal(error), String(error));
      }
    }),
  );
});

parse.run();

const format = suite('formatCheckpoint()');

format('formatCheckpoint() refuses values that have no such form', () => {
  const good = { origin: 'a', size: 1, root: EMPTY_ROOT };
  const bad = [{ origin: '' }, { origin: 'a\nb' }, { size: -1 }, { size: 0.5 }, { size: 2 ** 53 }];
  for (const change of [...bad, { size: NaN }, { root: new Uint8Array(31) }]) {
    assert.throws(() => formatCheckpoint({ ...good, ...change }), isRefusal);
  }
});

format.run();

const sign = suite('signCheckpoint()');

sign('signCheckpoint() makes a note that verifyCheckpoint() accepts', async () => {
  const { signer } = await parseSignerKey(SECRET);
  const checkpoint = { origin: 'caisey.example/site/1', size: 0, root: EMPTY_ROOT };
  const note = await signCheckpoint(checkpoint, signer);
  const key = verifierKey(checkpoint.origin, 1, signer.publicKey);
  const { origin, size, root, note: kept } = await verifyCheckpoint(note, key);
  assert.equal({ origin, size, root }, checkpoint);
  assert.is(kept, note);
});

sign('signCheckpoint() refuses an origin that no key can have as its name', async () => {
  const { signer } = await parseSignerKey(SECRET);
  const checkpoint = { origin: 'with space', size: 0, root: EMPTY_ROOT };
  assert.is(await codeOf(signCheckpoint(checkpoint, signer)), 'key');
});

sign.run();

const verify = suite('verifyCheckpoint()');

verify('verifyCheckpoint() accepts a checkpoint of Tessera', async () => {
  const { origin, size } = await verifyCheckpoint(NOTE, KEY);
  assert.is(origin, KEY.name);
  assert.is(size, 15);
});

verify('verifyCheckpoint() refuses every change of a character of the note', async () => {
  for (let at = 0; at < NOTE.length; at++) {
    const char = String.fromCharCode(NOTE.charCodeAt(at) ^ 1);
    const note = NOTE.slice(0, at) + char + NOTE.slice(at + 1);
    assert.is.not(await codeOf(verifyCheckpoint(note, KEY)), 'accepted', `${at}`);
  }
});

verify('verifyCheckpoint() refuses another log, and one that only shares the key', async () => {
  const other = parseVerifierKey(
    'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  );
  assert.is(await codeOf(verifyCheckpoint(NOTE, other)), 'wrong-log');
  const { signer } = await parseSignerKey(SECRET);
  const note = await signNote(TEXT, [{ key: other, signer }]);
  assert.is(await codeOf(verifyCheckpoint(note, other)), 'wrong-log');
  assert.is(await codeOf(verifyCheckpoint(note, KEY)), 'unknown-key');
});

verify('verifyCheckpoint() refuses a signature that does not hold', async () => {
  const bigger = NOTE.replace('\n15\n', '\n16\n');
  assert.is(await codeOf(verifyCheckpoint(bigger, KEY)), 'signature');
});

verify('verifyCheckpoint() refuses a signed note that is no checkpoint', async () => {
  const { key, signer } = await parseSignerKey(SECRET);
  const note = await signNote(`PeterNeumann\n1\n${ROOT}\nextension\n`, [{ key, signer }]);
  assert.is(await codeOf(verifyCheckpoint(note, key)), 'checkpoint');
});

verify.run();

const any = suite('verifyCheckpointByAny()');

any('verifyCheckpointByAny() takes either key of an origin that has two', async () => {
  const { signer } = await parseSignerKey(SECRET);
  const second = verifierKey(KEY.name, 1, signer.publicKey);
  const note = await signNote(TEXT, [{ key: second, signer }]);
  for (const keys of [
    [KEY, second],
    [second, KEY],
  ]) {
    assert.is((await verifyCheckpointByAny(note, keys)).size, 15);
    assert.is((await verifyCheckpointByAny(NOTE, keys)).size, 15);
  }
  const [line] = parseNote(note).signatures;
  assert.equal(line?.keyId, second.id);
});

any('verifyCheckpointByAny() refuses with no keys', async () => {
  assert.is(await codeOf(verifyCheckpointByAny(NOTE, [])), 'wrong-log');
});

any.run();
