// Sessions that are tied to their client, at a live site: what becomes of them when that goes away.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { Client } from '../protocol/client.ts';
import {
  decide,
  entryThat,
  faultsOf,
  fieldsOf,
  kindsOf,
  LiveSession,
  signLiveOpening,
  waitingRequest,
} from '#scripts/testing/live-session.ts';
import { type LiveWork, openLiveWork } from '#scripts/testing/live-work.ts';
import type { StoredEntry } from '../ledger/ledger.ts';
import { CLIENT_AWAY_MS } from './session.ts';

const tie = suite('Sessions.tie()');

tie('withdraws what waits and closes the session when its client is gone', async () => {
  await using work = await openLiveWork();
  const { session, leave } = await openTied(work);
  const waiting = session.run('reboot');
  await waitingRequest(work.site);
  await leave();
  work.clock.advance(CLIENT_AWAY_MS);
  await closedOf(work, session);
  await waiting.catch(() => undefined); // its client is the one that left
  const [withdrawn] = await fieldsOf(work.site, session.id, 'approval.withdrawn');
  assert.equal(withdrawn, { by: 'appliance', reason: 'The program that asked has gone.' });
  const [closed] = await fieldsOf(work.site, session.id, 'session.closed');
  assert.equal([closed?.by, closed?.reason], ['appliance', 'client-gone']);
  assert.equal(await faultsOf(work.site, session.id), []);
});

tie('waits for what runs, and asks nobody for what has not begun', async () => {
  await using work = await openLiveWork({
    script: ({ fields }) => (fields.command === 'uptime' ? null : {}),
  });
  const { session, leave } = await openTied(work);
  session.run('reboot', { before: 'uptime' }).catch(() => undefined);
  const { run } = await work.agent.orders.take();
  await leave();
  work.clock.advance(CLIENT_AWAY_MS);
  await work.client.call('site.status', {});
  assert.ok(work.site.appliance.desk.sessions.open.some(({ id }) => id === session.id));
  await work.agent.exit(run, { exitCode: 0 });
  await closedOf(work, session);
  assert.equal(await kindsOf(work.site, session.id), [
    'session.opened',
    'command.started',
    'state.captured',
    'command.exited',
    'command.refused',
    'session.closed',
  ]);
  assert.equal(await faultsOf(work.site, session.id), []);
});

tie('leaves a session alone that is tied to nobody', async () => {
  await using work = await openLiveWork();
  const client = await work.site.connect(work.site.technician);
  const session = await work.openSession(client);
  const waiting = session.run('reboot');
  const request = await waitingRequest(work.site);
  await client[Symbol.asyncDispose]();
  await waiting.catch(() => undefined); // its client is the one that left
  work.clock.advance(CLIENT_AWAY_MS);
  await decide(work.site, request, { nowMs: work.clock.now() });
  await entryThat(work.site, ({ leaf }) => leaf.k === 'command.exited');
  assert.ok(work.site.appliance.desk.sessions.open.some(({ id }) => id === session.id));
});

tie.run();

const retie = suite('Sessions.retie()');

retie('goes on with a client that is back in time', async () => {
  await using work = await openLiveWork();
  const { session, leave } = await openTied(work);
  session.run('reboot').catch(() => undefined);
  await waitingRequest(work.site);
  await leave();
  const back = new LiveSession({
    ...{ client: work.client, key: session.key, place: session.place },
    now: () => work.clock.now(),
  });
  assert.is((await back.run('uptime')).outcome, 'exited');
  work.clock.advance(CLIENT_AWAY_MS);
  await work.client.call('site.status', {});
  assert.is(work.site.appliance.desk.requests.waiting().length, 1);
  assert.is((await back.run('uptime')).outcome, 'exited', 'it is open still');
});

retie.run();

/** Opens a tied session by a client of its own. `leave` resolves when the appliance knows that it is gone. */
async function openTied({ site, identity, clock }: LiveWork): Promise<{
  session: LiveSession;
  leave: () => Promise<void>;
}> {
  const client: Client = await site.connect(site.technician);
  const { endpoint } = identity;
  const opening = await signLiveOpening(site, { endpoint, nowMs: clock.now() });
  await client.call('session.open', { ...opening.parameters, isTied: true });
  const place = {
    log: site.appliance.desk.site.ledger.origin,
    ...{ endpoint, session: opening.session },
  };
  const session = new LiveSession({ client, key: opening.key, place, now: () => clock.now() });
  const { clientLeft } = site.appliance.desk.sessions.find(opening.session);
  return {
    session,
    async leave() {
      const left = new Promise((resolve) => clientLeft?.addEventListener('abort', resolve));
      await client[Symbol.asyncDispose]();
      await left;
    },
  };
}

function closedOf({ site }: LiveWork, { id }: LiveSession): Promise<StoredEntry> {
  return entryThat(site, ({ leaf }) => leaf.k === 'session.closed' && leaf.s === id);
}
