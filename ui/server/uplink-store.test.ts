import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { UplinkEndpoint } from '#appliance/protocol/uplink-message.ts';
import { FAKE_HOST } from '#scripts/testing/fake-agent.ts';
import { codeOf, openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { foundMsp, storyKey } from '#scripts/testing/console-story.ts';
import { type ConsoleEvent, Events } from './events.ts';
import { uplinkStore } from './uplink-store.ts';

const store = suite('uplinkStore()');

store('keeps of each machine whether it is pending, as its site tells it', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const told = uplinkStore({ directory, events: new Events() });
  const peer = { organisation: 'one', site: msp.siteId };
  const id = 'A'.repeat(22);
  const own = directory.of(msp.actors.technician);
  const tell = async (each: Pick<UplinkEndpoint, 'isVerified' | 'details'>): Promise<boolean> => {
    const endpoints: UplinkEndpoint[] = [{ endpoint: id, state: 'online', ...each }];
    const message = { isReset: false, isWhole: true, endpoints, removed: [] };
    await told.endpoints(peer, { kind: 'endpoints', ...message });
    return (await own.endpoint(msp.siteId, id)).isVerified;
  };
  assert.is(await tell({ isVerified: false, details: null }), false);
  assert.is(await tell({ isVerified: true, details: null }), true);
});

store('does not take an appliance’s own word that it was claimed', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const own = directory.of(msp.actors.owner);
  const told = uplinkStore({ directory, events: new Events() });
  const peer = { organisation: 'one', site: msp.siteId };
  const hello = { kind: 'hello', site: msp.siteId, software: 'a/1' } as const;
  const founded = { ...hello, origin: 'console.example/site/x/1', log: 'x+1+AAAA' };
  await told.hello(peer, { ...hello, origin: founded.origin, log: null });
  assert.is(await codeOf(told.hello(peer, founded)), 'conflict');
  const { state, logKey } = await own.site(msp.siteId);
  assert.equal([state, logKey], ['joined', null]);
  const { key: other } = await storyKey();
  assert.is(await codeOf(own.beginClaim(msp.siteId, other)), 'conflict', 'not the code’s box');
  await own.beginClaim(msp.siteId, msp.siteKey);
  await told.hello(peer, founded);
  assert.is((await own.site(msp.siteId)).state, 'claimed');
});

store('forgets what it was told of a machine when its site seals it', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const told = uplinkStore({ directory, events: new Events() });
  const peer = { organisation: 'one', site: msp.siteId };
  const id = 'A'.repeat(22);
  const tell = (details: UplinkEndpoint['details']): Promise<void> => {
    const endpoint: UplinkEndpoint = { endpoint: id, state: 'online', isVerified: true, details };
    const message = { isReset: false, isWhole: true, endpoints: [endpoint], removed: [] };
    return told.endpoints(peer, { kind: 'endpoints', ...message });
  };
  await tell({
    ...{ name: 'till-1', labels: ['secret-label'], lastSeen: '2026-11-21T02:00:00.000Z' },
    ...{ software: 'agent/1', host: FAKE_HOST, openSession: 'B'.repeat(22) },
  });
  const row = () => {
    const rows = place.store.db.selectFrom('endpoint').selectAll().where('id', '=', id);
    return rows.executeTakeFirstOrThrow();
  };
  assert.match(JSON.stringify(await row()), 'secret-label');
  await tell(null);
  assert.equal(await row(), {
    ...{ site_id: msp.siteId, id, name: id, labels: '[]', state: 'online', seen_at: null },
    ...{ software: null, host: null, open_session: null, is_verified: 1 },
    folded: (await row()).folded,
  });
  assert.not.match(JSON.stringify(await row()), /till-1|secret-label/);
});

store(
  'tells pages when an appliance comes and goes, and how many requests wait there',
  async () => {
    await using place = await openDirectoryPlace();
    const { directory } = place;
    const msp = await foundMsp(directory, 'one');
    const events = new Events();
    const heard: ConsoleEvent[] = [];
    const { organisationId } = msp.actors.owner;
    const { signal } = new AbortController();
    events.listen(organisationId, { signal, listener: (event) => void heard.push(event) });
    const told = uplinkStore({ directory, events });
    const peer = { organisation: 'one', site: msp.siteId };
    await told.hello(peer, {
      ...{ kind: 'hello', site: msp.siteId, origin: 'o', log: null, software: '0.1.0' },
    });
    await told.status(peer, {
      ...{ kind: 'status', checkpoint: '', size: 0, openSessions: 0, waitingRequests: 3 },
      ...{ rosterVersion: 1, level: 'standard' },
    });
    await told.gone(peer);
    const of = { kind: 'site', siteId: msp.siteId };
    assert.equal(heard, [
      { ...of, link: 'came' },
      { ...of, status: { waiting: 3, size: 0 } },
      { ...of, link: 'went' },
    ]);
  },
);

store.run();
