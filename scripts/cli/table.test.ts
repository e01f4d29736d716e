import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatFacts, formatTable, widthOf } from './table.ts';

const plain = { paint: (_: string, text: string) => text, width: null };

const table = suite('formatTable()');

table('lines up columns, wide characters and marks included', () => {
  const text = formatTable(
    ['NAME', 'STATE'],
    [
      ['web', 'online'],
      ['東京', 'offline'],
      ['e\u0301', { text: 'x', style: 'red' }],
    ],
    plain,
  );
  assert.is(text, 'NAME  STATE\nweb   online\n東京  offline\ne\u0301     x\n');
});

table('makes each cell visible, so that none moves the cursor or begins a line', () => {
  const text = formatTable(['A', 'B'], [['a\nb\x1b[2J', '\u202ex']], plain);
  assert.is(text.split('\n').length, 3);
  assert.match(text, 'a\\x0ab\\x1b[2J');
  assert.match(text, '\\u{202e}x');
});

table('cuts the last column to the width, and no other', () => {
  const text = formatTable(['A', 'B'], [['aaaa', 'b'.repeat(40)]], { ...plain, width: 20 });
  assert.is(text.split('\n')[1], `aaaa  ${'b'.repeat(13)}…`);
});

table('pads by what is seen, not by paint', () => {
  const painted = { paint: (_: string, text: string) => `<${text}>`, width: null };
  const text = formatTable(['A', 'B'], [[{ text: 'xy', style: 'red' }, 'z']], painted);
  assert.is(text, '<A>   <B>\n<xy>  z\n');
});

table.run();

const facts = suite('formatFacts()');

facts('sets lines of a value under each other, and a dash for nothing', () => {
  const text = formatFacts([
    ['runs', 'a\nb\r\nc'],
    ['why', null],
  ]);
  assert.is(text, 'runs  a\n      b\n      c\nwhy   -\n');
});

facts.run();

const width = suite('widthOf()');

width('counts columns', () => {
  assert.is(widthOf('abc'), 3);
  assert.is(widthOf('漢字'), 4);
  assert.is(widthOf('n\u0303'), 1);
  assert.is(widthOf('🔥'), 2);
});

width.run();
