import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  justAfter,
  makeOrder,
  type OrderAttack,
  orderTrustOf,
} from '#scripts/testing/order-story.ts';
import { refusalOf } from '#scripts/testing/refusal.ts';
import { siteStory, workOrderOf } from '#scripts/testing/site-story.ts';
import { STORY_RULES } from '#scripts/testing/story-policy.ts';
import { foundSite, statementOf } from '#scripts/testing/story-site.ts';

import { parseBase64url } from './base64.ts';
import { signCheckpoint } from './checkpoint.ts';
import { FormatError } from './error.ts';
import { encodeJcs, parseJcs } from './json.ts';
import {
  checkOrderCheckpoint,
  checkWorkOrder,
  MAX_CLOCK_SKEW_MS,
  type OrderTrust,
  type WorkOrder,
  workOrderSchema,
} from './work-order.ts';

const honest = await makeOrder();
const trust = orderTrustOf(honest.site);
const { people } = honest.site;
const now = justAfter(honest.started);
const OTHER_ID = 'c2Vzc2lvbi0wMDAwMDAwMg';
const OTHER_HASH = 'A'.repeat(43);
const LONG_AGO = '2026-11-20T00:00:00.000Z';

function check(order: WorkOrder, over: Partial<OrderTrust> = {}): Promise<string> {
  return refusalOf(() => checkWorkOrder(order, { ...trust, ...over }, now));
}

/** The code with which the order of an attack is refused. */
async function attacked(attack: OrderAttack): Promise<string> {
  const { order, site, started } = await makeOrder(attack);
  return refusalOf(() => checkWorkOrder(order, orderTrustOf(site), justAfter(started)));
}

const order = suite('checkWorkOrder()');

order('checkWorkOrder() accepts a granted change, and says what holds', async () => {
  const checked = await checkWorkOrder(honest.order, trust, now);
  assert.is(checked.fields.command, 'nft add rule');
  assert.is(checked.index, honest.started.leaf.i);
  assert.equal(checked.authorised.approvedBy, ['carol']);
  assert.is(checked.authorised.technician.id, 'alice');
  assert.is(checked.authorised.judged, true);
  assert.is(checked.checkpoint.size, honest.site.log.size);
});

order('checkWorkOrder() accepts a command that policy allows, without anybody asked', async () => {
  const story = await siteStory();
  const allowed = await workOrderOf(story, story.read);
  const checked = await checkWorkOrder(allowed, orderTrustOf(story.site), justAfter(story.read));
  assert.equal(checked.authorised.approvedBy, []);
});

