import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64 } from './base64.ts';
import { concatBytes, encodeUtf8 } from './bytes.ts';
import { FormatError, VerifyError } from './error.ts';
import { parseSignerKey, parseVerifierKey, verifierKey } from './key.ts';
import {
  findSignature,
  formatNote,
  formatSignatureLine,
  MAX_NOTE_BYTES,
  MAX_NOTE_SIGNATURES,
  parseNote,
  parseSignatureLine,
  signNote,
  verifyNote,
} from './note.ts';
import { importSigner } from './webcrypto.ts';

const PETER = parseVerifierKey(
  'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
);
const PETER_SECRET =
  'PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz';
const ENOCH = parseVerifierKey('EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop');
const TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const PETER_LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
const ENOCH_LINE =
  '— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n';
const STRANGER_LINE = '— stranger.example AAAAAAA=\n';
const NOTE = `${TEXT}\n${PETER_LINE}${ENOCH_LINE}`;

const EXAMPLE_KEY = parseVerifierKey(
  'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
);
const EXAMPLE = `This is an example message.

— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=
`;

function isRefusal(error: unknown): boolean {
  return error instanceof FormatError && error.code === 'note';
}

function refuse(text: string): void {
  assert.throws(() => parseNote(text), isRefusal, JSON.stringify(text));
}

/** The code with which a promise is refused: a VerifyError's, a FormatError's, or the name of the error. */
async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof FormatError || error instanceof VerifyError) return error.code;
    return error instanceof Error ? error.name : 'no error';
  }
  return 'accepted';
}

const parse = suite('parseNote()');

parse('parseNote() cuts a note in text and signatures, formatNote() joins them', () => {
  for (const note of [NOTE, EXAMPLE, `\n\n${PETER_LINE}`, `a\n\nb\n\n\n${PETER_LINE}`]) {
    assert.is(formatNote(parseNote(note)), note);
  }
  const { text, signatures } = parseNote(NOTE);
  assert.is(text, TEXT);
  assert.equal(
    signatures.map(({ name, keyId, signature }) => [name, keyId, signature.length]),
    [
      ['PeterNeumann', PETER.id, 64],
      ['EnochRoot', ENOCH.id, 64],
    ],
  );
});

parse('parseNote() takes the last blank line as the separator', () => {
  const inner = `a\n\n${STRANGER_LINE}`;
  assert.is(parseNote(`${inner}\n${PETER_LINE}`).text, inner);
});

parse('parseNote() refuses a note without blank line, text or signature', () => {
  for (const text of ['', '\n', '\n\n', TEXT, `${TEXT}\n`, PETER_LINE, `\n${PETER_LINE}`]) {
    refuse(text);
  }
  refuse(`${TEXT}${PETER_LINE}`);
  refuse(NOTE.slice(0, -1));
  refuse(`${NOTE}\n`);
  refuse(`${NOTE} `);
});

parse('parseNote() refuses controls, carriage returns, and lone surrogates', () => {
  for (const bad of ['\r', '\t', '\u0000', '\u000b', '\u001f', '\ud800']) {
    refuse(`a${bad}\n\n${PETER_LINE}`);
  }
  refuse(NOTE.replaceAll('\n', '\r\n'));
});

parse('parseNote() refuses malformed signature lines', () => {
  const blob = 'x08go/ZJkuBS9UG/';
  const lines = ['- a x08go/Y=', `—a ${blob}`, `—  ${blob}`, `— a  ${blob}`, `— a${blob}`, '— a '];
  lines.push(`— a+b ${blob}`, `— a\u00a0b ${blob}`, `— a ${blob} `, `— a ${blob}=`, `— a x08goy`);
  lines.push('— a x08goz==', '— a x08go_Y=', '— a x08gow==', '— a AAAA', ` — a ${blob}`, '— a');
  for (const line of lines) refuse(`${TEXT}\n${line}\n`);
  for (const line of lines) refuse(`${TEXT}\n${PETER_LINE}${line}\n${ENOCH_LINE}`);
  parseNote(`${TEXT}\n— a ${blob}\n`); // what the bad lines above are bad copies of
});

parse('parseNote() takes 64 signatures and refuses 65', () => {
  parseNote(`a\n\n${STRANGER_LINE.repeat(MAX_NOTE_SIGNATURES)}`);
  refuse(`a\n\n${STRANGER_LINE.repeat(MAX_NOTE_SIGNATURES + 1)}`);
});

