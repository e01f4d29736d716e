import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { refusalOf } from '#scripts/testing/refusal.ts';
import { createPeople, type Person } from '#scripts/testing/story-people.ts';
import { STORY_ORIGIN } from '#scripts/testing/story-site.ts';
import {
  authorityOf,
  basics,
  policyOf,
  rosterOf,
  STORY_START_MS,
} from '#scripts/testing/story-statements.ts';

import { formatVerifierKey, verifierKey } from './key.ts';
import { formatRootSet } from './root-set.ts';
import {
  approverByKey,
  memberByKey,
  type RootedAt,
  verifyAuthority,
  verifyDigest,
  verifyPolicy,
  verifyRoster,
  verifySite,
} from './roster.ts';
import { type Envelope, signStatement, type StatementOf, statementSigner } from './statement.ts';
import type { Signer } from './webcrypto.ts';

const people = await createPeople();
const { root, authority, mallory } = people;
const at: RootedAt = { log: STORY_ORIGIN, root: root.key, seen: null, atMs: STORY_START_MS };
const site: RootedAt = { ...at, root: authority.key };
const roster = await verifyRoster(await rosterOf(people), at);

const SITE = 'c2l0ZS0wMDAwMDAwMDAwMQ';

/** Signs which keys a site has. */
function siteOf({
  over = {},
  signer = root.signer,
}: { over?: Partial<StatementOf<'site'>>; signer?: Signer } = {}): Promise<Envelope> {
  const log = verifierKey(STORY_ORIGIN, 0x01, people.dave.signer.publicKey);
  return signStatement(
    {
      ...{ ...basics(root), type: 'site', site: SITE, version: 1 },
      ...{ appliance: people.carol.key, log_key: formatVerifierKey(log), ...over },
    },
    statementSigner(signer),
  );
}

/** The same attacks on each of the rooted statements. */
interface Case {
  readonly verify: (envelope: Envelope, rooted: RootedAt) => Promise<{ hash: string }>;
  readonly rooted: RootedAt;
  readonly make: (over?: { version: number }) => Promise<Envelope>;
  readonly forged: Envelope;
  readonly usurped: Envelope;
}

const cases: Readonly<Record<`verify${'Roster' | 'Site' | 'Authority' | 'Policy'}`, Case>> = {
  verifySite: {
    verify: (envelope, rooted) => verifySite(envelope, { ...rooted, site: SITE }),
    rooted: at,
    make: (over) => siteOf({ over: { ...over } }),
    forged: await siteOf({ signer: mallory.signer }),
    usurped: await siteOf({ over: { by: mallory.key }, signer: mallory.signer }),
  },
  verifyRoster: {
    verify: verifyRoster,
    rooted: at,
    make: (over) => rosterOf(people, { over: { ...over } }),
    forged: await rosterOf(people, { signer: mallory.signer }),
    usurped: await rosterOf(people, { over: { by: mallory.key }, signer: mallory.signer }),
  },
  verifyAuthority: {
    verify: verifyAuthority,
    rooted: site,
    make: (over) => authorityOf(people, STORY_ORIGIN, { over: { ...over } }),
    forged: await authorityOf(people, STORY_ORIGIN, { signer: root.signer }),
    usurped: await authorityOf(people, STORY_ORIGIN, {
      over: { by: root.key },
      signer: root.signer,
    }),
  },
  verifyPolicy: {
    verify: verifyPolicy,
    rooted: site,
    make: (over) => policyOf(people, { origin: STORY_ORIGIN, over: { ...over } }),
    forged: await policyOf(people, { origin: STORY_ORIGIN, signer: root.signer }),
    usurped: await policyOf(people, {
      origin: STORY_ORIGIN,
      over: { by: root.key },
      signer: root.signer,
    }),
  },
};

for (const [name, { verify, rooted, make, forged, usurped }] of Object.entries(cases)) {
  const verifies = suite(`${name}()`);

  verifies(`${name}() takes the pinned root's word alone`, async () => {
    assert.is(await refusalOf(async () => verify(await make(), rooted)), 'accepted');
    assert.is(await refusalOf(() => verify(forged, rooted)), 'signature');
    assert.is(await refusalOf(() => verify(usurped, rooted)), 'not-authorised');
    const others = { ...rooted, root: mallory.key };
    assert.is(await refusalOf(async () => verify(await make(), others)), 'not-authorised');
  });

  verifies(
    `${name}() never goes back to an older version, nor to a second of one number`,
    async () => {
      const second = await verify(await make({ version: 2 }), rooted);
      const seen = { version: 2, hash: second.hash };
      const after = (version: number, hash = seen.hash) =>
        refusalOf(async () =>
          verify(await make({ version }), { ...rooted, seen: { version: 2, hash } }),
        );
      assert.is(await after(1), 'rolled-back');
      assert.is(await after(2), 'accepted');
      assert.is(await after(2, 'A'.repeat(43)), 'fork');
      assert.is(await after(3), 'accepted');
    },
  );

  verifies(`${name}() refuses what is not in force`, async () => {
    const then = (atMs: number) => refusalOf(async () => verify(await make(), { ...rooted, atMs }));
    assert.is(await then(STORY_START_MS - 2 * 86_400_000), 'not-yet-valid');
    assert.is(await then(STORY_START_MS + 366 * 86_400_000), 'expired');
  });

  verifies.run();
}

const keysOfSite = suite('verifySite()');

