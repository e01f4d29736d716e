// The rules of a real site, read as a page reads them, and what becomes of them when somebody else signed.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type CheckedEntry, checkShownEntry } from '#appliance/protocol/shown-entry.ts';
import { createKeyed, type LiveSite, openLiveSite } from '#scripts/testing/live-site.ts';
import { change, signPolicy, signRoster, WORK_RULES } from '#scripts/testing/live-work.ts';
import { tellEntry } from '#scripts/testing/told-entry.ts';
import { judgeRules, RULING_KINDS, type RulingEntries, type SiteRules } from './site-rules.ts';

/** The newest entries as a member's client is shown them. */
async function entriesOf(site: LiveSite): Promise<RulingEntries> {
  await using client = await site.connect(site.owner);
  const found: [string, CheckedEntry][] = [];
  for (const kind of RULING_KINDS) {
    const { entries } = await client.call('log.entries', { kinds: [kind], limit: 1 });
    for (const shown of entries) found.push([kind, checkShownEntry(shown)]);
  }
  return Object.fromEntries(found);
}

/** Judges entries of a site as its owner's browser would. */
function judge(
  site: LiveSite,
  entries: RulingEntries,
  { rosterVersion = 1, atMs = Date.now() } = {},
): Promise<SiteRules> {
  const origin = site.appliance.desk.site.ledger.origin;
  return judgeRules(entries, {
    ...{ origin, atMs },
    pinned: { rootKeys: site.root.key, rosterVersion },
  });
}

const rules = suite('judgeRules()');

rules('says what is in force, and from which entry on', async () => {
  await using site = await openLiveSite();
  await change(site, await signPolicy(site, { rules: WORK_RULES, version: 2 }));
  const { claim, roster, authority, policy, digest } = await judge(site, await entriesOf(site));
  assert.is(claim?.authorityKey, site.authority.key);
  assert.is(roster?.standing.kind, 'stands');
  assert.is(authority?.kind === 'holds' && authority.statement.approvers[0]?.name, 'Carla Client');
  assert.equal(policy?.kind === 'holds' && [policy.statement.version, policy.isOver], [2, false]);
  assert.is(digest, null);
});

rules('believes a policy by no other key than the one that the site was claimed with', async () => {
  await using site = await openLiveSite();
  const impostor = { ...site, authority: await createKeyed() };
  const statement = await signPolicy(impostor, { rules: WORK_RULES, version: 9 });
  const ref = { authority: 'A'.repeat(43) };
  const forged = checkShownEntry(tellEntry('policy.changed', { statement }, { index: 9, ref }));
  const entries = { ...(await entriesOf(site)), 'policy.changed': forged };
  const { policy } = await judge(site, entries);
  assert.is(policy?.kind, 'bad');
  const { 'site.claimed': _, ...unclaimed } = await entriesOf(site);
  assert.is((await judge(site, unclaimed)).policy?.kind, 'bad', 'by whom it may be is not known');
});

rules('keeps one whose time is over in sight, and says so', async () => {
  await using site = await openLiveSite();
  const later = { atMs: Date.now() + 100 * 365 * 86_400_000 };
  const { policy, roster } = await judge(site, await entriesOf(site), later);
  assert.is(policy?.kind === 'holds' && policy.isOver, true);
  assert.is(roster?.standing.kind === 'stands' && roster.standing.life, 'over');
});

rules('knows a roster that is behind, one of another root, and one that is withheld', async () => {
  await using site = await openLiveSite();
  const entries = await entriesOf(site);
  const behind = await judge(site, entries, { rosterVersion: 5 });
  assert.equal(behind.roster?.standing, { kind: 'older', version: 1, seen: 5 });
  const statement = await signRoster({ ...site, root: await createKeyed() });
  const forged = checkShownEntry(tellEntry('roster.changed', { statement }, { index: 9 }));
  const ofOther = await judge(site, { ...entries, 'roster.changed': forged });
  assert.is(ofOther.roster?.standing.kind, 'bad');
  const shown = tellEntry('roster.changed', { statement }, { index: 9 });
  const withheld = checkShownEntry({ ...shown, disclosures: null });
  const erased = await judge(site, { ...entries, 'roster.changed': withheld });
  assert.is(erased.roster?.standing.kind, 'bad');
});

rules('says nothing of what the log does not have, or of a browser without a root', async () => {
  await using site = await openLiveSite();
  const none = await judge(site, {});
  assert.equal(none, { claim: null, roster: null, authority: null, policy: null, digest: null });
  const { origin } = site.appliance.desk.site.ledger;
  const at = { origin, pinned: undefined, atMs: Date.now() };
  const { roster } = await judgeRules(await entriesOf(site), at);
  assert.match(roster?.standing.kind === 'bad' ? roster.standing.why : '', 'root');
});

rules.run();
