import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { readPosixWords } from './posix-words.ts';

function texts(line: string): readonly (readonly string[])[] | null {
  return readPosixWords(line)?.map((words) => words.map((word) => word.text)) ?? null;
}

const reading = suite('readPosixWords()');

reading('cuts at pipes, lists and line ends', () => {
  assert.equal(texts('a b|c && d||e;f\n\n g |\n h;'), [
    ...[['a', 'b'], ['c'], ['d'], ['e'], ['f'], ['g'], ['h']],
  ]);
});

reading('takes whole quotes off, and only those', () => {
  assert.equal(texts(`a 'b c'"d \\. e"f '' "'"`), [['a', `b cd \\. ef`, '', `'`]]);
});

reading('drops redirections to nowhere and between output and errors', () => {
  assert.equal(texts('a >/dev/null 2>&1 b 2> /dev/null </dev/null|c >&2'), [['a', 'b'], ['c']]);
  assert.equal(texts('a2>/dev/null'), [['a2']]);
});

reading('marks globs, and refuses those that may become an option', () => {
  assert.is(readPosixWords('a b*')?.[0]?.[1]?.glob, true);
  assert.is(readPosixWords("a 'b*'")?.[0]?.[1]?.glob, false);
  for (const line of ['a *', 'a ?x', 'a [-]o', 'a -*', "a '-'*", "a ''*"])
    assert.is(texts(line), null, line);
});

reading('takes a bracket alone, and a colon, for the builtins that they are', () => {
  assert.equal(texts('[ a ] && : b'), [
    ['[', 'a', ']'],
    [':', 'b'],
  ]);
  assert.is(readPosixWords('a [')?.[0]?.[1]?.glob, false);
});

reading('refuses what it does not know, on its own', () => {
  for (const line of [
    ...['a &', 'a & b', '& a', 'a;;b', '; a', '| a', 'a |', 'a &&', 'a ||', '(a)', '{ a; }', '! a'],
    ...[
      '$a',
      'a $b',
      'a "$b"',
      'a `b`',
      "a $'b'",
      'a \\b',
      'a "b\\$c"',
      'a # b',
      'a {b,c}',
      'a >b',
    ],
    ...[
      'a 3>/dev/null',
      'a >/dev/nullx',
      'a 2>&3',
      'a <b',
      'a <<b',
      '>/dev/null a',
      'a 12>/dev/null',
    ],
    ...[
      'b=c a',
      'b+=c',
      'if a',
      'time a',
      '-a',
      '~/a',
      'a*',
      '[a',
      '[a]',
      '[[ a ]]',
      "a 'b",
      'a "b',
    ],
    ...['a\rb', 'a\u00a0b', 'a \u0430', "a 'b\nc'", 'a "b!c"'],
  ]) {
    assert.is(texts(line), null, JSON.stringify(line));
  }
});
reading.run();
