// The rules of a real site, read as a page reads them, and what becomes of them when somebody else signed.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type CheckedEntry, checkShownEntry } from '#appliance/protocol/shown-entry.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import { createKeyed, type LiveSite, openLiveSite } from '#scripts/testing/live-site.ts';
import {
  approverOf,
  change,
  signAuthority,
  signLevel,
  signPolicy,
  signRoster,
  WORK_RULES,
  writeEntry,
} from '#scripts/testing/live-work.ts';
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
  {
    rosterVersion = 1,
    atMs = Date.now(),
    approversThen,
  }: { rosterVersion?: number; atMs?: number; approversThen?: CheckedEntry } = {},
): Promise<SiteRules> {
  const origin = site.appliance.desk.site.ledger.origin;
  return judgeRules(entries, {
    ...{ origin, atMs, ...(approversThen && { approversThen }) },
    pinned: { rootKeys: site.root.key, rosterVersion },
  });
}

type DigestFields = FieldsOf<'digest.changed'>;

/** What a taken appliance writes: a choice by whomever it likes, in the client's name. */
async function writeDigest(
  site: LiveSite,
  envelope: DigestFields['statement'],
  over: Partial<DigestFields> & { authority?: string } = {},
): Promise<void> {
  const { authority } = site.appliance.desk.site;
  const { authority: cited = authority.entry, ...fields } = over;
  const named = { level: 'open', approver: 'Carla Client', approver_id: 'carla' } as const;
  await writeEntry(site, {
    kind: 'digest.changed',
    ref: { authority: cited },
    fields: { ...named, method: 'pin', statement: envelope, ...fields },
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

rules('believes no rules at all where the site was claimed a second time', async () => {
  await using site = await openLiveSite();
  const thief = await createKeyed();
  await writeEntry(site, {
    kind: 'site.claimed',
    fields: {
      ...{ client: 'c', site: 's', msp: 'm' },
      ...{ msp_root: site.root.key, authority_key: thief.key },
    },
  });
  const impostor = { ...site, authority: thief };
  const statement = await signPolicy(impostor, { rules: WORK_RULES, version: 9 });
  await writeEntry(site, {
    kind: 'policy.changed',
    ref: { authority: site.appliance.desk.site.authority.entry },
    fields: { statement },
  });
  const { claim, authority, policy } = await judge(site, await entriesOf(site));
  assert.is(claim, null);
  for (const judged of [authority, policy]) {
    assert.match(judged?.kind === 'bad' ? judged.why : '', 'claimed a second time');
  }
});

rules(
  'believes a choice by an approver of the list that it cites, and by nobody else',
  async () => {
    await using site = await openLiveSite();
    const digestOf = async (): Promise<unknown> => {
      const { digest } = await judge(site, await entriesOf(site));
      return digest?.kind === 'holds' ? digest.statement.version : digest?.why;
    };
    await change(site, await signLevel(site, { level: 'sealed' }));
    assert.is(await digestOf(), 1);
    for (const as of [await createKeyed(), site.owner, site.authority]) {
      await writeDigest(site, await signLevel(site, { level: 'open', version: 7, as }));
      assert.match(String(await digestOf()), 'no approver');
    }
    const said = await signLevel(site, { level: 'open', version: 2 });
    for (const over of [{ approver: 'Mallory' }, { approver_id: 'olga' }, { level: 'sealed' }]) {
      await writeDigest(site, said, over as Partial<DigestFields>);
      assert.match(String(await digestOf()), 'not what was signed', JSON.stringify(over));
    }
    await writeDigest(site, said, { authority: 'A'.repeat(43) });
    assert.match(String(await digestOf()), 'list of approvers');
    await writeDigest(site, said);
    assert.is(await digestOf(), 2);
  },
);

rules(
  'judges a choice by the list of its time, not by that of an approver struck off',
  async () => {
    await using site = await openLiveSite();
    await change(site, await signLevel(site, { level: 'sealed' }));
    const first = (await entriesOf(site))['authority.changed'];
    const dora = await createKeyed();
    await change(site, await signAuthority(site, { approvers: [approverOf('dora', dora)] }));
    const entries = await entriesOf(site);
    const kept = first && { approversThen: first };
    assert.is((await judge(site, entries, kept)).digest?.kind, 'holds');
    assert.is((await judge(site, entries)).digest?.kind, 'bad', 'its list was not shown');
    const late = await signLevel(site, { level: 'open', version: 2 });
    await writeDigest(site, late, { authority: first?.name ?? '' });
    const { digest } = await judge(site, await entriesOf(site), kept);
    assert.match(digest?.kind === 'bad' ? digest.why : '', 'no longer in force');
  },
);

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
