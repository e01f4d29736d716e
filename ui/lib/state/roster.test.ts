// The roster's state with a keeper in memory, and a host that says what a test lets it say.

import '#scripts/testing/svelte-module.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { commonOf } from '#appliance/protocol/session-key.ts';
import { formatRootSet } from '#crypto/root-set.ts';
import {
  type Envelope,
  parseStatement,
  signStatement,
  statementSigner,
} from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { signRoster } from '#ui/lib/founding.ts';
import type { Pinned } from '#ui/lib/keeper.ts';

const { RosterState } = await import('./roster.svelte.ts');

const nowMs = Date.parse('2026-11-21T02:09:14Z');
const keyOf = async (fill: number) =>
  statementSigner(await importSigner(new Uint8Array(32).fill(fill)));
const owner = await keyOf(1);
const stranger = await keyOf(3);
const rootKeys = formatRootSet([owner.key]);
const member = { id: 'sarah', name: 'Sarah', role: 'owner', key: owner.key } as const;
const envelope = await signRoster(
  { msp: 'Acme IT', version: 4, members: [member] },
  { signer: owner, nowMs },
);
const tom = { id: 'tom', name: 'Tom', role: 'technician', key: stranger.key } as const;

function open(known?: Pinned) {
  const sent: Envelope[] = [];
  const kept: { pinned: Pinned | undefined } = { pinned: known };
  const roster = new RosterState({
    keeper: {
      pinned: () => Promise.resolve(kept.pinned),
      pin: (pinned) => Promise.resolve(void (kept.pinned = pinned)),
    },
    send(next) {
      sent.push(next);
      const { statement } = parseStatement(next);
      const version = statement.type === 'roster' ? statement.version : 0;
      const site = { siteId: 's', name: 'Berlin', outcome: { kind: 'offline' } };
      return Promise.resolve({ version, sites: [site] });
    },
    now: () => nowMs,
  });
  return { roster, sent, kept };
}

const signing = suite('RosterState.sign()');

signing('RosterState.sign() goes above what a site told, and from there on', async () => {
  const { roster, sent } = open({ rootKeys, rosterVersion: 4 });
  await roster.check({ rootKeys, envelope, toldVersion: 9 });
  assert.is((await roster.sign({ put: tom }, owner)).version, 10);
  assert.is((await roster.sign({ removeKey: tom.key }, owner)).version, 11);
  assert.is(sent.length, 2);
});

signing('RosterState.sign() sends the next version, and remembers it', async () => {
  const { roster, sent, kept } = open({ rootKeys, rosterVersion: 3 });
  await roster.check({ rootKeys, envelope });
  assert.is(kept.pinned?.rosterVersion, 4, 'what was seen is the floor from now on');
  const spread = await roster.sign({ put: tom }, owner);
  assert.equal(
    spread.sites.map(({ outcome }) => outcome.kind),
    ['offline'],
  );
  assert.is(sent.length, 1);
  assert.equal(roster.current?.statement.members, [member, tom]);
  assert.equal(kept.pinned, { rootKeys, rosterVersion: 5 });
});

signing('RosterState.sign() brings no site whose certificate does not hold', async () => {
  const { roster, sent } = open({ rootKeys, rosterVersion: 4 });
  await roster.check({ rootKeys, envelope });
  const common = commonOf(stranger, { nowMs, lifeMs: 86_400_000 });
  const real = await signStatement({ ...common, type: 'root', keys: rootKeys }, stranger);
  const signature = { alg: 'ed25519', signature: 'A'.repeat(86) } as const;
  const bring = { members: [tom], rosterVersion: 1 };
  const forged = { bring: { ...bring, certificate: { ...real, signature } } };
  const error = await roster.sign(forged, owner).then(() => 'signed', String);
  assert.match(error, 'bad signature');
  assert.is(sent.length, 0);
  await roster.sign({ bring: { ...bring, certificate: real } }, owner);
  assert.is(sent.length, 1);
});

signing('RosterState.sign() signs nothing on a roster that does not stand here', async () => {
  const otherRoot = { rootKeys: formatRootSet([stranger.key]), rosterVersion: 1 };
  for (const known of [undefined, otherRoot, { rootKeys, rosterVersion: 9 }]) {
    const { roster, sent } = open(known);
    await roster.check({ rootKeys, envelope });
    const said = await roster.sign({ put: tom }, owner).then(() => 'done', String);
    assert.match(said, /does not stand here/);
    assert.is(sent.length, 0);
    assert.equal(roster.current, null);
  }
});

