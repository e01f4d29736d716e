// `caisey run --dry-run` against a real appliance: what is said beforehand, and that nothing comes of it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { CLI_RULES, openCliSite } from '../testing/cli-site.ts';

const site = await openCliSite({ endpoint: 'web', rules: CLI_RULES });

const dry = suite('caisey run --dry-run');

dry('opens no session, and says how to open one', async () => {
  const { code, err } = await site.run(['run', 'web', '--dry-run', '--', 'uname']);
  assert.is(code, 2);
  assert.match(err, 'no session is open on web');
  assert.match(err, 'caisey session open web');
  assert.equal(await site.json(['session', 'ls', '--all']), { sessions: [] });
});

dry('says what would become of a command, and runs nothing', async () => {
  await site.run(['session', 'open', 'web', '--reason', 'Look']);
  const said = async (...command: string[]): Promise<readonly [number, string]> => {
    const { code, out } = await site.run(['run', 'web', '--dry-run', '--', ...command]);
    return [code, out];
  };
  assert.equal(await said('uname'), [0, 'Runs at once: Only reads. (all)\n']);
  assert.equal(await said('touch x'), [
    0,
    'Waits for the client: The rule "touch" of this site asks it. (touch)\n',
  ]);
  assert.equal(await said('rm', '-rf', '/'), [
    3,
    'Refused by the policy: The rule "rm" of this site refuses it. (rm)\n',
  ]);
  const { sessions } = (await site.json(['session', 'ls'])) as { sessions: { commands: number }[] };
  assert.equal(
    sessions.map(({ commands }) => commands),
    [0],
  );
});

dry('says it to programs, and refuses a state that would be asked', async () => {
  const judged = await site.json(['run', 'web', '--dry-run', '--cwd', '/tmp', 'uname']);
  const { effect, rule, why, access } = judged as Record<string, unknown>;
  assert.equal([effect, rule, why, access], ['allow', 'all', 'Only reads.', 'read-only']);
  const { code, err } = await site.run(['run', 'web', '--dry-run', '--state', 'touch x', 'uname']);
  assert.is(code, 3);
  assert.match(err, 'Cannot capture state');
});

dry.after(async () => {
  await site[Symbol.asyncDispose]();
});

dry.run();
