// Requests at a live site: what an approver may decide, what is put on record of it, and who wins a race.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { PolicyRules } from '#crypto/policy.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import {
  decide,
  entryThat,
  faultsOf,
  fieldsOf,
  kindsOf,
  refusalOf,
  waitingRequest,
} from '#scripts/testing/live-session.ts';
import { createKeyed, type Keyed } from '#scripts/testing/live-site.ts';
import {
  approverOf,
  change,
  holdRecord,
  type LiveWork,
  openLiveWork,
  signAuthority,
  WORK_RULES,
} from '#scripts/testing/live-work.ts';
import { LedgerError } from '../ledger/error.ts';

const OTHER_HASH = encodeBase64url(randomBytes(32));

/** A site with Carla and Dave as approvers, and a request that waits. */
async function openAsked(rules: PolicyRules = WORK_RULES): Promise<{
  work: LiveWork;
  dave: Keyed;
  running: ReturnType<LiveWork['session']['run']>;
  request: string;
}> {
  const work = await openLiveWork({ rules });
  const { site, session } = work;
  const dave = await createKeyed();
  const approvers = [approverOf('carla', site.approver), approverOf('dave', dave)];
  await change(site, await signAuthority(site, { approvers }));
  const running = session.run('reboot', { before: 'uptime' });
  return { work, dave, running, request: await waitingRequest(site) };
}

const decideOf = suite('Requests.decide()');

decideOf('refuses an approval of anything else than this request', async () => {
  const { work, request, running } = await openAsked();
  await using held = work;
  const { site, clock, session } = held;
  const size = site.appliance.desk.site.ledger.size;
  const attempt = (over: Record<string, unknown>): Promise<string> =>
    refusalOf(decide(site, request, { nowMs: clock.now(), over }));
  for (const over of [
    { request: OTHER_HASH },
    { order: OTHER_HASH },
    { command: OTHER_HASH },
    { endpoint: encodeBase64url(randomBytes(16)) },
    { session: encodeBase64url(randomBytes(16)) },
    { state: OTHER_HASH },
    { state: null },
  ]) {
    assert.is(await attempt(over), 'wrong-command', JSON.stringify(over));
  }
  assert.is(await attempt({ log: 'console.example/site/other/1' }), 'wrong-log');
  const kinds = (await kindsOf(site, session.id)).slice(-1);
  assert.equal(kinds, ['approval.viewed'], 'looked at, not decided');
  assert.ok(site.appliance.desk.site.ledger.size <= size + 1);
  clock.advance(30_000);
  assert.is((await running).outcome, 'expired');
});

decideOf('refuses a decision by a key of nobody, of a technician, or out of time', async () => {
  const { work, request } = await openAsked();
  await using held = work;
  const { site, clock } = held;
  const nobody = await createKeyed();
  const nowMs = clock.now();
  for (const { signer } of [nobody, site.technician, site.owner, site.authority]) {
    assert.is(await refusalOf(decide(site, request, { signer, nowMs })), 'not-authorised');
  }
  const day = 86_400_000;
  assert.is(await refusalOf(decide(site, request, { nowMs: nowMs - 9 * day })), 'expired');
  assert.is(await refusalOf(decide(site, request, { nowMs: nowMs + day })), 'not-yet-valid');
});

