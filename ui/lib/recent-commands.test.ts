// What the command line offers of earlier sessions, of a real site.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { refusalOf } from '#scripts/testing/live-session.ts';
import { type LiveWork, openLiveWork } from '#scripts/testing/live-work.ts';
import { askRecentCommands, type RecentQuestion } from './recent-commands.ts';

const { signal } = new AbortController();

function questionOf({ site, identity }: LiveWork): RecentQuestion {
  const { origin } = site.appliance.desk.site.ledger;
  const { endpoint } = identity;
  return { origin, endpoint, technicianKey: site.technician.key, signal };
}

const recent = suite('askRecentCommands()');

recent("askRecentCommands() gives one's own commands of the machine, newest last", async () => {
  await using work = await openLiveWork();
  const { client, session } = work;
  const question = questionOf(work);
  assert.equal(await askRecentCommands(client, question), []);
  for (const command of ['uptime', 'df -h']) await session.run(command);
  await session.close();
  assert.equal(await askRecentCommands(client, question), ['uptime', 'df -h']);
  const others = { ...question, technicianKey: work.site.owner.key };
  assert.equal(await askRecentCommands(client, others), []);
  const elsewhere = { ...question, endpoint: 'A'.repeat(22) };
  assert.equal(await askRecentCommands(client, elsewhere), []);
});

recent('askRecentCommands() takes no entry of another log', async () => {
  await using work = await openLiveWork();
  await work.session.run('uptime');
  const question = { ...questionOf(work), origin: 'console.example/site/other/1' };
  assert.is(await refusalOf(askRecentCommands(work.client, question)), 'message-invalid');
});

recent.run();
