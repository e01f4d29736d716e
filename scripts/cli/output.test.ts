import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createTerminal } from '../testing/cli-terminal.ts';
import { slugOf } from './name.ts';
import { formatJson, Output } from './output.ts';
import { openProgress } from './progress.ts';

const json = suite('formatJson()');

json('escapes what a terminal would obey or not show, and says the same', () => {
  const value = { a: '\x1b[2J\u009b\u202e\u2028\u{e0041}\u00ad', b: ['ü€😀', 1, null] };
  for (const indent of [0, 2]) {
    const text = formatJson(value, indent);
    assert.not.match(text.replaceAll('\n', ''), /[\p{Cc}\p{Cf}\p{Zl}]/u);
    assert.equal(JSON.parse(text), value);
  }
  assert.match(formatJson(value), '😀');
});

json.run();

const output = suite('Output');

output('keeps results on stdout and notes on stderr', async () => {
  const terminal = createTerminal();
  const table = new Output(terminal, 'table');
  await table.result({ a: 1 }, () => 'one\n');
  await table.item({ a: 2 }, () => 'two\n');
  await table.note('note');
  assert.is(terminal.out(), 'one\ntwo\n');
  assert.is(terminal.err(), 'note\n');
});

output('gives programs one object, or one line each', async () => {
  const terminal = createTerminal();
  const asJson = new Output(terminal, 'json');
  await asJson.result({ a: 1 }, () => 'one\n');
  await asJson.item({ a: 2 }, () => 'two\n');
  assert.is(terminal.out(), '{\n  "a": 1\n}\n{"a":2}\n');
});

output.run();

const progress = suite('openProgress()');

progress('writes a line every tenth where there is no terminal', async () => {
  const terminal = createTerminal();
  {
    await using shown = openProgress(terminal, 'Work');
    for (let done = 0; done <= 1000; done++) await shown.update(done, 1000);
  }
  assert.is(terminal.err().trimEnd().split('\n').length, 11);
  assert.match(terminal.err(), /^Work: 0 %\n[^\r]*Work: 100 %\n$/);
});

progress('draws a bar on a terminal, and takes it away', async () => {
  let nowMs = 0;
  const terminal = { ...createTerminal({ isTTY: true }), now: () => (nowMs += 1000) };
  {
    await using shown = openProgress(terminal, 'Work');
    await shown.update(1, 2);
    await shown.update(0, 0);
  }
  assert.match(terminal.err(), /\rWork \[#{12}\.{12}\] 50 % 1\/2/);
  assert.ok(terminal.err().endsWith('\r\x1b[K'));
});

progress.run();

const slug = suite('slugOf()');

slug('makes ids that statements take, of any name', () => {
  for (const [name, id] of [
    ['Olga Öwner', 'olga-owner'],
    ["  D'Arcy -- O'Neil ", 'd-arcy-o-neil'],
    ['李雷', 'person'],
    ['x'.repeat(200), 'x'.repeat(48)],
  ] as const) {
    assert.is(slugOf(name), id);
    assert.match(slugOf(name), /^[a-z0-9][a-z0-9._-]{0,63}$/);
  }
});

slug.run();
