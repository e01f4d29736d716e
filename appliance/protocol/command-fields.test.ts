import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from '#crypto/bytes.ts';
import { createDisclosure } from '#crypto/disclosure.ts';
import { describeIssue } from '#crypto/issue.ts';
import { MAX_FRAME_BYTES } from '#agent/protocol/limits.ts';
import {
  type CommandFields,
  commandFieldsSchema,
  isBlank,
  isWholePath,
  judgedFieldsSchema,
  MAX_COMMAND_BYTES,
  MAX_ENV_BYTES,
} from './command-fields.ts';

const FIELDS: CommandFields = {
  command: 'uptime',
  shell: 'sh',
  cwd: null,
  env: {},
  timeout_ms: 1000,
  output_limit: 1000,
};

/** What is said of these fields; null: they are taken. */
function refusalOf(over: Partial<CommandFields>): string | null {
  const { error } = commandFieldsSchema.safeParse({ ...FIELDS, ...over });
  return error === undefined ? null : describeIssue(error);
}

const fields = suite('commandFieldsSchema');

fields('takes what is within its bounds', () => {
  assert.is(refusalOf({}), null);
  assert.is(refusalOf({ command: 'x'.repeat(32_768), cwd: '/größe', env: { A: '💾' } }), null);
});

fields('refuses half of a surrogate pair in every text', () => {
  for (const [name, over] of Object.entries({
    command: { command: 'echo \ud800' },
    cwd: { cwd: '/\udc00' },
    env: { env: { A: '\ud800' } },
  })) {
    assert.match(refusalOf(over) ?? '', `"${name}" is not well-formed`);
  }
  assert.match(refusalOf({ env: { '\ud800': '' } }) ?? '', '"env" is not well-formed');
});

fields('refuses what no shell could begin', () => {
  for (const command of ['', ' ', '\t\n ', '\u00a0']) {
    assert.match(refusalOf({ command }) ?? '', '"command" is empty', JSON.stringify(command));
  }
  assert.match(refusalOf({ command: 'echo \0' }) ?? '', '"command" has a NUL in it');
  assert.match(refusalOf({ cwd: '/srv\0' }) ?? '', '"cwd" has a NUL in it');
  for (const cwd of [
    '',
    'nope',
    './x',
    '../x',
    '~',
    '~/x',
    'C:',
    'C:x',
    '\\x',
    'srv/app',
    ' /srv',
  ]) {
    assert.match(refusalOf({ cwd }) ?? '', '"cwd" is not a whole path', cwd);
  }
});

fields('bounds all variables together', () => {
  const env = Object.fromEntries(
    Array.from({ length: 9 }, (_, i) => [`V${i}`, 'x'.repeat(MAX_ENV_BYTES / 8 - 16)]),
  );
  assert.match(refusalOf({ env }) ?? '', `"env" is more than ${MAX_ENV_BYTES} bytes in all`);
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`V${i}`, '']));
  assert.match(refusalOf({ env: many }) ?? '', '"env" has more than 256 variables');
});

fields('bounds a command by its bytes, so that three of them fit a frame', () => {
  const command = '語'.repeat(32_768);
  assert.ok(encodeUtf8(command).length > MAX_COMMAND_BYTES);
  assert.match(refusalOf({ command }) ?? '', '"command" is more than');
  const longest = '語'.repeat(Math.floor((MAX_COMMAND_BYTES - 200) / 3));
  assert.is(refusalOf({ command: longest }), null);
  const { text } = createDisclosure('command', longest);
  assert.ok(text.length <= 1 << 17);
  assert.ok(3 * text.length < MAX_FRAME_BYTES / 2);
});

fields.run();

const blank = suite('isBlank()');

blank('holds for what has nothing to run, and for nothing else', () => {
  for (const command of ['', ' ', '\n']) assert.ok(isBlank(command), JSON.stringify(command));
  for (const command of [':', ' ls', '#']) assert.not(isBlank(command), command);
});

blank.run();

const whole = suite('isWholePath()');

whole('holds for a folder that begins at the root of Unix, of a drive or of a share', () => {
  for (const folder of ['/', '/srv', 'C:\\', 'c:/x', '\\\\host\\share'])
    assert.ok(isWholePath(folder));
  for (const folder of ['', '.', 'srv', 'C:x', '~/x', '\\x', '%TEMP%', '$HOME']) {
    assert.not(isWholePath(folder), folder);
  }
});

whole.run();

const judged = suite('judgedFieldsSchema');

judged('has the bounds of a command, and no field besides', () => {
  const { shell, command, cwd, env } = FIELDS;
  const asked = { shell, command, cwd, env };
  const isTaken = (over: object): boolean =>
    judgedFieldsSchema.safeParse({ ...asked, ...over }).success;
  assert.ok(isTaken({}));
  assert.ok(isTaken({ command: 'x'.repeat(32_768) }));
  for (const [name, over] of Object.entries({
    'a field besides': { timeout_ms: 1000 },
    'too many characters': { command: 'x'.repeat(32_769) },
    'too many bytes': { command: '語'.repeat(32_768) },
    'nothing to run': { command: ' ' },
    'a folder seen from nowhere': { cwd: 'nope' },
    'half of a character': { command: 'echo \ud800' },
    'a folder that is none': { cwd: 7 },
    'a shell that is none': { shell: 'zsh' },
    'too many variables': {
      env: Object.fromEntries(Array.from({ length: 257 }, (_, i) => [`V${i}`, ''])),
    },
  })) {
    assert.is(isTaken(over), false, name);
  }
});

judged.run();
