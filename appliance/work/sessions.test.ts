// Sessions at a live site: who opens them, what ends them, and that nothing of them goes on after their end.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createDisclosure } from '#crypto/disclosure.ts';
import { enrolEndpoint, FakeAgent } from '#scripts/testing/fake-agent.ts';
import {
  entryThat,
  faultsOf,
  fieldsOf,
  kindsOf,
  recordOf,
  refusalOf,
  signLiveOpening,
  waitingRequest,
} from '#scripts/testing/live-session.ts';
import {
  change,
  holdRecord,
  openLiveWork,
  signRoster,
  untilAway,
} from '#scripts/testing/live-work.ts';
import { RESUME_MS, STOP_MS } from '../broker/endpoint-runs.ts';
import { LedgerError } from '../ledger/error.ts';
import { IDLE_MS, MAX_SESSION_MS } from '../protocol/session-limits.ts';

const HOUR_MS = 3_600_000;

const open = suite('Sessions.openSession()');

open('refuses what was signed by another, for elsewhere, or not in these words', async () => {
  await using work = await openLiveWork();
  const { site, client, identity, clock } = work;
  const { endpoint } = identity;
  const nowMs = clock.now();
  const { ledger } = site.appliance.desk.site;
  const size = ledger.size;
  const owners = await signLiveOpening(site, { as: site.owner, endpoint, nowMs });
  const good = await signLiveOpening(site, { endpoint, nowMs });
  const old = await signLiveOpening(site, { endpoint, nowMs: nowMs - 9 * HOUR_MS });
  const early = await signLiveOpening(site, { endpoint, nowMs: nowMs + HOUR_MS });
  const elsewhere = await signLiveOpening(site, { endpoint: good.session, nowMs });
  const other = createDisclosure('reason', 'Another reason.').text;
  const codes = [];
  for (const parameters of [
    owners.parameters,
    old.parameters,
    early.parameters,
    elsewhere.parameters,
    { ...good.parameters, reason: other },
    { ...good.parameters, reason: good.parameters.ticket, ticket: good.parameters.reason },
    { ...good.parameters, reason: 'nonsense' },
  ]) {
    codes.push(await refusalOf(client.call('session.open', parameters)));
  }
  assert.equal(codes, [
    'not-allowed',
    'expired',
    'not-yet-valid',
    'endpoint-unknown',
    'statement-invalid',
    'statement-invalid',
    'disclosure',
  ]);
  assert.is(ledger.size, size);
});

open('opens one statement once, though asked twice at once, and never again', async () => {
  await using work = await openLiveWork();
  const { site, client, identity, clock } = work;
  const { session, parameters } = await signLiveOpening(site, {
    endpoint: identity.endpoint,
    nowMs: clock.now(),
  });
  const codes = await Promise.all(
    [1, 2].map(() => refusalOf(client.call('session.open', parameters))),
  );
  assert.equal(codes.sort(), ['accepted', 'session-exists']);
  await client.call('session.close', { session, note: null, ticket: null });
  assert.is(await refusalOf(client.call('session.open', parameters)), 'session-exists');
});

open('refuses an endpoint that is not there', async () => {
  await using work = await openLiveWork();
  const { site, client, clock } = work;
  const { endpoint } = await enrolEndpoint(site, { name: 'back-office' });
  const { parameters } = await signLiveOpening(site, { endpoint, nowMs: clock.now() });
  assert.is(await refusalOf(client.call('session.open', parameters)), 'endpoint-offline');
});

