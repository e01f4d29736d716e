// `caisey run` against a real appliance and a real agent: what is run, shown, asked and answered.

import { access, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { TestTerminal } from '../testing/cli-terminal.ts';
import { CLI_RULES, openCliSite } from '../testing/cli-site.ts';

const site = await openCliSite({ endpoint: 'web', rules: CLI_RULES });

const run = suite('caisey run');

run('prints what the command printed, byte for byte, and ends with its exit code', async () => {
  const { terminal, code } = site.start([
    ...['run', 'web', '--'],
    String.raw`printf 'a\033[31mb\377'; printf oops >&2; exit 7`,
  ]);
  assert.is(await code, 7);
  assert.equal(terminal.outBytes(), Buffer.from('a\x1b[31mb\xff', 'latin1'));
  assert.match(terminal.err(), /^Session [\w-]{22}, opened for this command\noops$/);
});

run('makes control sequences visible on a terminal, unless it is told to obey them', async () => {
  const argv = ['run', 'web', String.raw`printf '\033[2Jx\r\n\342\202\254'`];
  const shown = site.start(argv, { isTTY: true });
  assert.is(await shown.code, 0);
  assert.is(shown.terminal.out(), '\\x1b[2Jx\r\n€');
  const obeyed = site.start([...argv, '--raw'], { isTTY: true });
  assert.is(await obeyed.code, 0);
  assert.is(obeyed.terminal.out(), '\x1b[2Jx\r\n€');
});

run('joins several arguments by spaces and leaves options after "--" to the command', async () => {
  const ran = await site.run(['run', 'web', '--', 'echo', '--format', 'json', '-h']);
  assert.equal([ran.code, ran.out], [0, '--format json -h\n']);
});

run('opens a session of its own and closes it, or uses the open one', async () => {
  await site.run(['run', 'web', '--reason', 'Look', '--ticket', 'T-1', '--', 'uname']);
  const before = await sessions();
  assert.is(before[0]?.['reason'], 'Look');
  assert.is(before[0]?.['ticket'], 'T-1');
  assert.is(before[0]?.['state'], 'closed');
  const { out: id } = await site.run(['session', 'open', 'web', '--reason', 'Stay']);
  await site.run(['run', 'web', '--', 'uname']);
  const { code } = await site.run(['run', 'web', '--session', id.slice(0, 8), '--', 'uname', '-a']);
  assert.is(code, 0);
  const [open, ...others] = await sessions();
  assert.is(open?.['session'], id.trim());
  assert.is(open?.['commands'], 2);
  assert.is(others.length, before.length);
  assert.is((await site.run(['session', 'close', '--endpoint', 'web'])).code, 0);
});

run('says that a reason and a ticket are not on record when a session is open', async () => {
  const { out: id } = await site.run(['session', 'open', 'web', '--reason', 'Stay']);
  const about = ['--reason', 'Other', '--ticket', '4711'];
  const { code, err } = await site.run(['run', 'web', ...about, '--', 'true']);
  assert.is(code, 0, err);
  assert.match(
    err,
    `Not on record: --reason and --ticket. The command runs in session ${id.trim()}`,
  );
  assert.not.match((await site.run(['run', 'web', '--', 'true'])).err, 'Not on record');
  await site.run(['session', 'close', id.trim()]);
  assert.not.match((await site.run(['run', 'web', ...about, '--', 'true'])).err, 'Not on record');
});

run('leaves the command of another call alone, and no key behind', async () => {
  const { terminal, code } = site.start(['run', 'web', '--', 'echo up; tail -f /dev/null']);
  await terminal.outLines.take((text) => text.includes('up'));
  const beside = await site.run(['run', 'web', '--', 'uname']);
  assert.equal([beside.code, beside.out], [0, 'Linux\n']);
  assert.match(beside.err, /^Session \S+, opened for this command\n$/);
  assert.not.match(terminal.err(), 'Stopped');
  terminal.interrupt();
  assert.is(await code, 130);
  assert.equal(await readdir(join(site.home, 'sessions')).catch(() => []), []);
});

run('refuses a session whose key is not in this home', async () => {
  const [closed] = await sessions();
  const { code, err } = await site.run([
    ...['run', 'web', '--session', String(closed?.['session']), '--', 'uname'],
  ]);
  assert.is(code, 2);
  assert.match(err, /its key is not in this home/);
});

run('waits for approval, says how it is given, and runs when it is', async () => {
  const path = join(site.folder, 'touched');
  const { terminal, code } = site.start([
    ...['run', 'web', '--why', 'Test', '--state', `ls ${site.folder}`, '--', 'touch', path],
  ]);
  await approve(terminal);
  assert.is(await code, 0);
  assert.match(terminal.err(), 'Approved by Carla Client: Go on');
  assert.match(terminal.err(), / until {5}\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \(/);
  await access(path);
});

run('ends with 3 when the client denies', async () => {
  const { terminal, code } = site.start(['run', 'web', '--', 'touch', join(site.folder, 'never')]);
  const waiting = await terminal.errLines.take((text) => text.includes('Match code'));
  const match = /Match code: (\S+)/.exec(waiting)?.[1] ?? '';
  await site.run(['request', 'deny', match.toLowerCase(), '--yes', '--key', site.approverKey]);
  assert.is(await code, 3);
  assert.match(terminal.err(), 'Denied by Carla Client');
});

run('ends with 3 when the policy refuses', async () => {
  const { code, err } = await site.run(['run', 'web', '--', 'rm', '-rf', '/']);
  assert.is(code, 3);
  assert.match(err, /Refused/);
});

run('cancels a waiting command at the first Ctrl+C, and ends with 130', async () => {
  const { terminal, code } = site.start(['run', 'web', '--', 'touch', join(site.folder, 'never')]);
  await terminal.errLines.take((text) => text.includes('Match code'));
  terminal.interrupt();
  assert.is(await code, 130);
  assert.match(terminal.err(), 'Cancelling');
});

run('ends with 124 when the time is over', async () => {
  const { code } = await site.run([
    'run',
    'web',
    '--timeout',
    '1s',
    '--',
    'tail',
    '-f',
    '/dev/null',
  ]);
  assert.is(code, 124);
});

run('cancels the command when nobody reads its output any more', async () => {
  const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  for (const format of ['table', 'json']) {
    const { code, err } = await site.run(
      ['run', 'web', '--format', format, '--', 'tail -n 1 -f /etc/passwd'],
      { stdoutFails: gone },
    );
    assert.is(code, 141);
    assert.match(err, /^(?:Session \S+, opened for this command\n)?$/); // and nothing else
  }
  const { sessions: open } = (await site.json(['session', 'ls'])) as { sessions: unknown[] };
  assert.equal(open, []);
});

run('cancels the command when its terminal has hung up, and closes its session', async () => {
  const gone = Object.assign(new Error('write EIO'), { code: 'EIO' });
  const { terminal, code } = site.start(['run', 'web', '--', 'touch', join(site.folder, 'never')]);
  await terminal.errLines.take((text) => text.includes('Match code'));
  terminal.hangUp(gone);
  assert.is(await code, 141);
  const { sessions: open } = (await site.json(['session', 'ls'])) as { sessions: unknown[] };
  assert.equal(open, []);
});

run('says how much output was dropped', async () => {
  const command = ['--output-limit', '10', '--', 'printf 123456789012345'];
  const table = await site.run(['run', 'web', ...command]);
  assert.equal([table.code, table.out], [0, '1234567890']);
  assert.match(table.err, 'dropped: 5 bytes, neither shown nor on record');
  assert.match(table.err, /command\n\nOutput beyond/, 'on a line of its own');
  const ended = await site.run(['run', 'web', '--output-limit', '2', '--', "printf '1\\n2\\n'"]);
  assert.equal([ended.out, /command\nOutput beyond/.test(ended.err)], ['1\n', true]);
  const json = await site.run(['run', 'web', '--format', 'json', ...command]);
  assert.is(lines(json.out).at(-1)?.['droppedBytes'], 5);
});

run('ends with 3, and says who, when the client stops its session', async () => {
  for (const [command, ready, words] of [
    ['echo up; tail -f /dev/null', 'out', 'Stopped while it ran, by Carla Client'],
    [
      `touch ${join(site.folder, 'never')}`,
      'err',
      'Not run: Withdrawn by Carla Client: The session was closed.',
    ],
  ] as const) {
    const { terminal, code } = site.start(['run', 'web', '--', command]);
    const text = await terminal.errLines.take((line) => line.startsWith('Session'));
    const id = /Session (\S+),/.exec(text)?.[1] ?? '';
    if (ready === 'err') await terminal.errLines.take((line) => line.includes('Match code'));
    else await untilStarted(id);
    const closed = await site.run(['session', 'close', id, '--key', site.approverKey]);
    assert.is(closed.code, 0, closed.err);
    assert.is(await code, 3);
    assert.match(terminal.err(), `${words}\n`);
  }
});

run('ends with 126 when the endpoint could not start it', async () => {
  const { code, err } = await site.run(['run', 'web', '--cwd', '/nonexistent', '--', 'true']);
  assert.is(code, 126);
  assert.match(err, 'Could not be started');
});

run('takes the newest of several sessions, as chat and close do, and says so', async () => {
  const first = await openSession();
  const second = await openSession();
  const ran = await site.run(['run', 'web', '--', 'uname']);
  assert.match(ran.err, `You have 2 open sessions on web. Taking the newest, ${second}.`);
  assert.match(ran.err, `Also open: ${first}. Choose by --session ID.`);
  assert.match(ran.err, `\nSession ${second}\n`);
  const named = await site.run(['run', 'web', '--session', first, '--', 'uname']);
  assert.is(named.err, `Session ${first}\n`);
  const said = (await site.json(['chat', 'web', 'Hello'])) as { session: string };
  assert.is(said.session, second);
  assert.match((await site.run(['ls'])).out, `${second} +1`);
  const closed = (await site.json(['session', 'close', '--endpoint', 'web'])) as typeof said;
  assert.is(closed.session, second);
  assert.match((await site.run(['ls'])).out, first);
  assert.is((await site.run(['session', 'close', first])).code, 0);
});

run('says that what is piped in is not sent', async () => {
  const { code, out, err } = await site.run(['run', 'web', '--', 'cat'], { input: 'secret\n' });
  assert.equal([code, out], [0, '']);
  assert.match(err, /^What is piped in is not sent/);
});

run('refuses what no command may be in plain words, before it is signed', async () => {
  for (const [argv, said] of [
    [['--', 'x'.repeat(32_769)], 'Cannot sign command: "command" is longer than 32768 characters'],
    [
      ['--reason', 'x'.repeat(4097), '--', 'true'],
      'Cannot open session: "reason" is longer than 4096 characters',
    ],
    [
      ['--why', 'x'.repeat(4097), '--', 'true'],
      'Cannot ask "command.submit": "why" is longer than 4096 characters',
    ],
  ] as const) {
    const { code, err } = await site.run(['run', 'web', ...argv]);
    assert.is(code, 2);
    assert.match(err, said);
  }
});

run('says hints as they are typed in a clone', async () => {
  const program = 'npm run -s caisey --';
  const { err } = await site.run(['run', 'nowhere', '--', 'true'], { program });
  assert.match(err, '"npm run -s caisey -- ls" lists the endpoints');
  const nowhere = join(site.folder, 'nowhere');
  const enrol = ['agent', 'enrol', '--dir', nowhere, '--token-file', nowhere];
  const agent = await site.run(enrol, { program });
  assert.match(agent.err, `Cannot read token from "${nowhere}": there is no such file or folder\n`);
  assert.match(agent.err, '"npm run -s caisey -- endpoint token --name NAME --out FILE"');
  const empty = join(site.folder, 'empty.token');
  await writeFile(empty, '\n');
  const none = await site.run(['agent', 'enrol', '--dir', nowhere, '--token-file', empty]);
  assert.match(none.err, `Cannot read token from "${empty}": it is empty\n`);
});

run('tells programs each step as a line of JSON', async () => {
  const { out, code } = await site.run(['run', 'web', '--format', 'json', '--', 'echo', 'hi']);
  const events = lines(out);
  assert.is(code, 0);
  assert.equal(
    events.map(({ event }) => event),
    ['session', 'started', 'output', 'ended'],
  );
  assert.is(events[0]?.['isOpened'], true);
  assert.is(events[2]?.['text'], 'hi\n');
  assert.is(events[3]?.['exitCode'], 0);
  assert.is(events[3]?.['droppedBytes'], 0);
});

run(
  'gives the command its folder, its shell, and, when the client agrees, its variables',
  async () => {
    const bash = await site.run(['run', 'web', '--shell', 'bash', '--cwd', '/tmp', '--', 'pwd']);
    assert.equal([bash.code, bash.out], [0, '/tmp\n']);
    const { terminal, code } = site.start([
      ...['run', 'web', '--env', 'A=1=2', '--env', 'B=', '--', 'printenv', 'A', 'B'],
    ]);
    await approve(terminal);
    assert.is(await code, 0);
    assert.is(terminal.out(), '1=2\n\n');
  },
);

run('refuses what it cannot read, before it connects', async () => {
  for (const options of [
    ['--timeout', 'soon'],
    ['--output-limit', '5kB'],
    ['--env', 'no-value'],
    ['--timeout', '0s'],
    ['--shell', 'fish'],
    ['--cwd', 'nope'],
    ['--state', ' '],
  ]) {
    const { code, err } = await site.run(['run', 'web', ...options, '--', 'true']);
    assert.is(code, 2, options.join(' '));
    assert.match(err, /^Cannot /);
  }
  const timeless = await site.run(['run', 'web', '--timeout', '0s', '--', 'true']);
  assert.match(timeless.err, /^Cannot run with --timeout 0s: the command would have no time\n/);
  const empty = await site.run(['run', 'web', '--', '']);
  assert.is(empty.code, 2);
  assert.match(empty.err, /^Cannot run command: it is empty\n/);
});

run('says which endpoint it does not know', async () => {
  const { code, err } = await site.run(['run', 'nowhere', '--', 'true']);
  assert.is(code, 2);
  assert.match(err, 'Cannot find endpoint "nowhere"');
});

run('leaves at the second Ctrl+C', async () => {
  const { terminal, code } = site.start(['run', 'web', '--', 'touch', join(site.folder, 'never')]);
  await terminal.errLines.take((text) => text.includes('Match code'));
  terminal.interrupt();
  terminal.interrupt();
  assert.is(await code, 5);
  assert.match(terminal.err(), 'recorded without you');
});

/** Waits until a command waits, and approves it as it says. */
async function approve(terminal: TestTerminal): Promise<void> {
  const waiting = await terminal.errLines.take((text) => text.includes('Match code'));
  const match = /Match code: (\S+)/.exec(waiting)?.[1] ?? '';
  assert.match(waiting, `caisey request approve ${match}`);
  const { code, err } = await site.run([
    ...['request', 'approve', match, '--yes', '--comment', 'Go on', '--key', site.approverKey],
  ]);
  assert.is(code, 0, err);
}

/** Opens a session; answers its id. */
async function openSession(): Promise<string> {
  return (await site.run(['session', 'open', 'web', '--reason', 'Stay'])).out.trim();
}

/** Waits until a command of a session has started. */
async function untilStarted(session: string): Promise<void> {
  const { terminal, code } = site.start(['session', 'tail', session]);
  await terminal.outLines.take((text) => text.includes('stdout from byte'));
  terminal.interrupt();
  assert.is(await code, 0);
}

async function sessions(): Promise<readonly Record<string, unknown>[]> {
  const answer = (await site.json(['session', 'ls', '--all'])) as {
    sessions: Record<string, unknown>[];
  };
  return answer.sessions;
}

function lines(text: string): Record<string, unknown>[] {
  const parsed = text.trimEnd().split('\n');
  return parsed.map((line) => JSON.parse(line) as Record<string, unknown>);
}

run.after(async () => {
  await site[Symbol.asyncDispose]();
});
run.run();
