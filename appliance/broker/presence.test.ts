// What goes on record of endpoints that come, go and flap, and when they were last seen.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { FAKE_HOST, type Script } from '#scripts/testing/fake-agent.ts';
import { entryThat } from '#scripts/testing/live-session.ts';
import type { LiveSite } from '#scripts/testing/live-site.ts';
import { type LiveWork, openLiveWork, untilAway } from '#scripts/testing/live-work.ts';
import { openStored } from '../work/record.ts';
import { AWAY_MS, readLastSeen } from './presence.ts';

/** The kinds of an endpoint's own entries, less its enrolment. */
async function recordOf(site: LiveSite): Promise<readonly string[]> {
  const { ledger } = site.appliance.desk.site;
  const kinds: string[] = [];
  for await (const { leaf } of ledger.entries({ start: 0, end: ledger.size })) {
    if (leaf.k === 'endpoint.online' || leaf.k === 'endpoint.offline') kinds.push(leaf.k);
  }
  return kinds;
}

async function stateOf({ client }: LiveWork): Promise<string | undefined> {
  const { endpoints } = await client.call('endpoint.list', {});
  return endpoints[0]?.state;
}

async function lose({ agent, site }: LiveWork): Promise<void> {
  await agent.vanish();
  await untilAway(site, agent.identity.endpoint);
}

const presence = suite('Presence');

presence('puts no loss on record that is over in time, but counts it in the next', async () => {
  await using work = await openLiveWork();
  const { site, agent, clock } = work;
  for (let loss = 0; loss < 20; loss++) {
    await lose(work);
    assert.is(await stateOf(work), 'reconnecting');
    clock.advance(AWAY_MS - 1);
    await agent.link();
    assert.is(await stateOf(work), 'online');
  }
  assert.equal(await recordOf(site), ['endpoint.online']);
  const lostAt = new Date(clock.now()).toISOString();
  await lose(work);
  clock.advance(AWAY_MS);
  const offline = await entryThat(site, ({ leaf }) => leaf.k === 'endpoint.offline');
  const { reason } = openStored('endpoint.offline', offline);
  assert.match(reason, new RegExp(`^stream-lost, last seen ${lostAt}; shorter losses before: 20$`));
  assert.is(await stateOf(work), 'offline');
  await agent.link();
  assert.equal(await recordOf(site), ['endpoint.online', 'endpoint.offline', 'endpoint.online']);
});

presence(
  'puts what an endpoint says of itself on record when it changes, and not often',
  async () => {
    await using work = await openLiveWork();
    const { site, agent, clock } = work;
    clock.advance(AWAY_MS);
    for (let version = 1; version <= 20; version++) {
      await lose(work);
      await agent.link({ software: `fake/${version}` });
    }
    assert.is((await recordOf(site)).length, 2, 'the first change, at once');
    clock.advance(AWAY_MS);
    const last = await entryThat(site, (entry) => {
      if (entry.leaf.k !== 'endpoint.online') return false;
      return openStored('endpoint.online', entry).version === 'fake/20';
    });
    assert.is(last.index, site.appliance.desk.site.ledger.size - 1);
    assert.is((await recordOf(site)).length, 3, 'and the last, when it is time');
  },
);

presence('records nothing of an endpoint after its removal', async () => {
  await using work = await openLiveWork();
  const { site, agent, clock } = work;
  await using owner = await site.connect(site.owner);
  await owner.call('endpoint.remove', { endpoint: agent.identity.endpoint, reason: null });
  await agent.closed;
  const { ledger } = site.appliance.desk.site;
  const { size } = ledger;
  clock.advance(10 * AWAY_MS);
  await owner.call('site.status', {});
  assert.is(ledger.size, size);
  assert.equal(await recordOf(site), ['endpoint.online']);
});

presence.run();

const lastSeen = suite('readLastSeen()');

lastSeen('knows after a restart when an endpoint was there, until it is again', async () => {
  await using work = await openLiveWork();
  const { site, agent, clock } = work;
  const { endpoint } = agent.identity;
  clock.advance(30_000);
  await agent.say({ kind: 'heartbeat', host: FAKE_HOST });
  await work.client.call('site.status', {});
  const lostAtMs = clock.now();
  await lose(work);
  clock.advance(AWAY_MS);
  await entryThat(site, ({ leaf }) => leaf.k === 'endpoint.offline');
  await site.restart();
  assert.equal(await readLastSeen(site.appliance.desk.site), new Map([[endpoint, lostAtMs]]));
  await using client = await site.connect(site.technician);
  const { endpoints } = await client.call('endpoint.list', {});
  assert.equal(
    [endpoints[0]?.state, endpoints[0]?.lastSeen],
    ['offline', new Date(lostAtMs).toISOString()],
  );
  clock.advance(60_000);
  agent.pins = site.appliance.desk.pins();
  await agent.link();
  const now = await client.call('endpoint.list', {});
  assert.is(now.endpoints[0]?.lastSeen, new Date(clock.now()).toISOString());
});

lastSeen(
  'takes the coming when no going is on record, and nothing for one that never came',
  async () => {
    await using work = await openLiveWork();
    const { site, agent } = work;
    const online = await entryThat(site, ({ leaf }) => leaf.k === 'endpoint.online');
    await site.crash();
    const seen = await readLastSeen(site.appliance.desk.site);
    assert.equal(seen, new Map([[agent.identity.endpoint, Date.parse(online.leaf.t)]]));
  },
);

lastSeen('takes the last command that an endpoint ended when no going is on record', async () => {
  const script: Script = ({ fields }) => (fields.command === 'uptime' ? null : {});
  await using work = await openLiveWork({ script });
  const { site, agent, clock, session } = work;
  clock.advance(30_000);
  await session.run('whoami');
  const exited = await entryThat(site, ({ leaf }) => leaf.k === 'command.exited');
  clock.advance(30_000);
  void session.run('uptime');
  await agent.orders.take(({ fields }) => fields.command === 'uptime');
  await site.crash(); // which ends it on record, and by nobody's word but the appliance's
  const seen = await readLastSeen(site.appliance.desk.site);
  assert.equal(seen, new Map([[agent.identity.endpoint, Date.parse(exited.leaf.t)]]));
});

lastSeen.run();
