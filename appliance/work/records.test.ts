// Evidence out of a live log: of each session alone, however others run beside it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createId } from '#crypto/id.ts';
import type { PolicyRules } from '#crypto/policy.ts';
import { askToEnrol, askToken, enrolEndpoint, FakeAgent } from '#scripts/testing/fake-agent.ts';
import {
  decide,
  faultsOf,
  LiveSession,
  refusalOf,
  verifySession,
  waitingRequest,
} from '#scripts/testing/live-session.ts';
import {
  change,
  openLiveWork,
  signPolicy,
  signRoster,
  WORK_RULES,
} from '#scripts/testing/live-work.ts';
import { exportEvidence } from './records.ts';

/** As by default, but everything may run on an endpoint with this label. */
const FRONT_RULES: PolicyRules = {
  ...WORK_RULES,
  rules: [...WORK_RULES.rules, { id: 'front', effect: 'allow', labels: ['front'] }],
};

const exporting = suite('exportEvidence()');

exporting('refuses a session that is open, or that nobody opened', async () => {
  await using work = await openLiveWork();
  const { ledger } = work.site.appliance.desk.site;
  assert.is(await refusalOf(exportEvidence(ledger, work.session.id)), 'session-busy');
  assert.is(await refusalOf(exportEvidence(ledger, createId())), 'session-unknown');
});

exporting(
  'verifies for each of many sessions that ran at once, and tells their story',
  async () => {
    await using work = await openLiveWork();
    const { site, clock, client } = work;
    await using other = await FakeAgent.open(
      await enrolEndpoint(site, { name: 'office', labels: ['front', 'pc'] }),
      { now: () => clock.now() },
    );
    await using owner = await site.connect(site.owner);
    const sessions = [
      work.session,
      await work.openSession(),
      await LiveSession.open(owner, {
        ...{ site, as: site.owner, now: () => clock.now() },
        endpoint: other.identity.endpoint,
      }),
    ];
    const running = sessions.flatMap((session) => [
      session.run('uptime'),
      session.run('forbidden', { why: 'All of it.' }),
      session.run('reboot', { before: 'whoami', after: 'id', why: 'Slow.' }),
    ]);
    for (let left = sessions.length; left > 0; left--) {
      await waitingRequest(site, left);
      await decide(site, await waitingRequest(site), { nowMs: clock.now() });
    }
    const outcomes = await Promise.all(running);
    assert.is(outcomes.filter(({ outcome }) => outcome === 'exited').length, 6);
    await client.call('chat.say', { session: sessions[0]?.id ?? '', text: 'All well.\n' });
    for (const session of sessions) await session.close('Done.');
    for (const { id } of sessions) assert.equal(await faultsOf(site, id), []);
    const { summary, transcript } = await verifySession(site, sessions[2]?.id ?? '');
    assert.is(JSON.stringify(summary).includes('Olga Owner'), true);
    assert.ok(transcript.length >= 10);
  },
);

exporting('verifies over a change of roster and policy in the middle', async () => {
  await using work = await openLiveWork();
  const { site, session } = work;
  await session.run('uptime');
  await change(site, await signRoster(site, { who: ['owner', 'technician'] }));
  await session.run('uptime');
  await change(
    site,
    await signPolicy(site, { rules: { ...WORK_RULES, time_zone: 'Europe/Berlin' } }),
  );
  await session.run('uptime');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

exporting('verifies after a restart, under a later checkpoint', async () => {
  await using work = await openLiveWork();
  const { site, session } = work;
  await session.run('uptime');
  await session.close();
  const beside = await work.openSession();
  await beside.run('uptime');
  await site.restart();
  for (const { id } of [session, beside]) assert.equal(await faultsOf(site, id), []);
});

exporting('verifies on both sides of a removal and a second enrolment of one machine', async () => {
  await using work = await openLiveWork({ rules: FRONT_RULES });
  const { site, clock, identity } = work;
  const asked = work.session.run('reboot');
  await decide(site, await waitingRequest(site), { nowMs: clock.now() });
  assert.is((await asked).outcome, 'exited');
  await using owner = await site.connect(site.owner);
  await owner.call('endpoint.remove', { endpoint: identity.endpoint, reason: 'Reinstalled.' });
  const { token } = await askToken(site, identity.name, ['front']);
  const asBefore = await askToEnrol(token, { keyed: identity.keyed });
  assert.is(asBefore?.kind === 'refused' && asBefore.code, 'unavailable', 'its key is spent');
  const again = await enrolEndpoint(site, { name: identity.name, labels: ['front'] });
  assert.is.not(again.endpoint, identity.endpoint);
  await using agent = await FakeAgent.open(again, { now: () => clock.now() });
  const session = await LiveSession.open(work.client, {
    ...{ site, now: () => clock.now() },
    endpoint: agent.identity.endpoint,
  });
  assert.is((await session.run('reboot')).outcome, 'exited', 'by its label');
  await session.close();
  for (const { id } of [work.session, session]) {
    assert.equal(await faultsOf(site, id), []);
    const { ledger } = site.appliance.desk.site;
    const file = Buffer.from((await exportEvidence(ledger, id)).bytes).toString();
    const enrolments = file.match(/endpoint\.enrolled/g) ?? [];
    assert.is(enrolments.length, 1, 'its own enrolment, and no other');
  }
});

exporting('does not verify once its content was erased, and says so', async () => {
  await using work = await openLiveWork();
  const { site, session } = work;
  const { index } = await session.run('uptime');
  await session.close();
  await site.appliance.desk.site.ledger.eraseContent(index);
  assert.not.equal(await faultsOf(site, session.id), []);
  const earlier = site.appliance.desk.site.policy.index;
  await site.appliance.desk.site.ledger.eraseContent(earlier);
  const { ledger } = site.appliance.desk.site;
  assert.is(await refusalOf(exportEvidence(ledger, session.id)), 'record-incomplete');
});

exporting.run();