open(
  'refuses an endpoint that is pending, on no record, until a person has verified it',
  async () => {
    await using work = await openLiveWork();
    const { site, client, clock } = work;
    const identity = await enrolEndpoint(site, { name: 'back-office', isVerified: false });
    await using _agent = await FakeAgent.open(identity, { now: () => clock.now() });
    const { endpoint } = identity;
    const { ledger } = site.appliance.desk.site;
    const { size } = ledger;
    const { parameters } = await signLiveOpening(site, { endpoint, nowMs: clock.now() });
    const listed = async (): Promise<boolean | undefined> => {
      const { endpoints } = await client.call('endpoint.list', {});
      return endpoints.find((each) => each.endpoint === endpoint)?.isVerified;
    };
    assert.is(await refusalOf(client.call('session.open', parameters)), 'endpoint-pending');
    assert.is(ledger.size, size);
    assert.is(await listed(), false);
    await client.call('endpoint.verify', { endpoint });
    assert.is(await listed(), true);
    await client.call('session.open', parameters);
  },
);

open('refuses under a roster that has run out', async () => {
  await using work = await openLiveWork();
  const { site, client, clock, identity } = work;
  await change(site, await signRoster(site, { nowMs: clock.now(), lifeMs: 60_000 }));
  clock.advance(40_000);
  await work.agent.say({ kind: 'heartbeat', host: work.agent.hello().host });
  await client.call('site.status', {});
  clock.advance(20_000);
  const { parameters } = await signLiveOpening(site, {
    endpoint: identity.endpoint,
    nowMs: clock.now(),
  });
  assert.is(await refusalOf(client.call('session.open', parameters)), 'expired');
});

open('closes at once what was opened while its technician was struck off', async () => {
  await using work = await openLiveWork();
  const { site, client, clock, identity } = work;
  const { session, parameters } = await signLiveOpening(site, {
    endpoint: identity.endpoint,
    nowMs: clock.now(),
  });
  const opened = holdRecord(site, 'session.opened');
  const opening = refusalOf(client.call('session.open', parameters));
  await opened.reached;
  await change(site, await signRoster(site, { who: ['owner'] }));
  opened.release();
  await opening;
  const end = await entryThat(
    site,
    ({ leaf }) => leaf.s === session && leaf.k === 'session.closed',
  );
  assert.ok(end.index > 0);
  assert.equal(site.appliance.desk.sessions.open, []);
});

open.run();

const close = suite('Sessions.closeSession()');

close('ends what runs and takes back what waits, and is the last entry', async () => {
  await using work = await openLiveWork({
    script: ({ fields }) => (fields.command === 'uptime' ? null : {}),
  });
  const { site, session, agent } = work;
  const running = session.run('uptime');
  const waiting = session.run('reboot');
  const { run } = await agent.orders.take();
  await waitingRequest(site);
  const closing = session.close();
  await agent.hear('cancel');
  await agent.exit(run, { outcome: 'cancelled', exitCode: null });
  const { index } = await closing;
  assert.is((await running).outcome, 'cancelled');
  assert.is((await waiting).outcome, 'withdrawn');
  const record = await recordOf(site, session.id);
  assert.is(record.at(-1)?.index, index);
  assert.is(await refusalOf(session.run('uptime')), 'session-unknown');
  assert.equal(await faultsOf(site, session.id), []);
});

close('does not wait for a request that is asked only after the closing began', async () => {
  await using work = await openLiveWork({ script: () => null });
  const { site, session, agent } = work;
  const running = session.run('reboot', { before: 'uptime' });
  const { run } = await agent.orders.take();
  const closing = session.close();
  await agent.hear('cancel');
  await agent.exit(run, { outcome: 'cancelled', exitCode: null });
  await closing;
  assert.is((await running).outcome, 'refused');
  assert.equal(await faultsOf(site, session.id), []);
});

close('takes back a request that is being put on record meanwhile', async () => {
  await using work = await openLiveWork();
  const { site, session } = work;
  const asked = holdRecord(site, 'approval.requested');
  const running = session.run('reboot');
  await asked.reached;
  const closing = session.close();
  await work.client.call('site.status', {});
  asked.release();
  await closing;
  assert.is((await running).outcome, 'withdrawn');
  assert.equal(await faultsOf(site, session.id), []);
});

