// What governs a site, as its page follows it: over a real appliance, asked as a link asks.

import '#scripts/testing/svelte-module.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ClientError } from '#appliance/protocol/client.ts';
import { createKeyed, openLiveSite } from '#scripts/testing/live-site.ts';
import {
  approverOf,
  change,
  signAuthority,
  signLevel,
  signPolicy,
  WORK_RULES,
} from '#scripts/testing/live-work.ts';
import type { SiteLink } from '#ui/lib/site.ts';

const { SiteRulesState } = await import('./site-rules.svelte.ts');

const state = suite('SiteRulesState');

state('takes up what changed, tells each entry once, and says a refusal in words', async () => {
  await using site = await openLiveSite();
  await using client = await site.connect(site.reviewer);
  const fails: Error[] = [];
  const call: SiteLink['call'] = (verb, parameters, options) => {
    const failure = fails.shift();
    return failure === undefined ? client.call(verb, parameters, options) : Promise.reject(failure);
  };
  const told: string[] = [];
  using rules = new SiteRulesState({
    link: { call },
    origin: site.appliance.desk.site.ledger.origin,
    keeper: { pinned: () => Promise.resolve({ rootKeys: site.root.key, rosterVersion: 1 }) },
    now: Date.now,
    onEntry: ({ leaf }) => told.push(leaf.k),
  });
  assert.is(rules.current, null);
  fails.push(new ClientError('stream-lost', 'gone'));
  await rules.look();
  await rules.look();
  const first = ['authority.changed', 'policy.changed', 'roster.changed', 'site.claimed'];
  assert.equal([...told].sort(), first);
  await change(site, await signPolicy(site, { rules: WORK_RULES, version: 2 }));
  await rules.look();
  assert.equal(told.slice(4), ['policy.changed']);
  assert.is(rules.indices.length, 5);
  const { current } = rules;
  assert.is(current?.policy?.kind === 'holds' && current.policy.statement.version, 2);
  fails.push(new ClientError('not-allowed', 'no'));
  await rules.look();
  assert.match(rules.problem ?? '', 'role');
  assert.is(rules.current, current, 'what was known stays in sight');
});

state('looks up the list of approvers by which a choice was made', async () => {
  await using site = await openLiveSite();
  await using client = await site.connect(site.reviewer);
  await change(site, await signLevel(site, { level: 'sealed' }));
  const approvers = [approverOf('dora', await createKeyed())];
  await change(site, await signAuthority(site, { approvers }));
  const told: number[] = [];
  using rules = new SiteRulesState({
    link: { call: (verb, parameters, options) => client.call(verb, parameters, options) },
    origin: site.appliance.desk.site.ledger.origin,
    keeper: { pinned: () => Promise.resolve({ rootKeys: site.root.key, rosterVersion: 1 }) },
    now: Date.now,
    onEntry: ({ leaf }) => told.push(leaf.i),
  });
  await rules.look();
  assert.is(rules.problem, null);
  assert.is(rules.current?.digest?.kind, 'holds');
  assert.equal(told.sort(), [1, 2, 3, 4, 5, 6], 'the list of then is to be proved, too');
});

state.run();