order('checkWorkOrder() refuses each broken link by its own code', async () => {
  const attacks: Readonly<Record<string, readonly [code: string, OrderAttack]>> = {
    'session by nobody of the roster': ['not-authorised', { open: { technician: people.mallory } }],
    'session by a reviewer': ['not-authorised', { open: { technician: people.rita } }],
    'session signed by another': ['signature', { open: { signer: people.mallory.signer } }],
    'session for another session': ['wrong-session', { open: { over: { session: OTHER_ID } } }],
    'session for another endpoint': ['wrong-endpoint', { open: { over: { endpoint: OTHER_ID } } }],
    'session for another log': ['wrong-log', { open: { over: { log: 'elsewhere' } } }],
    'session that is over': ['expired', { open: { over: { expires: LONG_AGO } } }],
    'session not begun': [
      'not-yet-valid',
      { open: { over: { not_before: '2027-01-01T00:00:00.000Z' } } },
    ],
    'session for another key': [
      'not-authorised',
      { open: { over: { delegate: people.mallory.key } } },
    ],
    'command by another key': [
      'not-authorised',
      { command: { signer: people.mallory.signer, over: { by: people.mallory.key } } },
    ],
    'command signed by another': ['signature', { command: { signer: people.mallory.signer } }],
    'command for another session': ['wrong-session', { command: { over: { session: OTHER_ID } } }],
    'command for another endpoint': [
      'wrong-endpoint',
      { command: { over: { endpoint: OTHER_ID } } },
    ],
    'command for another purpose': ['wrong-command', { start: { purpose: 'state-after' } }],
    'command that is over': ['expired', { command: { over: { expires: LONG_AGO } } }],
    'grant by nobody of the authority': ['not-authorised', { decide: { by: people.mallory } }],
    'grant by the technician': ['not-authorised', { decide: { by: people.alice } }],
    'grant signed by another': ['signature', { decide: { signer: people.mallory.signer } }],
    'grant of another request': ['wrong-command', { decide: { over: { request: OTHER_HASH } } }],
    'grant of another order': ['wrong-command', { decide: { over: { order: OTHER_HASH } } }],
    'grant of another command': ['wrong-command', { decide: { over: { command: OTHER_HASH } } }],
    'grant in another state': ['wrong-command', { decide: { over: { state: null } } }],
    'grant in another session': ['wrong-session', { decide: { over: { session: OTHER_ID } } }],
    'grant at another endpoint': ['wrong-endpoint', { decide: { over: { endpoint: OTHER_ID } } }],
    'grant for another log': ['wrong-log', { decide: { over: { log: 'elsewhere' } } }],
    'grant that is over': ['expired', { decide: { over: { expires: LONG_AGO } } }],
    'denial shown as a grant': [
      'wrong-command',
      { decide: { decision: 'deny', kind: 'approval.granted' } },
    ],
    'denial for a grant': ['wrong-kind', { decide: { decision: 'deny' } }],
    'no request': ['not-authorised', { change: (made) => (made.request = null) }],
    'no grant': ['not-authorised', { change: (made) => (made.grants = []) }],
    'one grant twice of two': [
      'not-authorised',
      {
        rules: { ...STORY_RULES, ask: { approvals: 2, expires_s: 60 } },
        change: (made) => made.grants.push(...made.grants),
      },
    ],
    'grant that the command does not cite': ['binding', { start: { grants: [] } }],
    'request that the command does not cite': [
      'binding',
      { start: { ref: { request: OTHER_HASH } } },
    ],
    'denied by policy': ['not-authorised', { command: { command: 'mkfs /dev/sda' } }],
    'request in place of a grant': [
      'wrong-kind',
      { change: (made) => (made.grants = made.request === null ? [] : [made.request]) },
    ],
    'grant in place of the command': [
      'wrong-kind',
      { change: (made) => (made.started = made.grants[0] ?? made.started) },
    ],
    'policy by the MSP': [
      'signature',
      { change: (made) => (made.policy = { ...made.policy, signature: made.roster.signature }) },
    ],
    'roster in place of the policy': [
      'wrong-kind',
      { change: (made) => (made.policy = made.roster) },
    ],
    'policy in place of the authority': [
      'wrong-kind',
      { change: (made) => (made.authority = made.policy) },
    ],
  };
  for (const [name, [code, attack]] of Object.entries(attacks)) {
    assert.is(await attacked(attack), code, name);
  }
});

order('checkWorkOrder() refuses another endpoint, roots, log key and clock', async () => {
  const { order: made } = honest;
  assert.is(await check(made), 'accepted');
  assert.is(await check(made, { endpoint: OTHER_ID }), 'wrong-endpoint');
  assert.is(await check(made, { mspRoot: people.mallory.key }), 'not-authorised');
  assert.is(await check(made, { authorityKey: people.root.key }), 'not-authorised');
  const stranger = await foundSite({ people: { ...people, appliance: people.mallory } });
  assert.is(await check(made, { logKey: stranger.log.key }), 'unknown-key');
  const elsewhere = await foundSite({ origin: 'console.example/site/other/1' });
  assert.is(await check(made, { logKey: elsewhere.log.key }), 'wrong-log');
  const skewed = (ms: number) => refusalOf(() => checkWorkOrder(made, trust, now - 1000 + ms));
  assert.is(await skewed(MAX_CLOCK_SKEW_MS), 'accepted');
  assert.is(await skewed(MAX_CLOCK_SKEW_MS + 1), 'expired');
  assert.is(await skewed(-MAX_CLOCK_SKEW_MS - 1), 'expired');
});

