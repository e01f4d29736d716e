// Runs over real links that break, repeat and come back: every byte once, in order, and one end.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { faultsOf, fieldsOf, kindsOf, outputOf } from '#scripts/testing/live-session.ts';
import type { LiveSite } from '#scripts/testing/live-site.ts';
import { holdRecord, openLiveWork, openRun, untilAway } from '#scripts/testing/live-work.ts';
import { LedgerError } from '../ledger/error.ts';
import { RESUME_MS } from './endpoint-runs.ts';

const resume = suite('LiveRun');

resume('records every byte once, in order, over links that break', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  let expected = '';
  for (let piece = 0; piece < 30; piece++) {
    const text = `line ${piece} ${'x'.repeat(piece * 7)}\n`;
    expected += text;
    await agent.print(run, text);
    if (piece % 7 === 3) {
      await agent.vanish();
      await agent.print(run, 'while it was away\n');
      expected += 'while it was away\n';
      await agent.link();
    }
  }
  await agent.vanish();
  await agent.exit(run);
  await agent.link();
  assert.is((await running).outcome, 'exited');
  assert.is(await outputOf(site, session.id), expected);
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

resume('records a piece once that comes again while it is on its way to the disk', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  const output = holdRecord(site, 'command.output');
  await agent.print(run, 'once\n');
  await output.reached;
  await agent.vanish();
  const linking = agent.link();
  await held.client.call('site.status', {});
  output.release();
  await linking;
  await agent.exit(run);
  await running;
  assert.is(await outputOf(site, session.id), 'once\n');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

for (const [what, over] of [
  ['an exit code', { exitCode: 0 }],
  ['a signal', { exitCode: null, signal: 'SIGKILL' }],
  ['output', { exitCode: null }],
  ['output that was dropped', { exitCode: null, droppedBytes: 1 }],
] as const) {
  resume(`takes no end of a run that did not start, with ${what}`, async () => {
    const { work, run, running } = await openRun();
    await using held = work;
    const { agent, site, session } = held;
    if (what === 'output') await agent.print(run, 'hello');
    await agent.exit(run, { outcome: 'not-started', ...over });
    assert.is((await running).outcome, 'interrupted');
    await session.close();
    assert.equal(await faultsOf(site, session.id), []);
  });
}

resume('records an end once that is told again', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  const exited = holdRecord(site, 'command.exited');
  await agent.exit(run);
  await exited.reached;
  await agent.vanish();
  const linking = agent.link();
  await held.client.call('site.status', {});
  exited.release();
  await linking;
  await running;
  const kinds = await kindsOf(site, session.id);
  assert.is(kinds.filter((kind) => kind === 'command.exited').length, 1);
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

resume('takes an end again when the log refused it', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  const exited = holdRecord(site, 'command.exited');
  exited.refuse(new LedgerError('overloaded', 'Cannot append: the queue is full'));
  await agent.print(run, 'all of it\n');
  await agent.exit(run, { exitCode: 3 });
  await agent.closed;
  exited.release();
  await agent.vanish();
  await agent.link();
  assert.is((await running).exitCode, 3);
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

resume('is interrupted by an endpoint that comes back without the run', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  await agent.print(run, 'before the power cut');
  await agent.hear('ack');
  await agent.vanish();
  agent.forget();
  await agent.link();
  const { outcome, problem } = await running;
  assert.is(outcome, 'interrupted');
  assert.match(problem ?? '', /restarted/);
  const [exited] = await fieldsOf(site, session.id, 'command.exited');
  assert.is(exited?.stdout_bytes, 20);
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

resume('is interrupted when nobody comes back in time', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session, clock } = held;
  await agent.print(run, 'half');
  await agent.hear('ack');
  await agent.vanish();
  await untilAway(site, agent.identity.endpoint);
  clock.advance(RESUME_MS - 1);
  await agent.print(run, ' of it');
  await agent.link();
  await agent.vanish();
  await untilAway(site, agent.identity.endpoint);
  clock.advance(RESUME_MS);
  assert.is((await running).outcome, 'interrupted');
  assert.is(await outputOf(site, session.id), 'half of it');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

resume('does not send an order that was never sent once its run is given up', async () => {
  await using work = await openLiveWork();
  const { site, session, agent, clock } = work;
  const started = holdRecord(site, 'command.started', { when: 'after' });
  const running = session.run('uptime');
  await started.reached;
  await agent.vanish();
  await untilAway(site, agent.identity.endpoint);
  clock.advance(RESUME_MS);
  started.release();
  await work.client.call('site.status', {});
  clock.advance(RESUME_MS);
  assert.is((await running).outcome, 'interrupted');
  await agent.link();
  await work.client.call('site.status', {});
  assert.is(agent.orders.all.length, 0);
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

/** Holds every order on its way: made under a checkpoint that is not in the second place yet. */
function holdOrders(site: LiveSite): { reached: Promise<undefined>; release: () => void } {
  const { ledger } = site.appliance.desk.site;
  const signFor = ledger.signFor.bind(ledger);
  const reached = Promise.withResolvers<undefined>();
  const gate = Promise.withResolvers<undefined>();
  Object.assign(ledger, {
    signFor: async (size: number) => {
      const { checkpoint, published } = await signFor(size);
      reached.resolve(undefined);
      return { checkpoint, published: gate.promise.then(() => published) };
    },
  });
  return {
    reached: reached.promise,
    release: () => {
      gate.resolve(undefined);
    },
  };
}

resume('is not sent before its checkpoint is in the second place', async () => {
  await using work = await openLiveWork();
  const { site, session, agent } = work;
  const orders = holdOrders(site);
  const running = session.run('uptime');
  await orders.reached;
  await work.client.call('site.status', {});
  assert.is(agent.orders.all.length, 0);
  orders.release();
  assert.is((await running).outcome, 'exited');
});

resume('is not sent when its session was closed while its order was made', async () => {
  await using work = await openLiveWork();
  const { site, session, agent } = work;
  const orders = holdOrders(site);
  const running = session.run('uptime');
  await orders.reached;
  await session.close();
  orders.release();
  assert.is((await running).outcome, 'cancelled');
  const other = await work.openSession();
  assert.is((await other.run('whoami')).outcome, 'exited');
  assert.equal(
    agent.orders.all.map(({ fields }) => fields.command),
    ['whoami'],
  );
  assert.equal(await faultsOf(site, session.id), []);
});

resume('is not sent when its endpoint was gone for too long while its order was made', async () => {
  await using work = await openLiveWork();
  const { site, session, agent, clock } = work;
  const orders = holdOrders(site);
  const running = session.run('uptime');
  await orders.reached;
  await agent.vanish();
  await untilAway(site, agent.identity.endpoint);
  clock.advance(RESUME_MS);
  assert.is((await running).outcome, 'interrupted');
  await agent.link();
  orders.release();
  assert.is((await session.run('whoami')).outcome, 'exited');
  assert.equal(
    agent.orders.all.map(({ fields }) => fields.command),
    ['whoami'],
  );
});

resume('sends an order that found no link when the endpoint is back', async () => {
  await using work = await openLiveWork();
  const { site, session, agent } = work;
  const started = holdRecord(site, 'command.started', { when: 'after' });
  const running = session.run('uptime');
  await started.reached;
  await agent.vanish();
  await untilAway(site, agent.identity.endpoint);
  started.release();
  await work.client.call('site.status', {});
  await agent.link();
  assert.is((await running).outcome, 'exited');
});

resume('proves an order anew, once, from the checkpoint that the endpoint really saw', async () => {
  await using work = await openLiveWork();
  const { session, agent, site, identity } = work;
  await session.run('id');
  agent.checkpoint = identity.checkpoint; // it lost its journal's last line
  assert.is((await session.run('uptime')).outcome, 'exited');
  agent.checkpoint = null;
  const size = site.appliance.desk.site.ledger.checkpoint.size;
  assert.ok(size > 0);
  assert.is((await session.run('uptime -p')).outcome, 'exited');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

resume('records that the endpoint refused, and in which words', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  const message = 'No \ud800 \u001b[2J\u202E';
  await agent.say({ kind: 'refused', run, code: 'busy', message, seenSize: 0 });
  assert.is((await running).outcome, 'refused');
  const [refused] = await fieldsOf(site, session.id, 'command.refused');
  assert.equal(
    [refused?.by, refused?.code, refused?.why],
    ['agent', 'busy', message.toWellFormed()],
  );
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

resume('does not go round for ever with an endpoint that is never content', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent } = held;
  const refused = { kind: 'refused', run, code: 'consistency', message: 'No.' } as const;
  await agent.say({ ...refused, seenSize: 1 });
  await agent.said.take((each) => each.kind === 'order' && each.order.seen === 1);
  await agent.say({ ...refused, seenSize: 2 });
  assert.is((await running).outcome, 'refused');
});

resume.run();