decideOf('takes one decision, and none after it', async () => {
  const { work, dave, running, request } = await openAsked();
  await using held = work;
  const { site, clock, session } = held;
  const nowMs = clock.now();
  assert.is((await decide(site, request, { nowMs })).state, 'granted');
  assert.is(await refusalOf(decide(site, request, { nowMs })), 'request-decided');
  assert.is(
    await refusalOf(decide(site, request, { as: dave, decision: 'deny', nowMs })),
    'request-decided',
  );
  assert.is((await running).outcome, 'exited');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

decideOf('waits for the second approver, who is another one', async () => {
  const { work, dave, running, request } = await openAsked({
    ...WORK_RULES,
    ask: { approvals: 2, expires_s: 30 },
  });
  await using held = work;
  const { site, clock, session, agent } = held;
  const nowMs = clock.now();
  assert.is((await decide(site, request, { nowMs })).state, 'waiting');
  assert.is(await refusalOf(decide(site, request, { nowMs })), 'approver-decided');
  assert.is(agent.orders.all.length, 1, 'the state alone');
  assert.is((await decide(site, request, { as: dave, nowMs })).state, 'granted');
  assert.is((await running).outcome, 'exited');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

decideOf('counts for nothing once another denies', async () => {
  const { work, dave, running, request } = await openAsked({
    ...WORK_RULES,
    ask: { approvals: 2, expires_s: 30 },
  });
  await using held = work;
  const { site, clock, session } = held;
  const nowMs = clock.now();
  await decide(site, request, { nowMs });
  await decide(site, request, { as: dave, decision: 'deny', nowMs });
  assert.is((await running).outcome, 'denied');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

decideOf('asks only whom policy names, and wakes the next rung by the clock', async () => {
  const { work, dave, running, request } = await openAsked({
    ...WORK_RULES,
    ask: {
      approvals: 1,
      expires_s: 40,
      approvers: ['dave'],
      ladder: [{ after_s: 20, approvers: ['erin'] }],
    },
  });
  await using held = work;
  const { site, clock, session } = held;
  assert.is(await refusalOf(decide(site, request, { nowMs: clock.now() })), 'not-allowed');
  const { ledger } = site.appliance.desk.site;
  const from = ledger.size;
  clock.advance(20_000);
  await entryThat(site, ({ leaf }) => leaf.k === 'approval.notified', from);
  const told = await fieldsOf(site, session.id, 'approval.notified');
  assert.equal(
    told.map(({ to }) => to),
    ['dave Client', null],
    'nobody is erin here',
  );
  await decide(site, request, { as: dave, nowMs: clock.now() });
  assert.is((await running).outcome, 'exited');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

decideOf('is refused after the hour, and the log says expired', async () => {
  const { work, running, request } = await openAsked();
  await using held = work;
  const { site, clock, session } = held;
  clock.advance(30_000);
  const late = await refusalOf(decide(site, request, { nowMs: clock.now() }));
  assert.is(late, 'request-decided');
  assert.is((await running).outcome, 'expired');
  const [expired] = await fieldsOf(site, session.id, 'approval.expired');
  assert.is(expired?.after_s, 30);
});

decideOf('wins or loses against a withdrawal as a whole, and the log agrees', async () => {
  for (let round = 0; round < 6; round++) {
    const { work, running, request } = await openAsked();
    await using held = work;
    const { site, clock, session, client } = held;
    const approve = refusalOf(decide(site, request, { nowMs: clock.now() }));
    const asked = { request, reason: null };
    if (round % 2 === 1) await entryThat(site, ({ leaf }) => leaf.k === 'approval.viewed');
    const withdraw = refusalOf(client.call('request.withdraw', asked));
    const codes = await Promise.all([approve, withdraw]);
    assert.equal([...codes].sort(), ['accepted', 'request-decided']);
    const { outcome } = await running;
    assert.is(outcome, codes[0] === 'accepted' ? 'exited' : 'withdrawn');
    const kinds = await kindsOf(site, session.id);
    assert.is(kinds.includes('approval.granted'), outcome === 'exited');
    assert.is(kinds.includes('approval.withdrawn'), outcome === 'withdrawn');
    await session.close();
    assert.equal(await faultsOf(site, session.id), []);
  }
});

decideOf('wins or loses against the clock as a whole', async () => {
  const { work, running, request } = await openAsked();
  await using held = work;
  const { site, clock, session } = held;
  const grant = holdRecord(site, 'approval.granted');
  const deciding = refusalOf(decide(site, request, { nowMs: clock.now() }));
  await grant.reached;
  clock.advance(30_000); // it expires while the approval is on its way to the disk
  grant.release();
  assert.is(await deciding, 'accepted');
  assert.is((await running).outcome, 'exited');
  await session.close();
  assert.not((await kindsOf(site, session.id)).includes('approval.expired'));
  assert.equal(await faultsOf(site, session.id), []);
});

decideOf('takes nobody who became an approver only after it was asked', async () => {
  const { work, dave, request, running } = await openAsked();
  await using held = work;
  const { site, clock, session } = held;
  const erin = await createKeyed();
  const approvers = [approverOf('dave', dave), approverOf('erin', erin)];
  await change(site, await signAuthority(site, { version: 3, approvers }));
  const nowMs = clock.now();
  assert.is(await refusalOf(decide(site, request, { as: erin, nowMs })), 'not-authorised');
  assert.is(
    await refusalOf(decide(site, request, { as: dave, signer: site.approver.signer, nowMs })),
    'not-authorised',
    'who is one no more',
  );
  await decide(site, request, { as: dave, nowMs });
  assert.is((await running).outcome, 'exited');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

decideOf(
  'leaves the request waiting when the log refuses, and takes the decision again',
  async () => {
    const { work, running, request } = await openAsked();
    await using held = work;
    const { site, clock, session } = held;
    const grant = holdRecord(site, 'approval.granted');
    grant.refuse(new LedgerError('overloaded', 'Cannot append: the queue is full'));
    assert.is(await refusalOf(decide(site, request, { nowMs: clock.now() })), 'overloaded');
    grant.release();
    await decide(site, request, { nowMs: clock.now() });
    assert.is((await running).outcome, 'exited');
    await session.close();
    assert.equal(await faultsOf(site, session.id), []);
  },
);

decideOf.run();

const ask = suite('Requests.ask()');

ask('is taken back when nobody could be told of it', async () => {
  await using work = await openLiveWork();
  const { site, session } = work;
  const told = holdRecord(site, 'approval.notified');
  told.refuse(new LedgerError('overloaded', 'Cannot append: the queue is full'));
  assert.is(await refusalOf(session.run('reboot')), 'overloaded');
  assert.equal((await kindsOf(site, session.id)).slice(-2), [
    'approval.requested',
    'approval.withdrawn',
  ]);
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

ask('tells of many approvers without parting a letter', async () => {
  await using work = await openLiveWork();
  const { site, session, clock } = work;
  const name = `${'x'.repeat(61)}\u{1F600}`.repeat(2);
  const approvers = [
    ...[{ id: 'carla', name, key: site.approver.key }],
    ...[{ id: 'dora', name: `y${name.slice(2)}`, key: (await createKeyed()).key }],
    ...[{ id: 'emil', name: '\u{1F600} Emil', key: (await createKeyed()).key }],
  ];
  await change(site, await signAuthority(site, { approvers }));
  const running = session.run('reboot');
  await Promise.race([waitingRequest(site), running]);
  await decide(site, await waitingRequest(site), { nowMs: clock.now() });
  assert.is((await running).outcome, 'exited');
});

ask.run();

const remind = suite('Requests.remind()');

remind('tells those who have not approved yet, on record, once a minute', async () => {
  const ask = { approvals: 2, expires_s: 300 };
  const { work, dave, running, request } = await openAsked({ ...WORK_RULES, ask });
  await using held = work;
  const { site, clock, session, client } = held;
  const told = await client.call('request.remind', { request });
  assert.is(told.to, 'Carla Client, dave Client');
  const entry = await entryThat(site, ({ index }) => index === told.index);
  assert.is(entry.leaf.k, 'approval.notified');
  assert.is(await refusalOf(client.call('request.remind', { request })), 'reminded-lately');
  await decide(site, request, { nowMs: clock.now() });
  clock.advance(60_000);
  await using owner = await site.connect(site.owner);
  assert.is((await owner.call('request.remind', { request })).to, 'dave Client');
  const { reminded } = await client.call('request.show', { request });
  assert.equal(reminded, { by: 'Olga Owner', at: new Date(clock.now()).toISOString() });
  await decide(site, request, { as: dave, decision: 'deny', nowMs: clock.now() });
  assert.is((await running).outcome, 'denied');
  assert.is(await refusalOf(client.call('request.remind', { request })), 'request-decided');
  assert.equal(
    (await fieldsOf(site, session.id, 'approval.notified')).map(({ to, by }) => [to, by]),
    [
      ['Carla Client, dave Client', null],
      ['Carla Client, dave Client', 'Terry Technician'],
      ['dave Client', 'Olga Owner'],
    ],
  );
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

remind('does not count as done when the log refuses it', async () => {
  const { work, request } = await openAsked();
  await using held = work;
  const told = holdRecord(held.site, 'approval.notified');
  told.refuse(new LedgerError('overloaded', 'Cannot append: the queue is full'));
  assert.is(await refusalOf(held.client.call('request.remind', { request })), 'overloaded');
  told.release();
  assert.type((await held.client.call('request.remind', { request })).index, 'number');
});

remind.run();

const view = suite('Requests.view()');

view('is recorded once for each viewer, while it waits', async () => {
  const { work, dave, request } = await openAsked();
  await using held = work;
  const { site, clock, session } = held;
  for (const as of [site.approver, site.approver, dave]) {
    await using client = await site.connect(as);
    await client.call('request.show', { request });
    await client.call('request.show', { request });
  }
  clock.advance(30_000);
  await entryThat(site, ({ leaf }) => leaf.k === 'approval.expired');
  await using client = await site.connect(dave);
  assert.is((await client.call('request.show', { request })).state, 'expired');
  const viewed = await fieldsOf(site, session.id, 'approval.viewed');
  assert.equal(
    viewed.map(({ by }) => by),
    ['Carla Client', 'dave Client'],
  );
});

view.run();
