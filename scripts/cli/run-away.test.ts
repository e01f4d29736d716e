// `caisey run` when its endpoint goes away while the command runs or waits: the agent is a process, and is killed.

import { access } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Daemon, enrolAgent, startAgent } from '../caisey-process.ts';
import { createInbox } from '../testing/agent-appliance.ts';
import { CLI_RULES, openCliSite } from '../testing/cli-site.ts';

const site = await openCliSite({ rules: CLI_RULES });
const folder = join(site.folder, 'agent');
const { out: token } = await site.run(['endpoint', 'token', '--name', 'till-1']);
await enrolAgent({ runtime: 'node', folder, token: token.trim(), home: site.home });
assert.is((await site.run(['endpoint', 'verify', 'till-1', '--yes'])).code, 0);

const run = suite('caisey run');

run('says that its endpoint went away, and leaves at once at Ctrl+C', async () => {
  await using first = await startReady();
  const { terminal, code } = site.start(['run', 'till-1', '--', 'echo up; tail -f /dev/null']);
  await terminal.outLines.take((text) => text.includes('up'));
  first.child.kill('SIGKILL');
  await terminal.errLines.take((text) => text.includes('waiting up to'));
  assert.match(terminal.err(), 'till-1 went offline; waiting up to 60 s for it …\n');
  terminal.interrupt();
  assert.is(await code, 130);
  assert.match(terminal.err(), 'Cancelled. till-1 is offline and ends the command when it is back');
  const session = /Session (\S+),/.exec(terminal.err())?.[1] ?? '';
  const { terminal: tail, code: tailed } = site.start(['session', 'tail', session]);
  await using _second = await startReady();
  assert.is(await tailed, 0);
  assert.match(tail.out(), 'Stopped by Olga Owner.');
  assert.match(tail.out(), 'closed by Olga Owner');
});

run('says what it means that its endpoint is away while the client is asked', async () => {
  await using first = await startReady();
  const path = join(site.folder, 'touched');
  const { terminal, code } = site.start(['run', 'till-1', '--', 'touch', path]);
  const waiting = await terminal.errLines.take((text) => text.includes('Match code'));
  const match = /Match code: (\S+)/.exec(waiting)?.[1] ?? '';
  first.child.kill('SIGKILL');
  const away = await terminal.errLines.take((text) => text.includes('went offline'));
  assert.match(
    away,
    'The request still waits; approved while till-1 is away, the command is not run',
  );
  await using _second = await startReady();
  await terminal.errLines.take((text) => text.includes('till-1 is back'));
  const approve = ['request', 'approve', match, '--yes', '--key', site.approverKey];
  assert.is((await site.run(approve)).code, 0);
  assert.is(await code, 0);
  await access(path);
});

run.after(async () => {
  await site[Symbol.asyncDispose]();
});
run.run();

/** Starts the agent; resolves when the appliance has it as online. */
async function startReady(): Promise<Daemon> {
  const said = createInbox<string>();
  const options = { runtime: 'node', folder, home: site.home } as const;
  const agent = startAgent({ ...options, onLine: (line) => said.put(line) });
  await said.take((line) => line.includes(' ready'));
  return agent;
}
