// The console of `npm start` as a process, without its site: what is said when it ends.

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openConsole } from './start-console.ts';
import { freePort } from './testing/free-port.ts';
import { readProc } from './testing/process-state.ts';

const open = suite('openConsole()');

open('says what to do when it ends by itself', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-start-'));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const home = join(folder, 'home');
  const ports = { page: await freePort(), relayTcp: await freePort(), relayWs: await freePort() };
  const { signal } = new AbortController();
  const site = { restartAppliance: () => Promise.resolve() };
  const before = await children();
  await using started = await openConsole({ home, ports, site, say: console.log, signal });
  const pids = (await children()).filter((pid) => !before.includes(pid));
  assert.is(pids.length, 1);
  process.kill(Number(pids[0]), 'SIGKILL');
  const words = await started.ended;
  assert.match(words, /has ended \(by a signal\), so everything ends/);
  assert.match(words, 'nothing that was recorded is lost');
  assert.match(words, ` CAISEY_HOME=${home} npm start\n`);
  assert.match(words, ` CAISEY_HOME=${home} npm start -- --no-console`);
});

open.run();

/** The processes that this one has started, and that have not been waited for. */
async function children(): Promise<readonly string[]> {
  const tasks = await readdir('/proc/self/task');
  return tasks.flatMap((task) => readProc(`self/task/${task}/children`).match(/\d+/g) ?? []);
}
