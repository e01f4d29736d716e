import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { VisibleStream } from './visible-stream.ts';

const stream = suite('VisibleStream');

stream('shows the same however its bytes are cut', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc
          .string({ unit: 'binary', maxLength: 20 })
          .map((text) => new Uint8Array(Buffer.from(text))),
      ),
      fc.array(fc.nat(40), { maxLength: 6 }),
      (bytes, cuts) => {
        const whole = new VisibleStream();
        const expected = whole.push(bytes) + whole.end();
        const pieces = new VisibleStream();
        const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length];
        places.sort((a, b) => a - b);
        let shown = '';
        for (let i = 1; i < places.length; i++) {
          shown += pieces.push(bytes.subarray(places[i - 1] ?? 0, places[i] ?? 0));
        }
        assert.is(shown + pieces.end(), expected);
      },
    ),
  );
});

stream('lets nothing through that a terminal would obey but newline, tab and return', () => {
  const all = new VisibleStream();
  const shown = all.push(Uint8Array.from({ length: 256 }, (_, i) => i)) + all.end();
  assert.not.match(shown, /(?![\n\t\r])\p{C}/u);
  const c1 = new VisibleStream();
  assert.is(c1.push(Buffer.from('\u009b2J')), '\\u{9b}2J');
});

stream('holds back a character that is not complete, and shows it by its bytes at the end', () => {
  const cut = new VisibleStream();
  assert.is(cut.push(Uint8Array.of(0x61, 0xe2, 0x82)), 'a');
  assert.is(cut.push(Uint8Array.of(0xac)), '€');
  assert.is(cut.push(Uint8Array.of(0xf0, 0x9f)), '');
  assert.is(cut.end(), '\\xf0\\x9f');
  assert.is(cut.end(), '');
});

stream.run();
