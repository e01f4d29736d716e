import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { cmd, MAX_CMD_LENGTH } from './cmd.ts';

/** What cmd.exe runs with /s, after `cmd /?`: the text less its first and its last quote. */
function textThatCmdRuns(args: readonly string[]): string {
  const [, tail = ''] = args.join(' ').split(/ \/c (.*)/s);
  assert.ok(tail.startsWith('"'));
  const last = tail.lastIndexOf('"');
  return tail.slice(1, last) + tail.slice(last + 1);
}

const test = suite('cmd');

test('cmd runs exactly the command, whatever quotes are in it', () => {
  const commands = ['dir', '"', '""', 'dir "C:\\Program Files"', '"a b" "c d"', 'a & b', '/c x', 'a"', '^', '%X%', '!x!', 'a\\']; // prettier-ignore
  for (const command of commands) {
    const args = cmd.args(command);
    assert.equal(args.slice(0, 5), ['/d', '/e:on', '/v:off', '/s', '/c']);
    assert.is(textThatCmdRuns(args), command);
  }
  assert.ok(cmd.isVerbatim);
});

test('cmd refuses what it would run only in part', () => {
  for (const command of ['a\nb', 'a\r\nb', 'a\r', 'x'.repeat(MAX_CMD_LENGTH + 1)]) {
    assert.type(cmd.refusal(command), 'string');
  }
  assert.is(cmd.refusal('x'.repeat(MAX_CMD_LENGTH)), null);
});

test.run();
