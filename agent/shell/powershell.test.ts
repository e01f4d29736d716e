import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { parseBase64 } from '#crypto/base64.ts';
import { decodeUtf8 } from '#crypto/bytes.ts';

import { MAX_POWERSHELL_BYTES, powershell, pwsh } from './powershell.ts';

/** The frame's fixed text, and the command that is in it. */
function open(args: readonly string[]) {
  const frame = args.at(-1) ?? '';
  const [before = '', base64 = '', after = ''] = frame.split(/FromBase64String\('([^']*)'\)/);
  return { frame, fixed: `${before}|${after}`, command: decodeUtf8(parseBase64(base64)) };
}

const test = suite('powershell and pwsh');

test('powershell and pwsh get the same documented switches', () => {
  const switches = [
    '-NoLogo',
    '-NoProfile',
    '-NonInteractive',
    '-OutputFormat',
    'Text',
    '-Command',
  ];
  assert.equal(powershell.args('x').slice(0, -1), switches);
  assert.equal(pwsh.args('x'), powershell.args('x'));
});

test('powershell carries any command as data: the frame around it never changes', () => {
  const { fixed } = open(powershell.args('Get-Date'));
  const check = (command: string): void => {
    const opened = open(powershell.args(command));
    assert.is(opened.command, command);
    assert.is(opened.fixed, fixed);
    // So that Windows' rules for quoting and PowerShell's for ends of lines have nothing to work on.
    assert.match(opened.frame, /^[\x20-\x7e]+$/);
    assert.not.match(opened.frame, /"|\\$/);
  };
  [
    "');calc;('",
    '"; calc; "',
    "' + (calc) + '",
    '`',
    '|',
    '#',
    "@'\n",
    '\u2019; calc',
    'é\n',
  ].forEach(check);
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed()),
      check,
    ),
  );
});

test('powershell keeps a whole command line within what Windows takes', () => {
  const longest = 'é'.repeat(MAX_POWERSHELL_BYTES / 2);
  assert.is(powershell.refusal(longest), null);
  assert.ok(powershell.args(longest).join(' ').length < 32_000);
  assert.type(powershell.refusal(`${longest}x`), 'string');
});

test.run();
