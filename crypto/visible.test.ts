import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from './bytes.ts';
import { isVisible, visibleBytes, visibleText } from './visible.ts';

const text = suite('visibleText()');

text('visibleText() shows terminal escapes, bidi overrides and invisible characters', () => {
  assert.is(visibleText('\u001b]0;owned\u0007'), '\\x1b]0;owned\\x07');
  assert.is(visibleText('user\u202egnp.exe'), 'user\\u{202e}gnp.exe');
  assert.is(visibleText('a\u200bb\u00adc\ufeffd'), 'a\\u{200b}b\\u{ad}c\\u{feff}d');
  assert.is(visibleText('rm\u00a0-rf\u3000/'), 'rm\\u{a0}-rf\\u{3000}/');
  assert.is(visibleText('\u3164\u2800\u115f'), '\\u{3164}\\u{2800}\\u{115f}');
  assert.is(visibleText('\u0085\u2028\u009b31m'), '\\u{85}\\u{2028}\\u{9b}31m');
  assert.is(visibleText('\u{e0041}\u{f0000}'), '\\u{e0041}\\u{f0000}');
});

text('visibleText() leaves what can be seen as it is', () => {
  const seen = 'Zürich Ελλάδα 日本語 हिन्दी عربى C:\\Users\\x — "q" 👍';
  assert.is(visibleText(seen), seen);
});

text('visibleText() answers one line unless newlines are kept', () => {
  assert.is(visibleText('a\n\tb\r\n'), 'a\\x0a\\x09b\\x0d\\x0a');
  assert.is(visibleText('a\n\tb\r\nc\rd', { keepNewlines: true }), 'a\n\tb\nc\\x0dd');
});

text('visibleText() tells an escape from text that spells one', () => {
  assert.is(visibleText('\\x1b'), '\\x5cx1b');
  assert.is(visibleText('\\\u001b'), '\\\\x1b');
  assert.is(visibleText('\\u{202e}'), '\\x5cu{202e}');
});

text('visibleText() never gives two texts one face', () => {
  const unit = fc.constantFrom('\\', 'x', '1', 'b', 'u', '{', '}', '\u001b', '\u202e', '5', 'c');
  const word = fc.array(unit, { maxLength: 8 }).map((units) => units.join(''));
  fc.assert(
    fc.property(word, word, (a, b) => a === b || visibleText(a) !== visibleText(b)),
    { numRuns: 2000 },
  );
});

text('visibleText() answers visible, well-formed text for any input', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (any) => {
      const shown = visibleText(any);
      return shown.isWellFormed() && !/[\p{C}\u2028\u2029]/u.test(shown.replace(/\p{Cn}/gu, ''));
    }),
  );
  assert.is(visibleText('\ud800'), '\\u{d800}');
});

text.run();

const bytes = suite('visibleBytes()');

bytes('visibleBytes() shows what is not UTF-8 byte by byte', () => {
  const cases: readonly (readonly [readonly number[], string])[] = [
    [[0xff, 0x41, 0xfe], '\\xffA\\xfe'],
    [[0xc3], '\\xc3'],
    [[0xc0, 0xaf], '\\xc0\\xaf'],
    [[0xe0, 0x80, 0xaf], '\\xe0\\x80\\xaf'],
    [[0xed, 0xa0, 0x80], '\\xed\\xa0\\x80'],
    [[0xf4, 0x90, 0x80, 0x80], '\\xf4\\x90\\x80\\x80'],
    [[0xc3, 0xa9, 0xa9], 'é\\xa9'],
    [[0x85], '\\x85'],
    [[0xc2, 0x85], '\\u{85}'],
    [[0x00], '\\x00'],
  ];
  for (const [input, want] of cases) assert.is(visibleBytes(Uint8Array.from(input)), want);
});

bytes('visibleBytes() is visibleText() for UTF-8', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (any) => {
      return visibleBytes(encodeUtf8(any)) === visibleText(any);
    }),
  );
});

bytes('visibleBytes() takes any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (any) => {
      return visibleBytes(any, { keepNewlines: true }).isWellFormed();
    }),
  );
});

bytes.run();

const visible = suite('isVisible()');

visible('isVisible() refuses exactly what visibleText() would change', () => {
  for (const shown of ['', 'ls -l', 'Zürich', 'C:\\x']) assert.ok(isVisible(shown), shown);
  for (const hidden of ['a\nb', '\u202e', '\\x1b', 'a\u00a0b']) assert.not(isVisible(hidden));
});

visible.run();
