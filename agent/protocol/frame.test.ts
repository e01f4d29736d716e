import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { concatBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { ProtocolError } from './error.ts';
import { encodeFrame, FrameDecoder } from './frame.ts';
import { MAX_FRAME_BYTES, MAX_FRAME_DEPTH } from './limits.ts';

function frameOf(text: string, announced = encodeUtf8(text).length): Uint8Array {
  const header = new Uint8Array(4);
  new DataView(header.buffer).setUint32(0, announced);
  return concatBytes(header, encodeUtf8(text));
}

function decodeAll(...chunks: readonly Uint8Array[]): unknown[] {
  const decoder = new FrameDecoder();
  const messages: unknown[] = [];
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let next = decoder.next(); next !== undefined; next = decoder.next()) messages.push(next);
  }
  return messages;
}

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ProtocolError && error.code === code;
}

const encode = suite('encodeFrame()');

encode('writes the length, big-endian, then the JSON', () => {
  assert.equal(encodeFrame({ a: 1 }), new Uint8Array([0, 0, 0, 7, ...encodeUtf8('{"a":1}')]));
});

encode('counts bytes, not characters', () => {
  assert.equal(encodeFrame('é𝄞'), frameOf('"é𝄞"'));
});

encode('takes exactly MAX_FRAME_BYTES and refuses one more, in ASCII and beyond', () => {
  const most = 'x'.repeat(MAX_FRAME_BYTES - 2);
  assert.is(encodeFrame(most).length, 4 + MAX_FRAME_BYTES);
  assert.throws(() => encodeFrame(most + 'x'), hasCode('frame-too-large'));
  assert.throws(() => encodeFrame('é'.repeat(MAX_FRAME_BYTES / 2)), hasCode('frame-too-large'));
});

encode('refuses what has no JSON form as the fault of the caller', () => {
  assert.throws(
    () => encodeFrame(undefined),
    (error: unknown) => error instanceof TypeError,
  );
});

encode.run();

const decoder = suite('FrameDecoder');

decoder('gives back every message however the bytes are cut', () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  fc.assert(
    fc.property(fc.array(json, { maxLength: 8 }), fc.array(fc.nat(60)), (messages, cuts) => {
      const bytes = concatBytes(...messages.map(encodeFrame));
      const chunks: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts)
        chunks.push(bytes.subarray(at, (at = Math.min(at + cut, bytes.length))));
      chunks.push(bytes.subarray(at));
      // What JSON says, not what we passed: −0 becomes 0.
      assert.equal(decodeAll(...chunks), JSON.parse(JSON.stringify(messages)));
    }),
  );
});

decoder('holds what was pushed until it is taken', () => {
  const frames = concatBytes(encodeFrame(1), encodeFrame(2));
  const subject = new FrameDecoder();
  subject.push(frames.subarray(0, 4));
  assert.is(subject.isReady, false);
  subject.push(frames.subarray(4));
  assert.is(subject.isReady, true);
  assert.is(subject.queuedBytes, frames.length);
  assert.is(subject.next(), 1);
  assert.is(subject.next(), 2);
  assert.is(subject.next(), undefined);
  assert.is(subject.queuedBytes, 0);
});

decoder('does not keep the chunk: its owner may write over it', () => {
  const chunk = encodeFrame('kept');
  const subject = new FrameDecoder();
  subject.push(chunk);
  chunk.fill(0);
  assert.is(subject.next(), 'kept');
});

decoder('refuses a length over the limit as soon as it is announced', () => {
  for (const announced of [MAX_FRAME_BYTES + 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
    assert.throws(
      () => decodeAll(frameOf('', announced)),
      hasCode('frame-too-large'),
      `${announced}`,
    );
  }
  assert.equal(decodeAll(frameOf('', MAX_FRAME_BYTES)), []);
});

const malformed: Record<string, Uint8Array> = {
  'an empty frame': frameOf(''),
  'no JSON': frameOf('hello'),
  'JSON cut short': frameOf('{"a":'),
  'two values': frameOf('1 2'),
  'a byte order mark': frameOf('\ufeff1'),
  'bytes that are not UTF-8': concatBytes(new Uint8Array([0, 0, 0, 3, 0x22, 0xff, 0x22])),
  'a surrogate in UTF-8': concatBytes(new Uint8Array([0, 0, 0, 5, 0x22, 0xed, 0xa0, 0x80, 0x22])),
  'half a million brackets': frameOf('['.repeat(500_000) + ']'.repeat(500_000)),
  'objects nested too deep': frameOf('{"a":'.repeat(65) + '1' + '}'.repeat(65)),
};

for (const [name, bytes] of Object.entries(malformed)) {
  decoder(`refuses ${name}`, () => {
    assert.throws(() => decodeAll(bytes), hasCode('frame-malformed'));
  });
}

decoder('accepts nesting up to the limit', () => {
  const depth = MAX_FRAME_DEPTH;
  assert.is(decodeAll(frameOf('['.repeat(depth) + ']'.repeat(depth))).length, 1);
  assert.throws(
    () => decodeAll(frameOf('['.repeat(depth + 1) + ']'.repeat(depth + 1))),
    hasCode('frame-malformed'),
  );
});

decoder('leaves no prototype behind: "__proto__" is a name like others', () => {
  const [message] = decodeAll(frameOf('{"__proto__":{"isAdmin":true}}'));
  assert.equal(Object.keys(message as object), ['__proto__']);
  assert.is('isAdmin' in {}, false);
});

decoder('takes a megabyte in single bytes in linear memory', () => {
  const bytes = encodeFrame('x'.repeat(MAX_FRAME_BYTES - 2));
  const subject = new FrameDecoder();
  for (let at = 0; at < bytes.length; at++) subject.push(bytes.subarray(at, at + 1));
  assert.is(subject.queuedBytes, bytes.length);
  assert.is(subject.next(), 'x'.repeat(MAX_FRAME_BYTES - 2));
});

decoder('survives long and short messages in turns', () => {
  const lengths = [1, 70_000, 3, 900_000, 900_000, 5, 0, 200_000];
  const frames = lengths.map((length) => encodeFrame('y'.repeat(length)));
  const got = decodeAll(...frames).map((message) => String(message).length);
  assert.equal(got, lengths);
});

decoder.run();