order(
  'checkWorkOrder() refuses versions behind those that were seen, and a second of one number',
  async () => {
    for (const name of ['roster', 'authority', 'policy'] as const) {
      const seen = (version: number) => ({
        seen: { ...trust.seen, [name]: { version, hash: OTHER_HASH } },
      });
      assert.is(await check(honest.order, seen(2)), 'rolled-back', name);
      assert.is(await check(honest.order, seen(1)), 'fork', name);
    }
  },
);

order(
  'checkWorkOrder() refuses an entry that is not in the log, and one that is hidden',
  async () => {
    const inclusion: NonNullable<OrderAttack['change']>[] = [
      (made) => made.started.proof.pop(),
      (made) => made.grants[0]?.proof.reverse(),
      (made) => (made.started.leaf = made.started.leaf.replace('"i":', '"i":1')),
      (made) => (made.started.leaf = made.started.leaf.replace('02:00', '02:01')),
    ];
    for (const change of inclusion) assert.is(await attacked({ change }), 'inclusion');
    for (const index of Array.from({ length: 9 }, (_, i) => i)) {
      const refusal = await attacked({
        change: (made) => made.started.disclosures.splice(index, 1),
      });
      assert.is(refusal, 'binding', `disclosure ${index}`);
    }
  },
);

order('checkWorkOrder() judges by labels and shows of a rule that it is not met', async () => {
  const rules = {
    ...STORY_RULES,
    rules: [{ id: 'till', effect: 'allow' as const, labels: ['frontdesk'], programs: ['nft'] }],
  };
  const made = await makeOrder({
    rules,
    change: (order) => Object.assign(order, { request: null, grants: [] }),
  });
  const labelled = (labels: string[]) => ({
    ...orderTrustOf(made.site),
    judgement: { judge: trust.judgement.judge, labels },
  });
  const at = justAfter(made.started);
  assert.is(
    await refusalOf(() => checkWorkOrder(made.order, labelled(['frontdesk']), at)),
    'accepted',
  );
  assert.is(await refusalOf(() => checkWorkOrder(made.order, labelled([]), at)), 'not-authorised');
});

order(
  'checkWorkOrder() never reads another meaning out of an order with one byte changed',
  async () => {
    const bytes = encodeJcs(honest.order);
    const meaning = JSON.stringify((await checkWorkOrder(honest.order, trust, now)).fields);
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bytes.length - 1),
        fc.integer({ min: 0, max: 7 }),
        async (at, bit) => {
          const mangled = bytes.slice();
          mangled[at] = (mangled[at] ?? 0) ^ (1 << bit);
          let parsed: WorkOrder;
          try {
            parsed = workOrderSchema.parse(parseJcs(mangled));
          } catch {
            return; // not an order any more
          }
          const fields: unknown[] = [];
          await refusalOf(async () =>
            fields.push((await checkWorkOrder(parsed, trust, now)).fields),
          );
          for (const read of fields) assert.is(JSON.stringify(read), meaning);
        },
      ),
      { numRuns: 400 },
    );
  },
);

order.run();

const checkpoint = suite('checkOrderCheckpoint()');

checkpoint('checkOrderCheckpoint() follows the log from what was seen to now', async () => {
  const { log } = honest.site;
  for (let size = 1; size <= log.size; size++) {
    const extended = await workOrderOf(honest, honest.started, { seen: size });
    const seenCheckpoint = { size, root: log.root(size) };
    const verified = await checkOrderCheckpoint(extended, { ...trust, seenCheckpoint });
    assert.is(verified.size, log.size);
  }
});

