import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { concatBytes, encodeUtf8 } from './bytes.ts';
import { FormatError } from './error.ts';
import { encodeJcs, formatJcs, parseJcs, parseJcsText } from './json.ts';

function isRefusal(error: unknown): boolean {
  return error instanceof FormatError && error.code === 'json';
}

function nested(depth: number): string {
  return '['.repeat(depth) + ']'.repeat(depth);
}

const format = suite('formatJcs()');

format('formatJcs() sorts names by UTF-16 units, as RFC 8785 §3.2.3 shows', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\ud83d\ude00': 'Emoji: Grinning Face',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  const sorted = ['\r', '1', '\u0080', '\u00f6', '\u20ac', '\ud83d\ude00', '\ufb33'];
  assert.equal(
    [...formatJcs(value).matchAll(/"([^"]+)":/g)].map(([, name]) => name),
    ['\\r', ...sorted.slice(1)],
  );
});

format('formatJcs() escapes as RFC 8785 §3.2.2.2 says', () => {
  const text = '\u20ac$\u000F\u000aA\'\u0042\u0022\u005c\\"/\u007f\u2028';
  assert.is(formatJcs(text), '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f\u2028"');
  assert.is(formatJcs({ text }), `{"text":${formatJcs(text)}}`);
});

format('formatJcs() refuses what has no form in our profile', () => {
  const numbers = [NaN, Infinity, 0.5, -0, 2 ** 53, -(2 ** 53)];
  const bad: unknown[] = [...numbers, undefined, 1n, Symbol('a'), () => 1, '\ud800'];
  for (const value of bad) {
    for (const wrapped of [value, [value], { a: value }, [{ a: [value] }]]) {
      assert.throws(() => formatJcs(wrapped), isRefusal, String(value));
    }
  }
  assert.throws(() => formatJcs({ '\ud800': 1 }), isRefusal);
  assert.throws(() => formatJcs({ ['__proto__']: 1 }), isRefusal);
  assert.throws(() => formatJcs(new Array(2)), isRefusal);
});

format('formatJcs() refuses what is nested past 64, cycles too', () => {
  assert.is(formatJcs(JSON.parse(nested(65))), nested(65));
  assert.throws(() => formatJcs(JSON.parse(nested(66))), isRefusal);
  const cycle: unknown[] = [];
  cycle.push(cycle);
  assert.throws(() => formatJcs(cycle), isRefusal);
});

format.run();

const parse = suite('parseJcs()');

parse('parseJcs() is the inverse of encodeJcs()', () => {
  const values = [null, true, 0, -1, 2 ** 53 - 1, '', 'ü', [], {}, { a: [1, { b: null }], c: '' }];
  for (const value of values) assert.equal(parseJcs(encodeJcs(value)), value);
  const any = fc.jsonValue({ noUnicodeString: false });
  fc.assert(
    fc.property(any, (value) => {
      try {
        assert.is(formatJcs(parseJcs(encodeJcs(value))), formatJcs(value));
      } catch (error) {
        assert.ok(isRefusal(error), String(error));
      }
    }),
  );
});

parse('parseJcs() refuses every other spelling of a value', () => {
  const bad = ['', ' ', ' 1', '1 ', '1\n', '01', '+1', '1.0', '1e0', '-0', '0.5', '1E400', 'NaN'];
  bad.push('9007199254740992', '"\\u0041"', '"\\/"', '"\\u000a"', '"\t"', "'a'", '"\\ud800"');
  bad.push('[1, 2]', '[1,]', '{"a": 1}', '{ }', '{"b":1,"a":2}', '{"a":1,"a":1}', '{"a":1,"a":2}');
  bad.push(
    '{"__proto__":1}',
    '{"a":{"__proto__":{}}}',
    '{a:1}',
    '//',
    'undefined',
    '"a',
    '\ufeff1',
  );
  for (const text of bad) {
    assert.throws(() => parseJcsText(text), isRefusal, text);
    assert.throws(() => parseJcs(encodeUtf8(text)), isRefusal, text);
  }
});

parse('parseJcs() refuses bytes that are not UTF-8, or have a mark before them', () => {
  const quote = encodeUtf8('"');
  for (const bytes of [[0xff], [0xed, 0xa0, 0x80], [0xc0, 0x80], [0xc3]]) {
    assert.throws(() => parseJcs(concatBytes(quote, Uint8Array.from(bytes), quote)), isRefusal);
  }
  assert.throws(() => parseJcs(Uint8Array.of(0xef, 0xbb, 0xbf, 0x31)), isRefusal);
});

parse('parseJcs() refuses a million brackets without running out of stack', () => {
  assert.throws(() => parseJcsText(nested(1_000_000)), isRefusal);
  assert.throws(() => parseJcsText('['.repeat(1_000_000)), isRefusal);
});

parse('parseJcs() of a document changed in any byte is refused or another value', () => {
  const bytes = encodeJcs({ a: 'ü', b: [1, 2, null], c: { d: true } });
  const text = formatJcs(parseJcs(bytes));
  for (let at = 0; at < bytes.length; at++) {
    for (const by of [1, 2, 32, 128]) {
      try {
        const changed = parseJcs(bytes.with(at, (bytes[at] ?? 0) ^ by));
        assert.is.not(formatJcs(changed), text);
      } catch (error) {
        assert.ok(isRefusal(error), String(error));
      }
    }
  }
});

parse.run();
