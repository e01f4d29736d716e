// The site of `npm start`, with real processes and a clock that the test moves: what becomes of it when its agent ends.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { placesIn } from '#appliance/config.ts';
import { lockOwner } from '#appliance/ledger/lock.ts';
import { PAUSES_MS } from './kept-daemon.ts';
import { agentRefusal, applianceRefusal, ENDPOINT, openSite } from './start-site.ts';
import { openCliSite } from './testing/cli-site.ts';
import { ManualClock } from './testing/manual-clock.ts';
import { SpokenLines } from './testing/spoken-lines.ts';

const [FIRST_MS, SECOND_MS] = PAUSES_MS;

const open = suite('openSite()');

open('starts an agent that was killed again, whether its appliance is up or not', async () => {
  await using stage = await openStage();
  const { spoken, clock } = stage;
  process.kill(await stage.appliance(), 'SIGKILL');
  await spoken.when(/appliance has ended \(by a signal\).*again in 2 s/);
  clock.advance(FIRST_MS);
  await spoken.when(/The appliance runs again/);
  process.kill(await stage.appliance(), 'SIGKILL');
  await spoken.when(/appliance has ended \(by a signal\).*again in 15 s/);
  const killed = await stage.agent();
  process.kill(killed, 'SIGKILL');
  await spoken.when(/agent has ended \(by a signal\).*again in 2 s \(try 1 of 3\)/);
  clock.advance(FIRST_MS);
  await spoken.when(/The agent runs again/);
  assert.is.not(await stage.agent(), killed);
  assert.is(spoken.all.filter((line) => line.includes('The appliance runs again')).length, 1);
  const from = spoken.all.length;
  clock.advance(SECOND_MS - FIRST_MS);
  await spoken.when(/ ready: the appliance takes this endpoint as online/, { from });
});

open('leaves an agent off whose machine was removed; the rest goes on, and starts so', async () => {
  await using stage = await openStage();
  const { spoken, cli } = stage;
  assert.is((await cli.run(['endpoint', 'rm', ENDPOINT, '--yes'])).code, 0);
  await spoken.when(/The agent has ended \(exit code 4\)[^]*The site removed this machine/);
  assert.is((await cli.run(['ls'])).code, 0, 'the appliance goes on');
  const from = spoken.all.length;
  await stage.restart();
  await spoken.when(/The site removed this machine[^]*move .* away/, { from });
  assert.is((await cli.run(['ls'])).code, 0);
});

open('ends when its agent is stopped by somebody else', async () => {
  await using stage = await openStage();
  process.kill(await stage.agent(), 'SIGTERM');
  assert.is(await stage.site.ended, 'The agent was stopped');
});

open.run();

const refusals = suite('agentRefusal()');

refusals('agentRefusal() names the way out of what no other start mends, and of that alone', () => {
  const home = '/srv/a home';
  for (const refusal of [agentRefusal, applianceRefusal]) {
    for (const exitCode of [0, 1, 3, null]) assert.is(refusal(exitCode, home), null);
    assert.match(refusal(2, home) ?? '', /back as it was.*npm start/s);
  }
  assert.match(agentRefusal(4, home) ?? '', `move ${join(home, 'agent')} away`);
});

refusals.run();

/** A site that was founded before, of which this process is `npm start`. */
async function openStage() {
  await using stack = new AsyncDisposableStack();
  const cli = stack.use(await openCliSite());
  await cli.stopAppliance();
  const { home } = cli;
  const clock = new ManualClock();
  const spoken = new SpokenLines();
  const begin = () => {
    const { signal } = new AbortController();
    return openSite({ home, clock, signal, say: spoken.of('start') });
  };
  const sites = stack.use(new AsyncDisposableStack());
  let site = sites.use(await begin());
  const opened = stack.move();
  return {
    ...{ cli, clock, spoken },
    get site() {
      return site;
    },
    async restart() {
      await site[Symbol.asyncDispose]();
      site = sites.use(await begin());
    },
    async appliance() {
      return running(await lockOwner(placesIn(join(home, 'appliance')).log));
    },
    async agent() {
      const { pid } = JSON.parse(await readFile(join(home, 'agent', 'lock'), 'utf8')) as {
        pid: number;
      };
      return pid;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

function running(pid: number | null): number {
  if (pid === null) throw new Error('Cannot find the appliance: none runs');
  return pid;
}