checkpoint('checkOrderCheckpoint() refuses a log that went back, or was rewritten', async () => {
  const { log } = honest.site;
  const size = log.size - 3;
  const made = await workOrderOf(honest, honest.started, { seen: size });
  const from = (seenCheckpoint: OrderTrust['seenCheckpoint'], of = made) =>
    refusalOf(() => checkOrderCheckpoint(of, { ...trust, seenCheckpoint }));
  assert.is(await from({ size, root: log.root(size) }), 'accepted');
  assert.is(await from({ size: log.size + 1, root: log.root() }), 'rolled-back');
  assert.is(await from({ size: size - 1, root: log.root(size - 1) }), 'consistency');
  assert.is(await from({ size, root: log.root(size - 1) }), 'fork');
  const { site } = await makeOrder(); // the same steps once more: other salts, so another history
  const rewritten = { ...made, checkpoint: await site.log.checkpoint() };
  assert.is(await from({ size, root: log.root(size) }, rewritten), 'fork');
  const wrong = { ...made, consistency: [OTHER_HASH, ...made.consistency.slice(1)] };
  assert.is(await from({ size, root: log.root(size) }, wrong), 'fork');
});

checkpoint('checkOrderCheckpoint() calls no fork what is no proof at all', async () => {
  const { log } = honest.site;
  const size = log.size - 3;
  const made = await workOrderOf(honest, honest.started, { seen: size });
  const seenCheckpoint = { size, root: log.root(size) };
  const { consistency } = made;
  const [first = '', ...rest] = consistency;
  for (const proof of [[], rest, [...consistency, first], [`${first.slice(0, -1)}!`, ...rest]]) {
    const claim = { ...made, consistency: proof };
    const error: unknown = await checkOrderCheckpoint(claim, { ...trust, seenCheckpoint }).catch(
      (cause: unknown) => cause,
    );
    assert.instance(error, FormatError, String(proof.length));
  }
});

checkpoint(
  'checkOrderCheckpoint() knows two signed roots of one size, whatever the proof',
  async () => {
    const { origin, size, signer } = honest.site.log;
    const seenCheckpoint = { size, root: parseBase64url(OTHER_HASH) };
    const note = await signCheckpoint({ origin, size, root: honest.site.log.root() }, signer);
    for (const claim of [
      { checkpoint: note, seen: size, consistency: [] },
      { checkpoint: note, seen: 3, consistency: [] },
      { checkpoint: note, seen: size, consistency: [OTHER_HASH] },
    ]) {
      const code = await refusalOf(() => checkOrderCheckpoint(claim, { ...trust, seenCheckpoint }));
      assert.is(code, 'fork');
    }
  },
);

checkpoint('checkOrderCheckpoint() refuses a checkpoint that the log did not sign', async () => {
  const forged = { ...honest.order, checkpoint: honest.order.checkpoint.replace('\n', '2\n') };
  assert.is(await refusalOf(() => checkOrderCheckpoint(forged, trust)), 'wrong-log');
  const grown = honest.order.checkpoint.replace(/\n(\d+)\n/, '\n9$1\n');
  const larger = { ...honest.order, checkpoint: grown };
  assert.is(await refusalOf(() => checkOrderCheckpoint(larger, trust)), 'signature');
});

checkpoint.run();

const schema = suite('workOrderSchema');

schema('workOrderSchema refuses what is no order', () => {
  const { order: made } = honest;
  assert.ok(workOrderSchema.safeParse(made).success);
  for (const change of [
    { more: 1 },
    { seen: -1 },
    { seen: 0.5 },
    { checkpoint: 'x'.repeat(16_385) },
    { grants: Array(6).fill(made.request) },
    { consistency: ['short'] },
    { session: statementOf(honest.site.roster).statement },
    { request: undefined },
  ]) {
    assert.not(
      workOrderSchema.safeParse({ ...made, ...change }).success,
      JSON.stringify(Object.keys(change)),
    );
  }
});

schema.run();
