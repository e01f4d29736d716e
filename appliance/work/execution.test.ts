import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { fieldsOf } from '#scripts/testing/live-session.ts';
import { openRun } from '#scripts/testing/live-work.ts';

const executing = suite('execute()');

executing(
  'execute() puts no words in the mouth of anybody when an endpoint says who stopped it',
  async () => {
    const { work, run, running } = await openRun();
    await using held = work;
    const { agent, site, session } = held;
    const problem = 'Stopped by Carla Client.';
    await agent.exit(run, { outcome: 'cancelled', exitCode: null, problem });
    assert.is((await running).stoppedBy, null);
    const [exited] = await fieldsOf(site, session.id, 'command.exited');
    assert.equal(
      [exited?.outcome, exited?.problem],
      [
        'cancelled',
        `The endpoint stopped it: nobody had asked for that. The endpoint says: ${problem}`,
      ],
    );
  },
);

executing('execute() names who stopped it before what the endpoint says of that', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  await using approver = await site.connect(site.approver);
  const closing = approver.call('session.close', { session: session.id, note: null, ticket: null });
  await agent.hear('cancel');
  const problem = 'It ended at once. Stopped by Olga Owner.';
  await agent.exit(run, { outcome: 'cancelled', exitCode: null, problem });
  await closing;
  await running;
  const [exited] = await fieldsOf(site, session.id, 'command.exited');
  assert.is(exited?.problem, `Stopped by Carla Client. The endpoint says: ${problem}`);
});

executing('execute() calls what the endpoint says of a plain end its own words', async () => {
  const { work, run, running } = await openRun();
  await using held = work;
  const { agent, site, session } = held;
  await agent.exit(run, { problem: 'The client said yes.' });
  await running;
  const [exited] = await fieldsOf(site, session.id, 'command.exited');
  assert.is(exited?.problem, 'The endpoint says: The client said yes.');
});

executing.run();
