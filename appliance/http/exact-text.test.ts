import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { visibleText } from '#crypto/visible.ts';

import { countLines, exactLine, exactText } from './exact-text.ts';

const exact = suite('exactText()');

exact(
  'exactText() holds exactly the visible form of any text, and marks every escape',
  async () => {
    const text = fc.string({ unit: 'binary', maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(text, async (raw) => {
        const html = String(await exactText(raw));
        const code = /<code>([^]*?)<\/code>/.exec(html)?.[1] ?? '';
        const read = unescape(code.replaceAll(/<\/?mark>/g, ''));
        assert.is(read, visibleText(raw, { keepNewlines: true }));
        assert.not.match(
          code.replaceAll(/<mark>.*?<\/mark>/g, ''),
          /\\x[0-9a-f]{2}|\\u\{[0-9a-f]+\}/,
        );
      }),
      { numRuns: 300 },
    );
  },
);

exact('exactText() explains each hidden character once, and only when there is one', async () => {
  const plain = String(await exactText('dir C:\\xampp\\new & echo ok\n', { isCommand: true }));
  assert.not.match(plain, 'note');
  const hidden = String(await exactText('a\u202eb\u202ec\u200bd'));
  assert.is(hidden.match(/<li>/g)?.length, 2);
  const many = Array.from({ length: 31 }, (_, i) => String.fromCodePoint(0xe000 + i)).join('');
  assert.match(String(await exactText(many)), 'And 19 more');
});

exact('exactText() points out letters that only look like others, in commands', async () => {
  const command = 'rm p\u0430yroll'; // Cyrillic a
  assert.match(String(await exactText(command, { isCommand: true })), 'Cyrillic alphabet (U+0430)');
  assert.not.match(String(await exactText(command)), 'Cyrillic');
});

exact.run();

const line = suite('exactLine()');

line('exactLine() marks, explains and points out what a command would, on one line', async () => {
  const hidden = String(await exactLine('/srv/\u202etxt\n', { after: ', <here>' }));
  assert.match(
    hidden,
    '<code>/srv/<mark>\\u{202e}</mark>txt<mark>\\x0a</mark></code>, &lt;here&gt;',
  );
  assert.match(hidden, 'text after it can appear backwards');
  assert.match(String(await exactLine('/h\u043eme/bob')), 'Cyrillic alphabet (U+043E)');
  assert.not.match(String(await exactLine('/home/bob')), 'note');
});

line.run();

const count = suite('countLines()');

count('countLines() counts as people do: a last line end begins no line', () => {
  const table: [string, string][] = [
    ['', '1 line'],
    ['a', '1 line'],
    ['a\n', '1 line'],
    ['a\nb', '2 lines'],
    ['a\r\nb\r\n', '2 lines'],
    ['a\n\n', '2 lines'],
  ];
  for (const [text, said] of table) assert.is(countLines(text), said, JSON.stringify(text));
});

count.run();

function unescape(html: string): string {
  return html
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');
}
