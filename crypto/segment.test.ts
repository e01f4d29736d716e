import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from './base64.ts';
import { type Bytes, concatBytes, decodeUtf8, encodeUtf8 } from './bytes.ts';
import { VerifyError } from './error.ts';
import { EMPTY_ROOT, nodeHash } from './hash.ts';
import {
  BLOCK_BYTES,
  checkSegments,
  cutSegments,
  ENTRY_KEY_BYTES,
  LINE_CUT_BYTES,
  referenceText,
  SEGMENT_SALT_BYTES,
  segmentHash,
  segmentSalt,
  type ShownSegment,
  type TextReference,
  textReferenceSchema,
} from './segment.ts';
import { door } from './webcrypto.ts';

const key = Uint8Array.from({ length: ENTRY_KEY_BYTES }, (_, i) => i);
const lines = ['total 8\n', 'drwx a\n', '\n', '-rw- b\r\n', 'end'].map(encodeUtf8);
const reference = referenceText(lines, key);
const shown: readonly ShownSegment[] = lines.map((bytes, i) => ({
  kind: 'shown',
  salt: segmentSalt(key, i),
  bytes,
}));

const cut = suite('cutSegments()');

cut('cutSegments() cuts after each newline, and nowhere else in short lines', () => {
  assert.equal(cutSegments(concatBytes(...lines)), lines);
  assert.equal(cutSegments(new Uint8Array(0)), []);
});

cut('cutSegments() gives segments that join to the text, UTF-8 or not', () => {
  const text = fc.array(fc.oneof(fc.constant(10), fc.integer({ min: 0, max: 255 })), {
    maxLength: 300,
  });
  const long = fc.tuple(text, fc.integer({ min: 0, max: 9000 }), text);
  const offset = fc.constantFrom(0, LINE_CUT_BYTES - 100, LINE_CUT_BYTES);
  fc.assert(
    fc.property(long, offset, ([head, fill, tail], offset) => {
      const bytes = Uint8Array.from([...head, ...new Array<number>(fill).fill(0xc3), ...tail]);
      const segments = cutSegments(bytes, { offset });
      assert.equal(concatBytes(...segments), bytes);
      assert.ok(segments.every(({ length }) => length > 0 && length <= BLOCK_BYTES));
    }),
    { numRuns: 200, seed: 1 },
  );
});

cut('cutSegments() cuts a longer line in blocks', () => {
  for (const length of [BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, 3 * BLOCK_BYTES + 5]) {
    const text = new Uint8Array(length).fill(97);
    const want = Array.from({ length: Math.ceil(length / BLOCK_BYTES) }, (_, i) =>
      Math.min(BLOCK_BYTES, length - i * BLOCK_BYTES),
    );
    assert.equal(lengthsOf(text), want);
  }
});

cut('cutSegments() never parts a character, wherever a block ends', () => {
  for (const character of ['\u00f6', '\u20ac', '\u{1f600}']) {
    for (let shift = 0; shift < 4; shift++) {
      const text = 'x'.repeat(shift) + character.repeat(BLOCK_BYTES);
      const segments = cutSegments(encodeUtf8(text));
      assert.is(segments.map((segment) => decodeUtf8(segment)).join(''), text); // decodes each alone
      assert.ok(segments.every(({ length }) => length <= BLOCK_BYTES));
    }
  }
});

cut('cutSegments() cuts in blocks alone from LINE_CUT_BYTES of the whole output on', () => {
  const text = encodeUtf8('a\n'.repeat(BLOCK_BYTES));
  assert.is(lengthsOf(text, LINE_CUT_BYTES - 2)[0], 2);
  assert.equal(lengthsOf(text, LINE_CUT_BYTES - 2).slice(0, 3), [2, BLOCK_BYTES, BLOCK_BYTES - 2]);
  assert.equal(lengthsOf(text, LINE_CUT_BYTES), [BLOCK_BYTES, BLOCK_BYTES]);
  assert.equal(lengthsOf(text, 2 ** 40), [BLOCK_BYTES, BLOCK_BYTES]);
});

