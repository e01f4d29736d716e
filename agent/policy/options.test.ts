import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type OptionForm, readOptions, reads } from './options.ts';
import { plainWord } from './word.ts';

const FORM: OptionForm = {
  flags: 'ab',
  values: 'n',
  long: 'all',
  longValues: 'lines',
  operands: 2,
};

function read(text: string): string | null {
  const reading = readOptions(FORM, text.split(' ').filter(Boolean).map(plainWord));
  if (reading === null) return null;
  const options = [...reading.options].map(([name, value]) =>
    value === null ? name : `${name}=${value}`,
  );
  return [...options, '|', ...reading.operands].join(' ');
}

const reading = suite('readOptions()');
for (const [text, expected] of [
  ['-ab x', 'a b | x'],
  ['-an5 x', 'a n=5 | x'],
  ['-n 5 x', 'n=5 | x'],
  ['--lines=5 --all', 'lines=5 all |'],
  ['--lines 5', 'lines=5 |'],
  ['x -a y', 'a | x y'],
  ['-- -z', '| -z'],
  ['-', '| -'],
] as const) {
  reading(`reads "${text}"`, () => assert.is(read(text), expected));
}
for (const text of ['-z', '-az', '--al', '--all=1', '--line=5', '--lines', '-n', 'x y z', '--a']) {
  reading(`refuses "${text}"`, () => assert.is(read(text), null));
}
reading('refuses globs where the number of words matters', () => {
  assert.is(readOptions(FORM, [{ text: 'x*', glob: true }]), null);
  assert.is.not(readOptions({ flags: 'a' }, [{ text: 'x*', glob: true }]), null);
});
reading.run();

const holding = suite('reads()');
holding('wants the values, the operands and the condition to hold', () => {
  const form: OptionForm = { values: 'c', value: /^[0-9]$/, operand: /^[a-z]+$/ };
  const answers = reads(form, ({ options }) => options.has('c'));
  const ask = (text: string): boolean => answers(text.split(' ').map(plainWord));
  assert.ok(ask('-c 1 host'));
  assert.not(ask('-c x host'));
  assert.not(ask('-c 1 HOST'));
  assert.not(ask('host'));
});
holding.run();
