import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { commonOf } from '#appliance/protocol/session-key.ts';
import { formatRootSet, rootCode } from '#crypto/root-set.ts';
import { signStatement, statementSigner } from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { nextRoster, ROSTER_LIFE_MS, signRoster } from './founding.ts';
import { judgeRoster, RENEW_BEFORE_MS } from './roster-standing.ts';

const nowMs = Date.parse('2026-11-21T02:09:14Z');
const keyOf = async (fill: number) =>
  statementSigner(await importSigner(new Uint8Array(32).fill(fill)));
const owner = await keyOf(1);
const recovery = await keyOf(2);
const stranger = await keyOf(3);
const rootKeys = formatRootSet([owner.key, recovery.key]);
const member = { id: 'sarah', name: 'Sarah', role: 'owner', key: owner.key } as const;
const envelope = await signRoster(
  { msp: 'Acme IT', version: 1, members: [member] },
  { signer: owner, nowMs },
);
const shown = { rootKeys, envelope };
const pinned = { rootKeys, rosterVersion: 1 };

const judge = suite('judgeRoster()');

judge('judgeRoster() lets stand what the pinned root signed, and says when to renew', async () => {
  const standing = await judgeRoster(shown, { pinned, atMs: nowMs });
  assert.ok(standing.kind === 'stands');
  assert.is(standing.life, 'long');
  assert.equal(standing.roster.statement.members, [member]);
  const { expiresAtMs } = standing.roster;
  assert.ok(expiresAtMs > nowMs + ROSTER_LIFE_MS - 3_600_000);
  for (const [atMs, life] of [
    [expiresAtMs - RENEW_BEFORE_MS, 'long'],
    [expiresAtMs - RENEW_BEFORE_MS + 1, 'short'],
    [expiresAtMs, 'over'],
    [expiresAtMs + 99 * 86_400_000, 'over'],
  ] as const) {
    const later = await judgeRoster(shown, { pinned, atMs });
    assert.is(later.kind === 'stands' && later.life, life, String(atMs - expiresAtMs));
  }
});

judge('judgeRoster() says who may sign the next: the root set, and whom it certified', async () => {
  const certify = async (by: typeof owner, keys: string) => {
    const common = commonOf(by, { nowMs, lifeMs: ROSTER_LIFE_MS });
    return signStatement({ ...common, type: 'root', keys }, by);
  };
  const second = await keyOf(4);
  const roots = [await certify(stranger, stranger.key), await certify(recovery, second.key)];
  const content = { msp: 'Acme IT', version: 1, members: [member], roots };
  const certified = await signRoster(content, { signer: second, nowMs });
  const standing = await judgeRoster({ rootKeys, envelope: certified }, { pinned, atMs: nowMs });
  assert.ok(standing.kind === 'stands');
  assert.equal([...standing.roster.signers].sort(), [owner.key, recovery.key, second.key].sort());
});

judge('judgeRoster() leaves a root that it never saw to a person', async () => {
  const standing = await judgeRoster(shown, { pinned: undefined, atMs: nowMs });
  assert.ok(standing.kind === 'unpinned');
  assert.is(standing.code, rootCode(rootKeys));
});

judge('judgeRoster() refuses another root, however well it signs', async () => {
  const otherRoot = formatRootSet([stranger.key]);
  const content = { msp: 'Acme IT', version: 9, members: [member] };
  const forged = await signRoster(content, { signer: stranger, nowMs });
  const at = { pinned, atMs: nowMs };
  assert.equal(await judgeRoster({ rootKeys: otherRoot, envelope: forged }, at), {
    kind: 'other-root',
    pinnedCode: rootCode(rootKeys),
    shownCode: rootCode(otherRoot),
  });
  const standing = await judgeRoster({ rootKeys, envelope: forged }, at);
  assert.is(standing.kind, 'bad', 'not signed by the root that it names');
});

judge('judgeRoster() refuses an older roster than was seen, and none at all', async () => {
  const at = { pinned: { rootKeys, rosterVersion: 2 }, atMs: nowMs };
  assert.equal(await judgeRoster(shown, at), { kind: 'older', version: 1, seen: 2 });
  assert.equal(await judgeRoster(null, at), { kind: 'older', version: 0, seen: 2 });
  assert.equal(await judgeRoster(null, { pinned: undefined, atMs: nowMs }), { kind: 'none' });
  const next = await signRoster(nextRoster(envelope, { renew: true }), { signer: recovery, nowMs });
  const standing = await judgeRoster({ rootKeys, envelope: next }, at);
  assert.is(standing.kind, 'stands', 'the recovery key is of the root, too');
});

judge('judgeRoster() says of malformed and mangled envelopes why they are bad', async () => {
  const { signature } = envelope;
  for (const bad of [
    { ...envelope, statement: 'AAAA' },
    { ...envelope, statement: envelope.statement.replace(/^.{8}/, 'eyJmb28i') },
    { ...envelope, signature: { ...signature, signature: 'A'.repeat(86) } },
  ]) {
    const standing = await judgeRoster({ rootKeys, envelope: bad }, { pinned, atMs: nowMs });
    assert.is(standing.kind, 'bad');
  }
});

judge.run();