signing('RosterState.sign() keeps to itself what a key outside the root signed', async () => {
  const { roster, sent } = open({ rootKeys, rosterVersion: 4 });
  await roster.check({ rootKeys, envelope });
  const said = await roster.sign({ put: tom }, stranger).then(() => 'done', String);
  assert.match(said, /not of the root/);
  assert.is(sent.length, 0);
  assert.is(roster.current?.statement.version, 4);
});

signing('RosterState.sign() keeps to itself what does not hold', async () => {
  const { roster, sent } = open({ rootKeys, rosterVersion: 4 });
  await roster.check({ rootKeys, envelope });
  const said = await roster
    .sign({ put: tom }, { ...stranger, key: owner.key })
    .then(String, String);
  assert.match(said, /does not hold/);
  assert.is(sent.length, 0);
});

/** The roster with a certificate by the root for another key, and with one by another root for this one. */
async function withCertificates() {
  const certify = (by: typeof owner, keys: string) => {
    const common = commonOf(by, { nowMs, lifeMs: 10 * 86_400_000 });
    return signStatement({ ...common, type: 'root', keys }, by);
  };
  const deputy = await keyOf(5);
  const forDeputy = await certify(owner, formatRootSet([deputy.key]));
  const bySite = await certify(await keyOf(6), rootKeys);
  const content = { msp: 'Acme IT', version: 5, members: [member], roots: [forDeputy, bySite] };
  return {
    deputy,
    forDeputy,
    bySite,
    carrying: await signRoster(content, { signer: owner, nowMs }),
  };
}

signing('RosterState.sign() takes out a certificate, and leaves the others', async () => {
  const { forDeputy, bySite, carrying } = await withCertificates();
  const { roster, sent } = open({ rootKeys, rosterVersion: 5 });
  await roster.check({ rootKeys, envelope: carrying });
  assert.is((await roster.sign({ takeOut: bySite.statement }, owner)).version, 6);
  assert.equal(roster.current?.statement.roots, [forDeputy]);
  assert.equal(roster.current?.statement.members, [member]);
  const again = await roster.sign({ takeOut: bySite.statement }, owner).then(() => 'done', String);
  assert.match(again, /in the roster no more/);
  await roster.sign({ takeOut: forDeputy.statement }, owner);
  assert.is(roster.current?.statement.roots, undefined);
  assert.is(sent.length, 2);
});

signing('RosterState.sign() takes no certificate from under the key that signs', async () => {
  const { deputy, forDeputy, bySite, carrying } = await withCertificates();
  const { roster, sent } = open({ rootKeys, rosterVersion: 5 });
  await roster.check({ rootKeys, envelope: carrying });
  let asked = 0;
  const signer: typeof deputy = {
    ...deputy,
    sign(challenge) {
      asked += 1;
      return deputy.sign(challenge);
    },
  };
  const said = await roster
    .sign({ takeOut: forDeputy.statement }, signer)
    .then(() => 'done', String);
  assert.match(said, /only by the certificate that would go/);
  assert.is(asked, 0, 'nobody was asked to sign');
  assert.is(sent.length, 0);
  assert.is(roster.current?.statement.version, 5);
  assert.is((await roster.sign({ takeOut: bySite.statement }, deputy)).version, 6);
});

const checking = suite('RosterState.check()');

checking('RosterState.check() is not startled by an answer of before its own change', async () => {
  const { roster, kept } = open({ rootKeys, rosterVersion: 4 });
  await roster.check({ rootKeys, envelope });
  await roster.sign({ put: tom }, owner);
  await roster.check({ rootKeys, envelope });
  assert.is(roster.current?.statement.version, 5);
  const reloaded = open(kept.pinned).roster;
  await reloaded.check({ rootKeys, envelope });
  assert.is(reloaded.standing?.kind, 'older', 'a page that begins with it is told');
});

checking.run();

signing.run();

const pinning = suite('RosterState.pin()');

pinning('RosterState.pin() trusts a root once a person has said so, and never before', async () => {
  const { roster, kept } = open();
  await roster.check({ rootKeys, envelope });
  assert.is(roster.standing?.kind, 'unpinned');
  assert.is(kept.pinned, undefined);
  await roster.pin();
  assert.ok(roster.current, 'it stands from now on');
  assert.equal(kept.pinned, { rootKeys, rosterVersion: 4 });
});

pinning.run();
