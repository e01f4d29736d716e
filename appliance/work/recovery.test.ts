// What a crash leaves open is ended on record, in an order that verifies, once.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { Script } from '#scripts/testing/fake-agent.ts';
import {
  decide,
  entryThat,
  faultsOf,
  fieldsOf,
  kindsOf,
  LiveSession,
  waitingRequest,
} from '#scripts/testing/live-session.ts';
import { createKeyed } from '#scripts/testing/live-site.ts';
import {
  approverOf,
  change,
  openLiveWork,
  signAuthority,
  WORK_RULES,
} from '#scripts/testing/live-work.ts';
import { recoverSessions } from './recovery.ts';

const recover = suite('recoverSessions()');

const HANGS: Script = ({ fields }) => (fields.command === 'uptime' ? null : {});

recover('interrupts what ran, withdraws what waited, then abandons the session', async () => {
  await using work = await openLiveWork({ script: HANGS });
  const { site, session, agent } = work;
  void session.run('uptime');
  const { run } = await agent.orders.take();
  await agent.print(run, 'half of');
  await agent.print(run, 'oh', 'stderr');
  await agent.said.take((each) => each.kind === 'ack' && each.next === 2);
  void session.run('reboot');
  await waitingRequest(site);
  await site.crash();
  assert.equal((await kindsOf(site, session.id)).slice(-3), [
    'command.exited',
    'approval.withdrawn',
    'session.abandoned',
  ]);
  const [exited] = await fieldsOf(site, session.id, 'command.exited');
  assert.equal(
    [exited?.outcome, exited?.stdout_bytes, exited?.stderr_bytes],
    ['interrupted', 7, 2],
  );
  assert.equal(site.appliance.desk.site.ledger.openSessions(), []);
  assert.equal(await faultsOf(site, session.id), []);
});

for (const { name, before } of [
  { name: 'nothing in it', before: [] },
  { name: 'a command that has ended', before: ['whoami'] },
] as const) {
  recover(`abandons a session with ${name}`, async () => {
    await using work = await openLiveWork({ script: HANGS });
    const { site, session } = work;
    for (const command of before) await session.run(command);
    const kinds = await kindsOf(site, session.id);
    await site.crash();
    assert.equal(await kindsOf(site, session.id), [...kinds, 'session.abandoned']);
    assert.equal(await faultsOf(site, session.id), []);
  });
}

recover('withdraws a request of which one of two approvals was given', async () => {
  await using work = await openLiveWork({
    rules: { ...WORK_RULES, ask: { approvals: 2, expires_s: 30 } },
  });
  const { site, session, clock } = work;
  const dave = await createKeyed();
  const approvers = [approverOf('carla', site.approver), approverOf('dave', dave)];
  await change(site, await signAuthority(site, { approvers }));
  void session.run('reboot');
  await decide(site, await waitingRequest(site), { nowMs: clock.now() });
  await site.crash();
  assert.equal((await kindsOf(site, session.id)).slice(-3), [
    'approval.granted',
    'approval.withdrawn',
    'session.abandoned',
  ]);
  assert.equal(await faultsOf(site, session.id), []);
});

recover('leaves alone what was decided', async () => {
  await using work = await openLiveWork();
  const { site, session, clock } = work;
  const granted = session.run('reboot');
  await decide(site, await waitingRequest(site), { nowMs: clock.now() });
  await granted;
  const denied = session.run('reboot');
  await decide(site, await waitingRequest(site), { decision: 'deny', nowMs: clock.now() });
  await denied;
  const expired = session.run('reboot');
  await waitingRequest(site);
  clock.advance(30_000);
  await expired;
  const kinds = await kindsOf(site, session.id);
  await site.crash();
  assert.equal(await kindsOf(site, session.id), [...kinds, 'session.abandoned']);
  assert.equal(await faultsOf(site, session.id), []);
});

recover('captures nothing of a state that was being captured', async () => {
  await using work = await openLiveWork({ script: HANGS });
  const { site, session, agent } = work;
  void session.run('reboot', { before: 'uptime' });
  const { run } = await agent.orders.take();
  await agent.print(run, 'up 3 days');
  await agent.hear('ack');
  await site.crash();
  assert.equal((await kindsOf(site, session.id)).slice(-2), [
    'command.exited',
    'session.abandoned',
  ]);
  assert.equal(await faultsOf(site, session.id), []);
});

recover('is done when it is done, also when it was interrupted itself', async () => {
  await using work = await openLiveWork({ script: HANGS });
  const { site, session, agent } = work;
  const other = await work.openSession();
  void session.run('uptime');
  await agent.orders.take();
  void other.run('reboot');
  await waitingRequest(site);
  await site.crash();
  const { ledger } = site.appliance.desk.site;
  const size = ledger.size;
  assert.equal(await recoverSessions(ledger), []);
  await site.restart();
  await site.crash();
  for (const { id } of [session, other]) {
    const kinds = await kindsOf(site, id);
    assert.is(kinds.filter((kind) => kind === 'session.abandoned').length, 1);
    assert.equal(await faultsOf(site, id), []);
  }
  assert.is(site.appliance.desk.site.ledger.size, size);
});

recover('has the endpoint stop what it still runs, and goes on with it', async () => {
  await using work = await openLiveWork({ script: HANGS });
  const { site, session, agent, clock } = work;
  void session.run('uptime');
  const { run } = await agent.orders.take();
  await agent.print(run, 'before');
  await agent.hear('ack');
  await site.crash();
  await agent.closed;
  agent.pins = site.appliance.desk.pins();
  const welcome = await agent.link();
  assert.equal(welcome.runs, [], 'the appliance does not want it');
  await using client = await site.connect(site.technician);
  const next = await LiveSession.open(client, {
    ...{ site, now: () => clock.now() },
    endpoint: agent.identity.endpoint,
  });
  assert.is((await next.run('whoami')).outcome, 'exited');
  await next.close();
  await entryThat(site, ({ leaf }) => leaf.s === next.id && leaf.k === 'session.closed');
  assert.equal(await faultsOf(site, next.id), []);
});

recover.run();
