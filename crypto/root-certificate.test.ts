// Root certificates: what a trusted root certified counts as one, and nothing else ever does. The site pins `root`;
// the organisation's roots are Bob's key and Dave's.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { justAfter, makeOrder, orderTrustOf } from '#scripts/testing/order-story.ts';
import { refusalOf } from '#scripts/testing/refusal.ts';
import { createPeople, type Person } from '#scripts/testing/story-people.ts';
import { STORY_ORIGIN } from '#scripts/testing/story-site.ts';
import { basics, rosterOf, STORY_START_MS } from '#scripts/testing/story-statements.ts';

import { formatRootSet } from './root-set.ts';
import {
  checkRootSigner,
  formatRootCertificate,
  parseRootCertificate,
  trustedRoots,
} from './root-certificate.ts';
import { type RootedAt, verifyRoster } from './roster.ts';
import {
  encodeStatement,
  type Envelope,
  MAX_CERTIFICATES,
  signStatement,
  type StatementOf,
  statementSigner,
} from './statement.ts';
import { checkWorkOrder } from './work-order.ts';

const people = await createPeople();
const { root, bob, dave, carol, mallory } = people;
const organisation = formatRootSet([bob.key, dave.key]);
const at: RootedAt = { log: STORY_ORIGIN, root: root.key, seen: null, atMs: STORY_START_MS };
const DAY_MS = 86_400_000;
const isoAt = (ms: number): string => new Date(ms).toISOString();

/** Signs that whoever pins `by` also takes rosters by `keys`. */
function certify(
  by: Person,
  keys: string,
  { over = {}, signer = by.signer }: { over?: object; signer?: Person['signer'] } = {},
): Promise<Envelope> {
  const statement: StatementOf<'root'> = { ...basics(by), type: 'root', keys, ...over };
  return signStatement(statement, statementSigner(signer));
}

function rosterBy(by: Person, roots?: Envelope[]): Promise<Envelope> {
  const over = { by: by.key, ...(roots === undefined ? {} : { roots }) };
  return rosterOf(people, { over, signer: by.signer });
}

/** What becomes of a roster by Bob that brings these certificates along. */
async function becomes(roots: Envelope[], atMs = STORY_START_MS): Promise<string> {
  return refusalOf(async () => verifyRoster(await rosterBy(bob, roots), { ...at, atMs }));
}

const honest = await certify(root, organisation);

const verify = suite('verifyRoster()');

verify(
  'verifyRoster() takes a roster by a certified root, and by each key of its set',
  async () => {
    for (const by of [bob, dave]) {
      const { statement } = await verifyRoster(await rosterBy(by, [honest]), at);
      assert.is(statement.by, by.key);
    }
    assert.is(
      await refusalOf(async () => verifyRoster(await rosterBy(root, [honest]), at)),
      'accepted',
    );
  },
);

verify('verifyRoster() refuses a root that nobody certified', async () => {
  assert.is(await refusalOf(async () => verifyRoster(await rosterBy(bob), at)), 'not-authorised');
  assert.is(
    await refusalOf(async () => verifyRoster(await rosterBy(carol, [honest]), at)),
    'not-authorised',
  );
});

verify('verifyRoster() takes no certificate but a trusted root’s own', async () => {
  const attacks: Readonly<Record<string, readonly [Envelope[], string]>> = {
    'by a stranger': [[await certify(mallory, organisation)], 'not-authorised'],
    'by a member who is no root': [[await certify(people.alice, organisation)], 'not-authorised'],
    'by the root that it certifies': [[await certify(bob, organisation)], 'not-authorised'],
    'by two that certify each other': [
      [await certify(bob, dave.key), await certify(dave, bob.key)],
      'not-authorised',
    ],
    'in the root’s name': [[await certify(root, organisation, mallory)], 'signature'],
    'of another set': [[await certify(root, carol.key)], 'not-authorised'],
    'another statement in its place': [
      [await rosterOf(people, { over: { members: [] } })],
      'wrong-kind',
    ],
    'a device in its place': [
      [
        await signStatement(
          { ...basics(root), type: 'device', peer: bob.key },
          statementSigner(root.signer),
        ),
      ],
      'wrong-kind',
    ],
  };
  for (const [name, [roots, expected]] of Object.entries(attacks)) {
    assert.is(await becomes(roots), expected, name);
  }
});

verify('verifyRoster() looks past what strangers certify, wherever it stands', async () => {
  const strange = await certify(mallory, organisation);
  assert.is(await becomes([strange, honest]), 'accepted');
  assert.is(await becomes([honest, strange]), 'accepted');
});

verify('verifyRoster() refuses a certificate of which any byte was changed', async () => {
  const { statement } = honest;
  for (let i = 0; i < statement.length; i += 7) {
    const other = statement[i] === 'A' ? 'B' : 'A';
    const mangled = {
      ...honest,
      statement: statement.slice(0, i) + other + statement.slice(i + 1),
    };
    assert.is.not(await becomes([mangled]), 'accepted', `character ${i}`);
  }
});

verify('verifyRoster() counts a certificate only while it is in force', async () => {
  const year = { not_before: isoAt(STORY_START_MS), expires: isoAt(STORY_START_MS + DAY_MS) };
  const roots = [await certify(root, organisation, { over: year })];
  assert.is(await becomes(roots, STORY_START_MS - 1), 'not-authorised');
  assert.is(await becomes(roots, STORY_START_MS), 'accepted');
  assert.is(await becomes(roots, STORY_START_MS + DAY_MS - 1), 'accepted');
  assert.is(await becomes(roots, STORY_START_MS + DAY_MS), 'not-authorised');
});

