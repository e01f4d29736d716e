import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { concatBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { isVisible } from '#crypto/visible.ts';
import { MAX_LINE_BYTES, type OutputLine, OutputText } from './output-text.ts';

const ESC = '\u001b';

function shown(...pieces: readonly (string | Uint8Array)[]): string {
  return textOf(pieces).text();
}

function textOf(pieces: readonly (string | Uint8Array)[], isExact = false): OutputText {
  const output = new OutputText({ isExact });
  for (const piece of pieces) {
    output.push('stdout', typeof piece === 'string' ? encodeUtf8(piece) : piece);
  }
  return output;
}

function spanOf(text: string, output: OutputText): string | undefined {
  return output
    .lines()
    .flatMap(({ spans }) => spans)
    .find((span) => span.text === text)?.className;
}

const lines = suite('OutputText.lines()');

lines('OutputText.lines() ends a line at LF and at CRLF', () => {
  assert.is(shown('a\r\nb\n\nc'), 'a\nb\n\nc');
  assert.is(textOf(['a\n']).lineCount, 1);
});

lines('OutputText.lines() shows a progress line as it was left, and how often it changed', () => {
  const output = textOf(['10 %\r20 %\r', '30 %\ndone']);
  assert.is(output.text(), '30 %\ndone');
  assert.is(output.lines()[0]?.overwritten, 2);
});

lines('OutputText.lines() keeps what stands before a carriage return that nothing follows', () => {
  assert.is(shown('whole\r'), 'whole');
  assert.is(shown(`whole\r${ESC}[K`), 'whole');
});

lines('OutputText.lines() swallows titles, links and cursor moves', () => {
  assert.is(shown(`${ESC}]0;title\u0007a${ESC}]8;;javascript:x${ESC}\\b${ESC}]8;;${ESC}\\`), 'ab');
  assert.is(shown(`a${ESC}[2J${ESC}[10;5Hb${ESC}(Bc${ESC}=d`), 'abcd');
});

lines('OutputText.lines() lets nothing be hidden by a string that never ends', () => {
  assert.is(shown(`${ESC}]0;a\nrm -rf /\n`), '\\x1b]0;a\nrm -rf /');
  assert.is(shown(`${ESC}]0;${'x'.repeat(5000)}`).length, '\\x1b]0;'.length + 5000);
  assert.is(shown(`${ESC}Pabc`), '\\x1bPabc');
});

lines('OutputText.lines() shows controls, bidi characters and stray bytes by number', () => {
  assert.is(shown('a\u0008b\u0007'), 'a\\x08b\\x07');
  assert.is(shown('pay\u202egpj.exe'), 'pay\\u{202e}gpj.exe');
  assert.is(shown(new Uint8Array([0x61, 0xff, 0xc3])), 'a\\xff\\xc3');
  assert.is(shown('\u009b31m'), '\\u{9b}31m');
});

lines('OutputText.lines() joins a character that was cut in two', () => {
  const euro = encodeUtf8('€');
  assert.is(shown(euro.subarray(0, 1), euro.subarray(1)), '€');
});

lines('OutputText.lines() keeps the streams apart, each line where it began', () => {
  const output = new OutputText();
  output.push('stdout', encodeUtf8('one '));
  output.push('stderr', encodeUtf8('oops\n'));
  output.push('stdout', encodeUtf8('two\n'));
  const found = output.lines().map(({ stream, spans }) => [stream, spans[0]?.text]);
  assert.equal(found, [
    ['stdout', 'one two'],
    ['stderr', 'oops'],
  ]);
});

lines('OutputText.lines() cuts a line that does not end, and never a character', () => {
  const output = textOf(['€'.repeat(MAX_LINE_BYTES)]);
  const found = output.lines();
  assert.ok(found.length >= 3);
  assert.equal(
    found.map(({ isContinued }) => isContinued),
    found.map((_, i) => i > 0),
  );
  assert.is(output.text(), '€'.repeat(MAX_LINE_BYTES));
});

lines('OutputText.lines() gives the part that is asked for', () => {
  const output = textOf(['a\nb\nc\nd']);
  const words = (found: readonly OutputLine[]): string =>
    found.map(({ spans }) => spans[0]?.text ?? '').join('');
  assert.is(words(output.lines(1, 3)), 'bc');
  assert.is(words(output.lines(2)), 'cd');
});

lines('OutputText.lines() colours by class names of ours, the nearest there is', () => {
  const output = textOf([
    `${ESC}[1;31mred${ESC}[0m plain ${ESC}[38;5;34mgreen${ESC}[38;2;0;0;255mblue${ESC}[39;8mhid${ESC}[m`,
  ]);
  assert.is(spanOf('red', output), 'text-bad font-bold');
  assert.is(spanOf(' plain ', output), '');
  assert.is(spanOf('green', output), 'text-good');
  assert.is(spanOf('blue', output), 'text-accent');
  assert.is(spanOf('hid', output), '');
});

const BITS = [
  'a',
  '€',
  '\u{1f600}',
  '\n',
  '\r',
  '\r\n',
  '\\x1b',
  '\u202e',
  `${ESC}[31m`,
  `${ESC}[0m`,
  `${ESC}[K`,
  `${ESC}]0;t\u0007`,
  `${ESC}]0;t`,
  ESC,
  'x'.repeat(3000),
];
const printed = fc
  .array(
    fc.oneof(
      fc.constantFrom(...BITS).map(encodeUtf8),
      fc.uint8Array({ maxLength: 6 }).map((bytes) => new Uint8Array(bytes)),
    ),
    { maxLength: 24 },
  )
  .map((parts) => concatBytes(...parts));

lines('OutputText.lines() shows the same however the bytes were cut into pieces', () => {
  fc.assert(
    fc.property(printed, fc.array(fc.nat({ max: 9 }), { maxLength: 40 }), (bytes, cuts) => {
      const pieces: Uint8Array[] = [];
      let at = 0;
      for (const cut of cuts) pieces.push(bytes.subarray(at, (at += cut)));
      const cutUp = textOf([...pieces, bytes.subarray(at)]);
      assert.equal(cutUp.lines(), textOf([bytes]).lines());
      assert.is(cutUp.lineCount, cutUp.lines().length);
    }),
  );
});

lines('OutputText.lines() shows nothing that moves, reorders or hides', () => {
  fc.assert(
    fc.property(printed, fc.boolean(), (bytes, isExact) => {
      const texts = textOf([bytes], isExact)
        .lines()
        .flatMap(({ spans }) => spans.map(({ text }) => text.replaceAll('\t', ' ')));
      for (const text of texts) assert.ok(isVisible(unspelled(text)), text);
    }),
  );
});

/** Without the escapes that it spells out: `isVisible` would have them escaped once more. */
function unspelled(text: string): string {
  return text.replace(/\\(?=x[0-9a-f]{2}|u\{)/g, '');
}

lines('OutputText.lines() of an exact view swallows nothing', () => {
  const output = textOf([`10 %\r${ESC}[31mred${ESC}]0;t\u0007\r\n`], true);
  assert.is(output.text(), '10 %\\x0d\\x1b[31mred\\x1b]0;t\\x07\\x0d');
});

lines('OutputText.lines() remembers each decoration once, however often it is asked for', () => {
  const output = textOf([`${ESC}[1;3m`.repeat(10_000), 'bold']);
  assert.is(spanOf('bold', output), 'font-bold italic');
});

lines.run();
