// What a client hears of its command besides the record: what would become of it, that the endpoint went away, and
// who stopped it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createId } from '#crypto/id.ts';
import type { PolicyRules } from '#crypto/policy.ts';
import { enrolEndpoint, FakeAgent } from '#scripts/testing/fake-agent.ts';
import {
  entryThat,
  fieldsOf,
  LiveSession,
  refusalOf,
  waitingRequest,
} from '#scripts/testing/live-session.ts';
import {
  change,
  type LiveWork,
  openLiveWork,
  openRun,
  signPolicy,
  signRoster,
  untilAway,
} from '#scripts/testing/live-work.ts';
import type { Parameters } from '../../protocol/client.ts';
import type { AnswerOf, ClientEvent } from '../../protocol/client-message.ts';
import { IDLE_MS } from '../../protocol/session-limits.ts';
import { RESUME_MS } from '../endpoint-runs.ts';

const submit = suite('commandSubmit()');

submit('tells when the endpoint goes away, and when it is back', async () => {
  await using work = await openLiveWork({ script: () => null });
  const { session, agent } = work;
  const told: ClientEvent[] = [];
  const changed = [Promise.withResolvers<undefined>(), Promise.withResolvers<undefined>()];
  const { envelope, disclosures } = await session.sign('uptime');
  const running = work.client.call(
    'command.submit',
    {
      ...{ session: session.id, why: null, before: null, after: null },
      command: { envelope, disclosures },
    },
    {
      onEvent: (event) => {
        changed[told.push(event) - 1]?.resolve(undefined);
      },
    },
  );
  const { run } = await agent.orders.take();
  await agent.vanish();
  await changed[0]?.promise;
  await agent.link();
  await changed[1]?.promise;
  await agent.exit(run);
  assert.is((await running).outcome, 'exited');
  assert.equal(
    told,
    [false, true].map((isOnline) => ({ kind: 'endpoint', isOnline, waitMs: RESUME_MS })),
  );
});

submit('says who withdrew the request, and why', async () => {
  await using work = await openLiveWork();
  const { site, session } = work;
  const asked = session.run('reboot');
  await using owner = await site.connect(site.owner);
  await owner.call('request.withdraw', {
    request: await waitingRequest(site),
    reason: 'Wrong machine.',
  });
  assert.is((await asked).problem, 'Withdrawn by Olga Owner: Wrong machine.');
  const closed = session.run('reboot');
  await waitingRequest(site);
  await owner.call('session.close', { session: session.id, note: null, ticket: null });
  assert.is((await closed).problem, 'Withdrawn by Olga Owner: The session was closed.');
});

submit('puts on record who stopped what ran', async () => {
  const { work, run, running } = await openRun();
  await using _ = work;
  const { site, session, agent } = work;
  await using approver = await site.connect(site.approver);
  const closing = approver.call('session.close', { session: session.id, note: null, ticket: null });
  await agent.hear('cancel');
  await agent.exit(run, { outcome: 'cancelled', exitCode: null });
  await closing;
  await running;
  const [exited] = await fieldsOf(site, session.id, 'command.exited');
  assert.equal([exited?.outcome, exited?.problem], ['cancelled', 'Stopped by Carla Client.']);
});

submit.run();

const judging = suite('commandJudge()');

/** `sync` runs at once in the quarter of an hour that begins at `nowMs`, `poweroff` never on a till. */
function rulesAt(nowMs: number): PolicyRules {
  const clockOf = (atMs: number): string => new Date(atMs).toISOString().slice(11, 16);
  const days = [1, 2, 3, 4, 5, 6, 7];
  const window = { days, from: clockOf(nowMs), to: clockOf(nowMs + 15 * 60_000) };
  return {
    time_zone: 'UTC',
    rules: [
      { id: 'reading', effect: 'allow', access: 'read-only' },
      { id: 'never', effect: 'deny', programs: ['forbidden'], why: 'Never here.' },
      { id: 'tills', effect: 'deny', programs: ['poweroff'], labels: ['till'] },
      { id: 'owners', effect: 'allow', programs: ['reboot'], arguments: [], roles: ['owner'] },
      { id: 'hours', effect: 'allow', programs: ['sync'], arguments: [], window },
    ],
    ask: { approvals: 1, expires_s: 30 },
  };
}

const openJudged = (): Promise<LiveWork> => openLiveWork({ rules: rulesAt(Date.now()) });

/** What is said of a command of a session before it is submitted. */
function judge(
  { client, id }: Pick<LiveSession, 'client' | 'id'>,
  command: string,
  over: Partial<Parameters<'command.judge'>['fields']> = {},
): Promise<AnswerOf<'command.judge'>> {
  const fields = { shell: 'sh' as const, command, cwd: null, env: {}, ...over };
  return client.call('command.judge', { session: id, fields });
}

/** Lets time pass, after which the endpoint's link is a new one. */
async function passTime({ site, clock, agent }: LiveWork, ms: number): Promise<void> {
  await agent.vanish();
  await untilAway(site, agent.identity.endpoint);
  clock.advance(ms);
  await agent.link();
}

