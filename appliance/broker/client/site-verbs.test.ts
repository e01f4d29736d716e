// What a client asks about the site, where the answer does not fit.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { refusalOf } from '#scripts/testing/live-session.ts';
import { createKeyed } from '#scripts/testing/live-site.ts';
import {
  change,
  openLiveWork,
  signPolicy,
  signRoster,
  WORK_RULES,
} from '#scripts/testing/live-work.ts';

const statements = suite('siteStatements()');

statements('says when the statements are more than one message, and the call goes on', async () => {
  await using work = await openLiveWork();
  const { site, client, clock } = work;
  const nowMs = clock.now();
  const programs = Array.from({ length: 60 }, (_, i) => `${'p'.repeat(120)}${i}`);
  const rules = Array.from({ length: 100 }, (_, i) => ({
    ...{ id: `rule-${i}`, effect: 'ask' as const, programs },
  }));
  await change(site, await signPolicy(site, { rules: { ...WORK_RULES, rules }, nowMs }));
  const { policy } = await client.call('site.statements', {});
  assert.ok(policy.statement.length > 500_000, 'it fits alone');
  const more = await Promise.all(
    Array.from({ length: 1000 }, async (_, i) => ({
      ...{ id: `technician-${i}`, name: 'n'.repeat(128), role: 'technician' as const },
      key: (await createKeyed()).key,
    })),
  );
  await change(site, await signRoster(site, { nowMs, more }));
  assert.is(await refusalOf(client.call('site.statements', {})), 'answer-too-large');
  assert.is((await client.call('site.status', {})).rosterVersion, 2);
});

statements.run();
