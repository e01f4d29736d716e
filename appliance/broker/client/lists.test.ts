// Lists that are longer than one message, requests that the appliance has forgotten, and following that goes on
// where it was lost: over real connections.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { listEndpoints, listRequests, listSessions } from '../../protocol/lists.ts';
import type { SignedCommand } from '../../protocol/client-message.ts';
import { decide, refusalOf, waitingRequest } from '#scripts/testing/live-session.ts';
import { openLiveWork } from '#scripts/testing/live-work.ts';

const requests = suite("Handler<'request.list'>");

requests('lists by pages a dozen requests that together are more than one message', async () => {
  await using work = await openLiveWork();
  const { client, session, site } = work;
  const count = 14;
  const running = [];
  for (let i = 0; i < count; i++) {
    const command = await session.sign(`reboot ${i}`.padEnd(30_000, '語'));
    running.push(session.submit(command satisfies SignedCommand, { why: 'x'.repeat(4000) }));
    await waitingRequest(site, i + 1);
  }
  for (const state of ['waiting', 'all'] as const) {
    const { requests: first, next } = await client.call('request.list', { state, limit: 5 });
    assert.is(first.length, 5);
    assert.is(next, first[4]?.index);
    const all = await listRequests(client, { state });
    assert.equal(
      all.map(({ command }) => command.split('語')[0]),
      Array.from({ length: count }, (_, i) => `reboot ${count - 1 - i}`),
    );
    assert.ok(all.every(({ isCut, command }) => isCut && command.length === 256));
  }
  const [{ request } = { request: '' }] = await listRequests(client, {
    state: 'waiting',
    limit: 1,
  });
  assert.is((await client.call('request.show', { request })).command.length, 30_000);
  await session.close();
  await Promise.all(running);
});

requests('shows all of a request that was decided before a restart', async () => {
  await using work = await openLiveWork();
  const { session, site, clock } = work;
  const running = session.run('reboot', { why: 'Stuck.', before: 'uptime' });
  const request = await waitingRequest(site);
  await using client = await site.connect(site.reviewer);
  await work.client.call('request.remind', { request });
  const waiting = await client.call('request.show', { request });
  await decide(site, request, { decision: 'deny', comment: 'Not now.', nowMs: clock.now() });
  assert.is((await running).outcome, 'denied');
  await session.close();
  await site.restart();
  await using later = await site.connect(site.reviewer);
  const { decidedAt, reminded, ...denied } = await later.call('request.show', { request });
  assert.ok(decidedAt);
  const { decidedAt: _, reminded: asKnown, ...before } = waiting;
  assert.equal([reminded?.by, asKnown?.by], ['Terry Technician', 'Terry Technician']);
  assert.equal(denied, {
    ...before,
    ...{ state: 'denied', decidedBy: ['Carla Client'], comment: 'Not now.' },
  });
  const unknown = later.call('request.show', { request: 'A'.repeat(43) });
  assert.is(await refusalOf(unknown), 'request-unknown');
});

requests('says by whom and why a request was withdrawn, now and after a restart', async () => {
  await using work = await openLiveWork();
  const { session, site, client } = work;
  const running = session.run('reboot');
  const request = await waitingRequest(site);
  await client.call('request.withdraw', { request, reason: 'Wrong machine.' });
  await running;
  const wanted = ['withdrawn', ['Terry Technician'], 'Wrong machine.'];
  const now = await client.call('request.show', { request });
  assert.equal([now.state, now.decidedBy, now.comment], wanted);
  await session.close();
  await site.restart();
  await using later = await site.connect(site.technician);
  const { state, decidedBy, comment } = await later.call('request.show', { request });
  assert.equal([state, decidedBy, comment], wanted);
});

requests.run();

const sessions = suite("Handler<'session.list'>");

sessions('pages through all sessions, and through the open ones of one endpoint', async () => {
  await using work = await openLiveWork();
  const { client, session, identity, site } = work;
  const opened = [session.id];
  for (let i = 0; i < 4; i++) opened.push((await work.openSession()).id);
  const { sessions: page, next } = await client.call('session.list', { state: 'all', limit: 2 });
  assert.equal(
    page.map(({ session: id }) => id),
    opened.toReversed().slice(0, 2),
  );
  assert.is(next, page[1]?.index);
  await session.close();
  const rest = opened.toReversed().slice(0, -1);
  const { endpoint } = identity;
  const open = await listSessions(client, { state: 'open', endpoint });
  assert.equal(
    open.map(({ session: id }) => id),
    rest,
  );
  assert.is(open[0]?.technicianKey, site.technician.key);
  assert.equal(await listSessions(client, { state: 'open', endpoint: session.id }), []);
  assert.is((await listSessions(client, { state: 'all' })).length, 5);
  assert.is((await listSessions(client, { state: 'all', limit: 3 })).length, 3);
});

sessions.run();

const endpoints = suite("Handler<'endpoint.list'>");

endpoints('names the caller’s own newest session, or else the newest', async () => {
  await using work = await openLiveWork();
  const { client, site, session } = work;
  const second = await work.openSession();
  const [own] = await listEndpoints(client);
  assert.equal([own?.openSession, own?.openSessions], [second.id, 2]);
  await second.close();
  await using reviewer = await site.connect(site.reviewer);
  const [others] = await listEndpoints(reviewer);
  assert.equal([others?.openSession, others?.openSessions], [session.id, 1]);
});

endpoints.run();

const read = suite("Handler<'session.read'>");

read('goes on after the last entry that was seen, and says when the session is over', async () => {
  await using work = await openLiveWork();
  const { client, session } = work;
  await session.run('uptime');
  const at = { session: session.id, follow: false };
  const first = await client.call('session.read', { ...at, from: 0 });
  assert.equal(first, { entries: 4, next: 4, isOver: false });
  const seen: number[] = [];
  const following = client.call(
    'session.read',
    { session: session.id, from: first.next, follow: true },
    {
      onEvent: (event) => {
        if (event.kind === 'entry') seen.push((JSON.parse(event.entry.leaf) as { n: number }).n);
      },
    },
  );
  await session.run('uptime');
  await session.close();
  assert.equal(await following, { entries: 4, next: 8, isOver: true });
  assert.equal(seen, [4, 5, 6, 7]);
  const none = await client.call('session.read', { ...at, from: 8 });
  assert.equal(none, { entries: 0, next: 8, isOver: true });
});

read.run();