cut('cutSegments() copies, even from a view whose slice() does not, as that of Node', () => {
  class Sharing extends Uint8Array<ArrayBuffer> {
    override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
      return this.subarray(start, end);
    }
  }
  const text = new Sharing(encodeUtf8('a\nb\n').buffer);
  const segments = cutSegments(text);
  text.fill(0);
  assert.equal(segments, [encodeUtf8('a\n'), encodeUtf8('b\n')]);
  assert.ok(segments.every(({ buffer, length }) => buffer.byteLength === length));
});

cut.run();

const salt = suite('segmentSalt()');

salt('segmentSalt() is the first half of HMAC-SHA-256 over the decimal index', async () => {
  const subtle = await door();
  const hmac = { name: 'HMAC', hash: 'SHA-256' };
  const imported = await subtle.importKey('raw', key, hmac, false, ['sign']);
  for (const i of [0, 1, 9, 10, 12_345]) {
    const mac = new Uint8Array(await subtle.sign('HMAC', imported, encodeUtf8(`${i}`)));
    assert.equal(segmentSalt(key, i), mac.slice(0, SEGMENT_SALT_BYTES));
  }
});

salt.run();

const hash = suite('segmentHash()');

hash('segmentHash() is SHA-256 over 0x00, salt and segment', async () => {
  const bytes = encodeUtf8('line\n');
  const input = concatBytes(Uint8Array.of(0), segmentSalt(key, 3), bytes);
  const digest = await (await door()).digest('SHA-256', input);
  assert.equal(segmentHash(segmentSalt(key, 3), bytes), new Uint8Array(digest));
});

hash.run();

const refer = suite('referenceText()');

refer('referenceText() counts bytes and segments, and roots them as RFC 6962 does', () => {
  const [a, b, c] = lines.map((line, i) => segmentHash(segmentSalt(key, i), line));
  if (a === undefined || b === undefined || c === undefined) throw new Error('unreachable: five');
  assert.equal(referenceText([], key), {
    bytes: 0,
    segments: 0,
    root: encodeBase64url(EMPTY_ROOT),
  });
  assert.is(referenceText(lines.slice(0, 1), key).root, encodeBase64url(a));
  assert.is(referenceText(lines.slice(0, 2), key).root, encodeBase64url(nodeHash(a, b)));
  assert.equal(referenceText(lines.slice(0, 3), key), {
    bytes: 16,
    segments: 3,
    root: encodeBase64url(nodeHash(nodeHash(a, b), c)),
  });
});

refer('referenceText() hides the text: another entry key, another root', () => {
  const other = key.toReversed();
  assert.is.not(referenceText(lines, other).root, reference.root);
});

refer.run();

const check = suite('checkSegments()');

check('checkSegments() accepts every choice of what is withheld', () => {
  for (let choice = 0; choice < 32; choice++) checkSegments(reference, withholding(choice));
});

check('checkSegments() accepts no text, and no text alone', () => {
  const none = referenceText([], key);
  checkSegments(none, []);
  refuses({ ...none, bytes: 1 }, []);
  refuses({ ...none, root: encodeBase64url(new Uint8Array(32)) }, []);
});

check('checkSegments() refuses any byte flipped, shown or withheld', () => {
  for (let choice = 0; choice < 32; choice++) {
    const segments = withholding(choice);
    for (const [i, segment] of segments.entries()) {
      for (const mangled of flipsOf(segment)) refuses(reference, segments.with(i, mangled));
    }
  }
});

check('checkSegments() refuses segments missing, doubled, swapped or added', () => {
  for (const [i, segment] of shown.entries()) {
    refuses(reference, shown.toSpliced(i, 1));
    refuses(reference, shown.toSpliced(i, 0, segment));
    const next = shown[(i + 1) % shown.length];
    if (next !== undefined) refuses(reference, shown.with(i, next));
  }
  refuses(reference, shown.toReversed());
  refuses({ ...reference, segments: 4 }, shown.slice(0, 4));
  for (const segments of [0, 4, 6]) refuses({ ...reference, segments }, shown);
});

