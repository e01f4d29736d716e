// What a client hears of its command besides the record: that the endpoint went away, and who stopped it.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { fieldsOf, waitingRequest } from '#scripts/testing/live-session.ts';
import { openLiveWork, openRun } from '#scripts/testing/live-work.ts';
import type { ClientEvent } from '../../protocol/client-message.ts';
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