verify('verifyRoster() follows a chain, in any order, and no link that is missing', async () => {
  const first = await certify(root, carol.key);
  const second = await certify(carol, organisation);
  assert.is(await becomes([first, second]), 'accepted');
  assert.is(await becomes([second, first]), 'accepted');
  assert.is(await becomes([second]), 'not-authorised');
  const over = { expires: isoAt(STORY_START_MS - 1) };
  assert.is(await becomes([await certify(root, carol.key, { over }), second]), 'not-authorised');
});

verify('verifyRoster() never takes a certified root’s word for the client’s', async () => {
  const site = { ...at, root: people.authority.key };
  const byAuthority = await certify(people.authority, organisation);
  const envelope = await rosterBy(bob, [byAuthority]);
  assert.is(await refusalOf(() => verifyRoster(envelope, at)), 'not-authorised');
  assert.is(await refusalOf(() => verifyRoster(envelope, site)), 'accepted', 'as a roster’s root');
});

verify.run();

const roster = suite('a roster statement');

roster('a roster without certificates has the bytes that it always had', async () => {
  const { statement } = await verifyRoster(await rosterBy(root), at);
  assert.not('roots' in statement);
  assert.not(new TextDecoder().decode(encodeStatement({ ...statement })).includes('"roots"'));
});

roster(
  'a roster brings along one certificate at least, or says nothing, and eight at most',
  async () => {
    const code = (roots: Envelope[]) => refusalOf(() => rosterBy(bob, roots));
    assert.is(await code([]), 'statement');
    assert.is(await code(Array.from({ length: MAX_CERTIFICATES }, () => honest)), 'accepted');
    assert.is(await code(Array.from({ length: MAX_CERTIFICATES + 1 }, () => honest)), 'statement');
    assert.is(await code([{ ...honest, statement: 'A'.repeat(16_385) }]), 'statement');
  },
);

roster.run();

const trusted = suite('trustedRoots()');

trusted('trustedRoots() has the pinned keys and the certified ones, and no others', async () => {
  const certificates = [honest, await certify(mallory, mallory.key)];
  const keys = await trustedRoots({ root: root.key, certificates, atMs: STORY_START_MS });
  assert.equal([...keys].sort(), [root.key, bob.key, dave.key].sort());
});

trusted('trustedRoots() trusts nobody under a text that is no root set', async () => {
  const pinned = { root: ` ${root.key}`, certificates: [honest], atMs: STORY_START_MS };
  assert.is((await trustedRoots(pinned)).size, 0);
});

trusted('trustedRoots() refuses more than it is meant for, before it looks at any', async () => {
  const certificates = Array.from({ length: MAX_CERTIFICATES + 1 }, () => honest);
  const code = refusalOf(() =>
    trustedRoots({ root: root.key, certificates, atMs: STORY_START_MS }),
  );
  assert.is(await code, 'statement');
});

trusted.run();

const signer = suite('checkRootSigner()');

signer('checkRootSigner() takes a pinned key without a look at certificates', async () => {
  const broken = { ...honest, statement: 'AAAA' };
  const by = (key: string) =>
    refusalOf(() => checkRootSigner({ type: 'roster', by: key, roots: [broken] }, { ...at }));
  assert.is(await by(root.key), 'accepted');
  assert.is(await by(bob.key), 'statement');
});

signer.run();

const order = suite('checkWorkOrder()');

order(
  'checkWorkOrder() takes a certified root’s roster, and refuses one by a stranger’s word',
  async () => {
    const byRoster = async (make: (them: typeof people) => Promise<Envelope>): Promise<string> => {
      const { site, ...made } = await makeOrder();
      const work = { ...made.order, roster: await make(site.people) };
      const now = justAfter(made.started);
      return refusalOf(() => checkWorkOrder(work, orderTrustOf(site), now));
    };
    const signedBy = async (them: typeof people, certifier: Person): Promise<Envelope> => {
      const roots = [await certify(certifier, them.bob.key)];
      return rosterOf(them, { over: { by: them.bob.key, roots }, signer: them.bob.signer });
    };
    assert.is(await byRoster((them) => signedBy(them, them.root)), 'accepted');
    assert.is(await byRoster((them) => signedBy(them, them.mallory)), 'not-authorised');
  },
);

order.run();

const text = suite('parseRootCertificate()');

text('parseRootCertificate() gives back what formatRootCertificate() wrote', () => {
  const { envelope, statement } = parseRootCertificate(`  ${formatRootCertificate(honest)}\n`);
  assert.equal(envelope, honest);
  assert.is(statement.keys, organisation);
});

text('parseRootCertificate() refuses every other text', async () => {
  const line = formatRootCertificate(honest);
  const device = await signStatement(
    { ...basics(root), type: 'device', peer: bob.key },
    statementSigner(root.signer),
  );
  for (const bad of [
    '',
    line.slice(1),
    line.slice(0, -4),
    `${line}!`,
    line.replace('root1', 'root2'),
    'caisey-root1.',
    formatRootCertificate(device),
    `caisey-root1.${'A'.repeat(70_000)}`,
  ]) {
    assert.is(await refusalOf(() => parseRootCertificate(bad)), 'statement', bad.slice(0, 40));
  }
});

text.run();