judging('says by which rule a command runs at once, is asked or is refused', async () => {
  await using work = await openJudged();
  const { session } = work;
  const said = async (...asked: [string, object?]): Promise<readonly unknown[]> => {
    const { effect, rule } = await judge(session, ...asked);
    return [effect, rule];
  };
  assert.equal(await said('uptime'), ['allow', 'reading']);
  assert.equal(await said('rm file'), ['ask', null]);
  assert.equal(await said('forbidden --all'), ['deny', 'never']);
  assert.is((await judge(session, 'forbidden')).why, 'Never here.');
  assert.equal(await said('dir', { shell: 'cmd' }), ['allow', 'reading']);
  assert.equal(await said('dir', { shell: 'cmd', cwd: 'C:/tmp' }), ['ask', null]);
  assert.equal(await said('uptime', { env: { PATH: '/tmp' } }), ['ask', null]);
});

judging('says what the record says of the same command, submitted then', async () => {
  await using work = await openJudged();
  const { site, session } = work;
  for (const command of ['uptime', 'df -h | sort']) {
    const judged = await judge(session, command);
    await session.run(command);
    const started = await fieldsOf(site, session.id, 'command.started');
    assert.equal(started.at(-1)?.decision, judged);
  }
  for (const [i, command] of ['rm file', 'echo $(', 'poweroff'].entries()) {
    const judged = await judge(session, command);
    void session.run(command);
    await waitingRequest(site, i + 1);
    const requested = await fieldsOf(site, session.id, 'approval.requested');
    assert.equal(requested.at(-1)?.decision, judged);
  }
});

judging('judges by the labels of the machine, the hour, and the role of now', async () => {
  await using work = await openJudged();
  const { site, client, clock, session } = work;
  const now = (): number => clock.now();
  const labelled = await enrolEndpoint(site, { name: 'till-2', labels: ['till'] });
  await using _ = await FakeAgent.open(labelled, { now });
  const onTill = await LiveSession.open(client, { site, now, endpoint: labelled.endpoint });
  assert.is((await judge(session, 'poweroff')).effect, 'ask');
  assert.is((await judge(onTill, 'poweroff')).effect, 'deny');
  assert.is((await judge(session, 'sync')).effect, 'allow');
  await passTime(work, 20 * 60_000);
  assert.is((await judge(session, 'sync')).effect, 'ask');
  assert.is((await judge(session, 'reboot')).effect, 'ask');
  const tess = { id: 'terry', name: 'Terry', role: 'owner' as const, key: site.technician.key };
  const roster = { who: ['owner', 'reviewer'] as const, nowMs: clock.now(), more: [tess] };
  await change(site, await signRoster(site, { ...roster, who: [...roster.who] }));
  assert.is((await judge(session, 'reboot')).effect, 'allow');
  assert.is((await session.run('reboot')).outcome, 'exited');
});

judging('refuses a shell that the machine does not have', async () => {
  await using work = await openJudged();
  const judged = judge(work.session, 'Get-Date', { shell: 'pwsh' });
  assert.is(await refusalOf(judged), 'shell-missing');
});

judging('leaves no trace, and keeps no session open', async () => {
  await using work = await openJudged();
  const { site, clock, session } = work;
  const { ledger } = site.appliance.desk.site;
  const { size } = ledger;
  await Promise.all(['uptime', 'rm file', 'forbidden'].map((line) => judge(session, line)));
  assert.is(ledger.size, size);
  await passTime(work, IDLE_MS - 1);
  await judge(session, 'uptime');
  clock.advance(1);
  await entryThat(site, ({ leaf }) => leaf.k === 'session.closed');
  const [closed] = await fieldsOf(site, session.id, 'session.closed');
  assert.is(closed?.reason, 'idle');
});

judging('says by a code why nothing could run now', async () => {
  await using work = await openJudged();
  const { site, agent, session, clock } = work;
  const nowhere = { client: session.client, id: createId() };
  assert.is(await refusalOf(judge(nowhere, 'uptime')), 'session-unknown');
  await agent.vanish();
  await untilAway(site, agent.identity.endpoint);
  assert.is(await refusalOf(judge(session, 'uptime')), 'endpoint-offline');
  await agent.link();
  const short = { nowMs: clock.now(), lifeMs: 60_000, version: 2 };
  await change(site, await signPolicy(site, { ...short, rules: rulesAt(clock.now()) }));
  await passTime(work, 60_000);
  assert.is(await refusalOf(judge(session, 'uptime')), 'expired');
  await session.close();
  assert.is(await refusalOf(judge(session, 'uptime')), 'session-unknown');
});

judging('lets nothing through that is hostile to read', async () => {
  await using work = await openJudged();
  const { session } = work;
  for (const command of [
    '\u0001uptime',
    'uptime\u202e; rm -rf /',
    'uptime\nrm -rf ~',
    '$('.repeat(16_384),
    '"'.repeat(32_768),
    'sudo '.repeat(6_553),
  ]) {
    assert.is((await judge(session, command)).effect, 'ask', JSON.stringify(command.slice(0, 20)));
  }
  for (const command of ['x'.repeat(32_769), '\u0000uptime', ' \n']) {
    assert.is(await refusalOf(judge(session, command)), 'request-invalid');
  }
});

judging.run();