parse('parseNote() takes 1,000,000 bytes and refuses one more', () => {
  const rest = `\n\n${STRANGER_LINE}`;
  const room = MAX_NOTE_BYTES - encodeUtf8(rest).length;
  parseNote('a'.repeat(room) + rest);
  refuse('a'.repeat(room + 1) + rest);
  refuse(`${'a'.repeat(room - 1)}ü${rest}`); // as many characters, a byte more
});

parse('parseNote() of any text answers what formats back, or refuses with its code', () => {
  const bits = fc.constantFrom('\n', '\n\n', '— ', 'a', ' ', 'AAAAAAA=', '\t', '+', PETER_LINE);
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 10 }), (parts) => {
      const text = parts.join('');
      try {
        assert.is(formatNote(parseNote(text)), text);
      } catch (error) {
        assert.ok(isRefusal(error), String(error));
      }
    }),
  );
});

parse.run();

const format = suite('formatNote()');

format('formatNote() refuses what would not parse back', () => {
  const good = parseNote(NOTE);
  const [line] = good.signatures;
  if (line === undefined) throw new Error('unreachable: two signatures');
  const bad = [
    { text: 'no newline' },
    { text: '' },
    { text: `a\n\n${STRANGER_LINE.trimEnd()}` }, // would parse, as another text with two signatures
    { text: 'a\r\n' },
    { signatures: [] },
    { signatures: [{ ...line, name: 'a b' }] },
    { signatures: [{ ...line, name: 'a\n' }] },
    { signatures: [{ ...line, name: '' }] },
    { signatures: [{ ...line, keyId: line.keyId.slice(1) }] },
    { signatures: [{ ...line, signature: new Uint8Array(0) }] },
    { signatures: Array.from({ length: 65 }, () => line) },
  ];
  for (const change of bad) assert.throws(() => formatNote({ ...good, ...change }), isRefusal);
});

format('formatSignatureLine() and parseSignatureLine() are inverse', () => {
  const line = PETER_LINE.trimEnd();
  assert.is(formatSignatureLine(parseSignatureLine(line)), line);
  assert.throws(() => parseSignatureLine(PETER_LINE), isRefusal);
});

format.run();

const sign = suite('signNote()');

sign('signNote() makes the bytes that x/mod makes', async () => {
  const peter = await parseSignerKey(PETER_SECRET);
  const enoch = { key: ENOCH, signer: await importSigner(new Uint8Array(32)) };
  assert.is(await signNote(TEXT, [peter, enoch]), NOTE);
});

sign('signNote() refuses a text that is no note, and no signers', async () => {
  const peter = await parseSignerKey(PETER_SECRET);
  for (const text of ['', 'a', 'a\t\n', 'a\ud800\n']) {
    assert.is(await codeOf(signNote(text, [peter])), 'note');
  }
  assert.is(await codeOf(signNote(TEXT, [])), 'note');
});

sign('signNote() refuses a key of type 4, and a signer of another key', async () => {
  const { signer } = await parseSignerKey(PETER_SECRET);
  const cosigner = verifierKey('PeterNeumann', 4, signer.publicKey);
  assert.is(await codeOf(signNote(TEXT, [{ key: cosigner, signer }])), 'TypeError');
  assert.is(await codeOf(signNote(TEXT, [{ key: ENOCH, signer }])), 'TypeError');
});

sign.run();

const verify = suite('verifyNote()');

verify('verifyNote() accepts the notes of C2SP and x/mod, and says who signed', async () => {
  const example = await verifyNote(EXAMPLE, [EXAMPLE_KEY]);
  assert.is(example.text, 'This is an example message.\n');
  const both = await verifyNote(NOTE, [ENOCH, PETER, EXAMPLE_KEY]);
  assert.equal(both.signedBy, [ENOCH, PETER]);
  const one = await verifyNote(NOTE, [PETER, PETER]);
  assert.equal(one.signedBy, [PETER]);
});

verify('verifyNote() refuses a note that no known key signed', async () => {
  assert.is(await codeOf(verifyNote(NOTE, [])), 'unknown-key');
  assert.is(await codeOf(verifyNote(NOTE, [EXAMPLE_KEY])), 'unknown-key');
  const renamed = NOTE.replace('— PeterNeumann ', '— PaulNeumann ');
  assert.is(await codeOf(verifyNote(renamed, [PETER])), 'unknown-key');
});

