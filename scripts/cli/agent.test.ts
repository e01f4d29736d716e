// The daemons as `caisey` runs them, and as their own files do, when whoever reads their output goes away.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { enrol } from '#agent/enrol.ts';
import { openCliSite } from '../testing/cli-site.ts';

const CAISEY = fileURLToPath(new URL('../caisey.ts', import.meta.url));
const APPLIANCE = fileURLToPath(new URL('../../appliance/main.ts', import.meta.url));

const unread = suite('a log that nobody reads');

/** Starts a program, reads one line of it, and closes both of its pipes. Answers its end. */
async function startUnread(
  args: readonly string[],
): Promise<AsyncDisposable & { stop: () => Promise<unknown> }> {
  const child = spawn(process.execPath, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'close');
  await once(child.stderr, 'data');
  child.stdout.destroy();
  child.stderr.destroy();
  return {
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await ended) as unknown[];
      return code;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

unread('"agent run" runs on, and its commands too', async () => {
  await using site = await openCliSite();
  const folder = join(site.folder, 'unread');
  const { out: token } = await site.run(['endpoint', 'token', '--name', 'web']);
  await enrol({ token, folder, mdns: false, signal: new AbortController().signal });
  await site.json(['endpoint', 'verify', 'web', '--yes']);
  await using agent = await startUnread([CAISEY, 'agent', 'run', '--dir', folder]);
  const deadlineMs = performance.now() + 60_000;
  for (;;) {
    const ran = await site.run(['run', 'web', '--reason', 'Look', '--', 'echo', 'here']);
    if (ran.code === 0) {
      assert.is(ran.out, 'here\n');
      break;
    }
    assert.ok(performance.now() < deadlineMs, ran.err);
  }
  assert.is(await agent.stop(), 0);
});

unread('"appliance run" and appliance/main.ts run on, and stop with 0', async () => {
  await using site = await openCliSite();
  await site.stopAppliance();
  const folder = join(site.home, 'appliance');
  const programs = [
    [CAISEY, 'appliance', 'run', '--dir', folder],
    [APPLIANCE, 'run', '--dir', folder],
  ];
  for (const args of programs) {
    await using appliance = await startUnread(args);
    const { code, err } = await site.run(['endpoint', 'token', '--name', 'till']);
    assert.is(code, 0, err);
    assert.is(await appliance.stop(), 0, args.join(' '));
  }
});

unread.run();