close('gives up a command that its endpoint does not stop', async () => {
  await using work = await openLiveWork({ script: () => null });
  const { site, session, agent, clock } = work;
  const running = session.run('uptime');
  const { run } = await agent.orders.take();
  await agent.print(run, 'some');
  const closing = session.close();
  await agent.hear('cancel');
  for (let waited = 0; waited < STOP_MS; waited += 30_000) {
    await agent.say({ kind: 'heartbeat', host: agent.hello().host });
    await work.client.call('site.status', {});
    clock.advance(30_000);
  }
  await closing;
  assert.is((await running).outcome, 'interrupted');
  const [exited] = await fieldsOf(site, session.id, 'command.exited');
  assert.is(exited?.stdout_bytes, 4);
  assert.equal(await faultsOf(site, session.id), []);
});

close('can be asked again when the log refused it', async () => {
  await using work = await openLiveWork();
  const { site, session } = work;
  const closed = holdRecord(site, 'session.closed');
  closed.refuse(new LedgerError('overloaded', 'Cannot append: the queue is full'));
  assert.is(await refusalOf(session.close()), 'overloaded');
  closed.release();
  assert.is((await session.run('uptime')).outcome, 'exited', 'it is open still');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

close('happens once, of two at once', async () => {
  await using work = await openLiveWork();
  const { session } = work;
  const codes = await Promise.all([1, 2].map(() => refusalOf(session.close())));
  assert.equal(codes.sort(), ['accepted', 'session-closed']);
});

close.run();

const byTime = suite('Sessions.touch()');

byTime('closes what is idle, and not what is at work', async () => {
  await using work = await openLiveWork({ script: () => null });
  const { site, session, clock } = work;
  const other = await work.openSession();
  const running = session.run('uptime');
  await work.agent.orders.take();
  site.appliance.desk.sessions.touch(site.appliance.desk.sessions.find(session.id));
  clock.advance(IDLE_MS);
  const closed = await entryThat(site, ({ leaf }) => leaf.k === 'session.closed');
  assert.is(closed.leaf.s, other.id);
  const [{ reason } = { reason: '' }] = await fieldsOf(site, other.id, 'session.closed');
  assert.is(reason, 'idle');
  await untilAway(site, work.agent.identity.endpoint); // silent for so long
  clock.advance(RESUME_MS);
  assert.is((await running).outcome, 'interrupted');
  assert.equal(await faultsOf(site, other.id), []);
});

byTime('closes what has been open for too long, whatever goes on in it', async () => {
  await using work = await openLiveWork();
  const { site, session, clock } = work;
  const { sessions } = site.appliance.desk;
  const live = sessions.find(session.id);
  for (let passed = 0; passed < MAX_SESSION_MS; passed += IDLE_MS / 2) {
    clock.advance(IDLE_MS / 2);
    sessions.touch(live);
  }
  await entryThat(site, ({ leaf }) => leaf.k === 'session.closed');
  const [{ reason } = { reason: '' }] = await fieldsOf(site, session.id, 'session.closed');
  assert.is(reason, 'too-long');
  assert.equal(await faultsOf(site, session.id), []);
});

byTime.run();

const say = suite('Sessions.say()');

say('is on record in the order in which it was said', async () => {
  await using work = await openLiveWork();
  const { site, session, client } = work;
  await using approver = await site.connect(site.approver);
  for (let i = 0; i < 4; i++) {
    await (i % 2 === 0 ? client : approver).call('chat.say', {
      session: session.id,
      text: `line ${i}`,
    });
  }
  const said = await fieldsOf(site, session.id, 'chat.said');
  assert.equal(
    said.map(({ from, name }) => `${from} ${name}`),
    [
      'technician Terry Technician',
      'client Carla Client',
      'technician Terry Technician',
      'client Carla Client',
    ],
  );
  await session.close();
  assert.equal((await kindsOf(site, session.id)).length, 6);
  assert.equal(await faultsOf(site, session.id), []);
});

say.run();