check('checkSegments() refuses one segment cut in two, and two joined in one', () => {
  const [first, second, ...rest] = shown;
  if (first?.kind !== 'shown' || second?.kind !== 'shown') throw new Error('unreachable: shown');
  const half = { ...first, bytes: first.bytes.slice(0, 3) };
  refuses({ ...reference, segments: 6 }, [half, { ...first, bytes: first.bytes.slice(3) }, second]);
  const joined = { ...first, bytes: concatBytes(first.bytes, second.bytes) };
  refuses({ ...reference, segments: 4 }, [joined, ...rest]);
});

check('checkSegments() refuses a length that does not agree', () => {
  for (const bytes of [0, reference.bytes - 1, reference.bytes + 1]) {
    refuses({ ...reference, bytes }, shown);
  }
  const withheld = withholding(0b00001);
  checkSegments({ ...reference, bytes: reference.bytes + 9 }, withheld); // who knows what is withheld
  refuses({ ...reference, bytes: reference.bytes - 9 }, withheld);
});

check('checkSegments() refuses a byte that moves between salt and segment', () => {
  const [first, ...rest] = shown;
  if (first?.kind !== 'shown') throw new Error('unreachable: shown');
  const all = concatBytes(first.salt, first.bytes);
  for (const at of [0, 15, 17, 20]) {
    const moved: ShownSegment = { kind: 'shown', salt: all.slice(0, at), bytes: all.slice(at) };
    refuses(reference, [moved, ...rest]);
    refuses({ ...reference, bytes: 1000 }, [moved, ...withholding(0b11111).slice(1)]);
  }
});

check('checkSegments() refuses a withheld hash of another length', () => {
  for (const length of [0, 31, 33, 64]) {
    const segment: ShownSegment = { kind: 'withheld', hash: new Uint8Array(length) };
    refuses(reference, [segment, ...shown.slice(1)]);
  }
});

check('checkSegments() refuses a second text of the root, and any root', () => {
  const last = reference.root.at(-1) ?? '';
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const second = alphabet.charAt(alphabet.indexOf(last) + 1); // the last 2 bits are not used
  for (const root of [`${reference.root.slice(0, -1)}${second}`, 'A'.repeat(43), '']) {
    refuses({ ...reference, root }, shown);
  }
});

check.run();

const schema = suite('textReferenceSchema');

schema('textReferenceSchema takes what referenceText() makes, and no other form', () => {
  assert.equal(textReferenceSchema.parse(reference), reference);
  for (const bad of [
    { ...reference, bytes: -1 },
    { ...reference, bytes: 0.5 },
    { ...reference, bytes: 2 ** 53 },
    { ...reference, segments: -1 },
    { ...reference, root: `${reference.root}=` },
    { ...reference, root: reference.root.slice(1) },
    { ...reference, more: 1 },
    { bytes: 0, segments: 0 },
  ]) {
    assert.is(textReferenceSchema.safeParse(bad).success, false, JSON.stringify(bad));
  }
});

schema.run();

function lengthsOf(text: Uint8Array, offset = 0): number[] {
  return cutSegments(text, { offset }).map(({ length }) => length);
}

/** The segments, of which those are withheld whose bit is set. */
function withholding(choice: number): readonly ShownSegment[] {
  return lines.map((bytes, i) => {
    const salt = segmentSalt(key, i);
    if ((choice & (1 << i)) === 0) return { kind: 'shown', salt, bytes };
    return { kind: 'withheld', hash: segmentHash(salt, bytes) };
  });
}

function flipsOf(segment: ShownSegment): readonly ShownSegment[] {
  if (segment.kind === 'withheld') return flips(segment.hash).map((hash) => ({ ...segment, hash }));
  return [
    ...flips(segment.salt).map((salt) => ({ ...segment, salt })),
    ...flips(segment.bytes).map((bytes) => ({ ...segment, bytes })),
  ];
}

function flips(bytes: Bytes): Bytes[] {
  return Array.from(bytes, (byte, i) => bytes.with(i, byte ^ 1));
}

function refuses(text: TextReference, segments: readonly ShownSegment[]): void {
  assert.throws(
    () => {
      checkSegments(text, segments);
    },
    (error: unknown) => error instanceof VerifyError && error.code === 'binding',
  );
}