verify('verifyNote() refuses every change of a character of the text', async () => {
  for (let at = 0; at < TEXT.length - 1; at++) {
    const char = String.fromCharCode(NOTE.charCodeAt(at) ^ 1);
    const note = NOTE.slice(0, at) + char + NOTE.slice(at + 1);
    assert.ok(['signature', 'note'].includes(await codeOf(verifyNote(note, [PETER]))), char);
  }
});

verify('verifyNote() refuses every change of a byte of the signature', async () => {
  const { text, signatures } = parseNote(EXAMPLE);
  const [line] = signatures;
  if (line === undefined) throw new Error('unreachable: one signature');
  for (let at = 0; at < 64; at++) {
    const signature = line.signature.with(at, (line.signature[at] ?? 0) ^ 0x10);
    const note = formatNote({ text, signatures: [{ ...line, signature }] });
    assert.is(await codeOf(verifyNote(note, [EXAMPLE_KEY])), 'signature');
  }
  for (const length of [1, 63]) {
    const cut = { ...line, signature: line.signature.slice(0, length) };
    const note = formatNote({ text, signatures: [cut] });
    assert.is(await codeOf(verifyNote(note, [EXAMPLE_KEY])), 'signature');
  }
  const long = { ...line, signature: concatBytes(line.signature, Uint8Array.of(0)) };
  const note = formatNote({ text, signatures: [long] });
  assert.is(await codeOf(verifyNote(note, [EXAMPLE_KEY])), 'signature');
});

verify('verifyNote() refuses every proper substring', async () => {
  for (let cut = 1; cut < NOTE.length; cut++) {
    const codes = [await codeOf(verifyNote(NOTE.slice(cut), [PETER, ENOCH]))];
    const head = NOTE.slice(0, cut);
    // The note without its second line is a whole note; every other head is none.
    if (head !== `${TEXT}\n${PETER_LINE}`) codes.push(await codeOf(verifyNote(head, [PETER])));
    for (const code of codes) assert.ok(code === 'note' || code === 'signature', code);
  }
});

verify('verifyNote() ignores lines by unknown keys, wherever they stand', async () => {
  const notes = [
    `${TEXT}\n${STRANGER_LINE}${PETER_LINE}`,
    `${TEXT}\n${PETER_LINE}${STRANGER_LINE}${STRANGER_LINE}`,
    `${TEXT}\n— PeterNeumann AAAAAAA=\n${PETER_LINE}`, // his name, another id
  ];
  for (const note of notes) {
    assert.equal((await verifyNote(note, [PETER])).signedBy, [PETER]);
  }
});

verify('verifyNote() refuses the whole note for one known line that does not hold', async () => {
  const forged = `— EnochRoot ${encodeBase64(concatBytes(ENOCH.id, new Uint8Array(64)))}\n`;
  for (const note of [`${TEXT}\n${PETER_LINE}${forged}`, `${TEXT}\n${forged}${PETER_LINE}`]) {
    assert.is(await codeOf(verifyNote(note, [PETER, ENOCH])), 'signature');
    assert.is(await codeOf(verifyNote(note, [PETER])), 'accepted');
  }
});

verify('verifyNote() refuses two lines by one known key, equal or not', async () => {
  const forged = `— PeterNeumann ${encodeBase64(concatBytes(PETER.id, new Uint8Array(64)))}\n`;
  for (const second of [PETER_LINE, forged]) {
    for (const lines of [PETER_LINE + second, second + PETER_LINE]) {
      assert.is(await codeOf(verifyNote(`${TEXT}\n${lines}`, [PETER])), 'signature');
    }
  }
});

verify('verifyNote() refuses keys of type 4, and two keys under one id', async () => {
  const cosigner = verifierKey('PeterNeumann', 4, PETER.publicKey);
  assert.is(await codeOf(verifyNote(NOTE, [cosigner])), 'TypeError');
  const twin = { ...ENOCH, name: PETER.name, id: PETER.id };
  assert.is(await codeOf(verifyNote(NOTE, [PETER, twin])), 'TypeError');
});

verify.run();

const find = suite('findSignature()');

find('findSignature() answers the one line by a key', () => {
  const note = parseNote(NOTE);
  assert.equal(findSignature(note, PETER), note.signatures[0]);
  assert.is(findSignature(note, EXAMPLE_KEY), undefined);
});

find.run();
