// `caisey run` when its endpoint goes away while the command runs: the agent is a process, and is killed.

import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Daemon, enrolAgent, startAgent } from '../caisey-process.ts';
import { createInbox } from '../testing/agent-appliance.ts';
import { CLI_RULES, openCliSite } from '../testing/cli-site.ts';

const run = suite('caisey run');

run('says that its endpoint went away and came back, and leaves at once at Ctrl+C', async () => {
  await using site = await openCliSite({ rules: CLI_RULES });
  const folder = join(site.folder, 'agent');
  const { out: token } = await site.run(['endpoint', 'token', '--name', 'till-1']);
  await enrolAgent({ runtime: 'node', folder, token: token.trim(), home: site.home });
  assert.is((await site.run(['endpoint', 'verify', 'till-1', '--yes'])).code, 0);
  const start = async (): Promise<Daemon> => {
    const said = createInbox<string>();
    const options = { runtime: 'node', folder, home: site.home } as const;
    const agent = startAgent({ ...options, onLine: (line) => said.put(line) });
    await said.take((line) => line.includes(' ready'));
    return agent;
  };
  await using first = await start();
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
  await using _second = await start();
  assert.is(await tailed, 0);
  assert.match(tail.out(), 'Stopped by Olga Owner.');
  assert.match(tail.out(), 'closed by Olga Owner');
});

run.run();