keysOfSite('verifySite() takes the word on another site, and a roster, for nothing', async () => {
  const of = (envelope: Envelope, seen: RootedAt['seen'] = null) =>
    refusalOf(() => verifySite(envelope, { ...at, site: SITE, seen }));
  const other = await siteOf({ over: { site: 'c2l0ZS0wMDAwMDAwMDAwMg', version: 9 } });
  assert.is(await of(other), 'binding');
  assert.is(await of(other, { version: 10, hash: 'A'.repeat(43) }), 'binding');
  assert.is(await of(await rosterOf(people)), 'wrong-kind');
});

keysOfSite(
  'verifySite() takes a key that the root certified, by what it brings along',
  async () => {
    const certify = (keys: string, by = root) =>
      signStatement({ ...basics(by), type: 'root', keys }, statementSigner(by.signer));
    const { bob } = people;
    const byBob = async (roots?: Envelope[]): Promise<string> => {
      const over = { by: bob.key, ...(roots === undefined ? {} : { roots }) };
      const envelope = await siteOf({ over, signer: bob.signer });
      return refusalOf(() => verifySite(envelope, { ...at, site: SITE }));
    };
    assert.is(await byBob(), 'not-authorised');
    assert.is(await byBob([await certify(bob.key)]), 'accepted');
    assert.is(await byBob([await certify(mallory.key)]), 'not-authorised');
    assert.is(await byBob([await certify(bob.key, mallory)]), 'not-authorised');
  },
);

keysOfSite.run();

const member = suite('memberByKey()');

member('memberByKey() finds a member by key, and nobody by another', async () => {
  assert.is(memberByKey(roster.statement, people.alice.key).id, 'alice');
  const refusal = await refusalOf(() => memberByKey(roster.statement, mallory.key));
  assert.is(refusal, 'not-authorised');
});

member.run();

const approver = suite('approverByKey()');

approver('approverByKey() finds an approver by key, and nobody by another', async () => {
  const signed = await verifyAuthority(await authorityOf(people, STORY_ORIGIN), site);
  assert.is(approverByKey(signed.statement, people.carol.key).id, 'carol');
  const refusal = await refusalOf(() => approverByKey(signed.statement, people.alice.key));
  assert.is(refusal, 'not-authorised');
});

approver.run();

const digest = suite('verifyDigest()');

digest(
  "verifyDigest() takes an approver's word alone, and of versions only the next one",
  async () => {
    const { statement } = await verifyAuthority(await authorityOf(people, STORY_ORIGIN), site);
    const make = (over: Partial<StatementOf<'digest'>> = {}, by: Person = people.carol) =>
      signStatement(
        {
          ...{ v: 1, type: 'digest', log: STORY_ORIGIN, version: 1, level: 'sealed', by: by.key },
          not_before: '2026-11-20T00:00:00.000Z',
          ...{ expires: '2026-11-30T00:00:00.000Z', nonce: 'c2Vzc2lvbi0wMDAwMDAwMQ', ...over },
        },
        statementSigner(by.signer),
      );
    const refusal = (envelope: Envelope, seen: RootedAt['seen'] = null, atMs = STORY_START_MS) =>
      refusalOf(() =>
        verifyDigest(envelope, { log: STORY_ORIGIN, authority: statement, seen, atMs }),
      );
    const said = await make();
    assert.is(await refusal(said), 'accepted');
    for (const by of [people.alice, root, authority, mallory]) {
      assert.is(await refusal(await make({}, by)), 'not-authorised', by.name);
    }
    assert.is(await refusal(await make({ by: people.dave.key })), 'signature');
    assert.is(await refusal(await make({ log: 'console.example/site/other/1' })), 'wrong-log');
    assert.is(await refusal(said, null, STORY_START_MS + 30 * 86_400_000), 'expired');
    assert.is(await refusal(said, { version: 3, hash: 'A'.repeat(43) }), 'rolled-back');
    assert.is(await refusal(said, { version: 1, hash: 'A'.repeat(43) }), 'fork');
    for (const version of [2, 3, Number.MAX_SAFE_INTEGER]) {
      assert.is(await refusal(await make({ version })), 'skipped', `${version} as the first`);
    }
    const seen = { version: 4, hash: 'A'.repeat(43) };
    const after = async (version: number) => refusal(await make({ version }), seen);
    assert.equal([await after(5), await after(6)], ['accepted', 'skipped']);
    assert.is(await after(Number.MAX_SAFE_INTEGER), 'skipped');
    const policy = await policyOf(people, { origin: STORY_ORIGIN });
    assert.is(await refusal(policy), 'wrong-kind');
  },
);

digest.run();

const rootSet = suite('a root set');

rootSet(
  'verifyRoster() takes a roster by any key of the root set, and by none outside it',
  async () => {
    const recovery = people.dave;
    const set = { ...at, root: formatRootSet([root.key, recovery.key]) };
    const signings = [
      [root, 'accepted'],
      [recovery, 'accepted'],
      [mallory, 'not-authorised'],
    ] as const;
    for (const [{ key, signer }, expected] of signings) {
      const envelope = await rosterOf(people, { over: { by: key }, signer });
      assert.is(await refusalOf(() => verifyRoster(envelope, set)), expected);
    }
  },
);

rootSet('verifyAuthority() and verifyPolicy() take no set: the client has one key', async () => {
  const pinned = { ...site, root: formatRootSet([authority.key, mallory.key]) };
  const said = await authorityOf(people, STORY_ORIGIN, {});
  const policy = await policyOf(people, { origin: STORY_ORIGIN });
  assert.is(await refusalOf(() => verifyAuthority(said, pinned)), 'not-authorised');
  assert.is(await refusalOf(() => verifyPolicy(policy, pinned)), 'not-authorised');
});

rootSet.run();
