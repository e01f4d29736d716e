import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { commonOf, signDevice } from '#appliance/protocol/session-key.ts';
import { checkDevice, MAX_DEVICE_LIFE_MS } from '#crypto/device.ts';
import { parseKeyFile } from '#crypto/key-file.ts';
import { isRootKey } from '#crypto/root-set.ts';
import { verifyRoster } from '#crypto/roster.ts';
import {
  type Envelope,
  parseStatement,
  signStatement,
  type StatementSigner,
  statementSigner,
} from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { deviceEndMs } from './device.ts';
import {
  type BroughtSite,
  createRecoveryKey,
  freeMemberId,
  MAX_VERSIONS_AHEAD,
  nextRoster,
  signFirstRoster,
  signRoster,
  slugOf,
} from './founding.ts';

const nowMs = Date.parse('2026-11-21T02:09:14Z');
const owner = statementSigner(await importSigner(new Uint8Array(32).fill(1)));
const peer = statementSigner(await importSigner(new Uint8Array(32).fill(2))).key;
const recovery = await createRecoveryKey('Acme IT');

const found = () =>
  signFirstRoster({
    ...{ organisation: 'Acme IT', owner: 'Sarah Ö. Miller', recoveryKey: recovery.key },
    ...{ signer: owner, nowMs },
  });

const first = suite('signFirstRoster()');

first('signFirstRoster() is a roster by the root set, with the owner alone', async () => {
  const { rootKeys, roster } = await found();
  const at = { log: 'any', root: rootKeys, seen: null, atMs: nowMs };
  const { statement } = await verifyRoster(roster, at);
  assert.equal(statement.members, [
    { id: 'sarah-o-miller', name: 'Sarah Ö. Miller', role: 'owner', key: owner.key },
  ]);
  assert.is(statement.version, 1);
  assert.ok(isRootKey(rootKeys, owner.key) && isRootKey(rootKeys, recovery.key));
});

first('signFirstRoster() leaves a root that the recovery key alone can use', async () => {
  const { rootKeys, roster } = await found();
  const { signer } = await parseKeyFile(recovery.file);
  const next = nextRoster(roster, { removeKey: owner.key });
  const signed = await signRoster(next, { signer: statementSigner(signer), nowMs });
  const at = { log: 'any', root: rootKeys, seen: null, atMs: nowMs };
  assert.equal((await verifyRoster(signed, at)).statement.members, []);
});

first(
  'signFirstRoster() takes along who may ask at a site that is brought, above its roster',
  async () => {
    const { signer } = await site();
    const { rootKeys } = await found();
    const brought = await broughtBy(signer, rootKeys);
    const { roster } = await signFirstRoster({
      ...{ organisation: 'Acme IT', owner: 'Root', recoveryKey: recovery.key },
      ...{ brought, signer: owner, nowMs },
    });
    const at = { log: 'any', seen: { version: 4, hash: 'A'.repeat(43) }, atMs: nowMs };
    const { statement } = await verifyRoster(roster, { ...at, root: signer.key });
    assert.is(statement.version, 5);
    assert.equal(
      statement.members.map(({ id, key }) => [id, key]),
      [
        ['root', owner.key],
        ['root-2', peer],
      ],
    );
  },
);

first.run();

/** A site with a root of its own. */
async function site() {
  return { signer: statementSigner(await importSigner(new Uint8Array(32).fill(7))) };
}

async function broughtBy(
  signer: StatementSigner,
  keys: string,
  lifeMs = 86_400_000,
): Promise<BroughtSite> {
  const common = commonOf(signer, { nowMs, lifeMs });
  return {
    certificate: await signStatement({ ...common, type: 'root', keys }, signer),
    members: [{ id: 'root', name: 'Root', role: 'owner', key: peer }],
    rosterVersion: 4,
  };
}

const sign = suite('signRoster()');

sign('signRoster() leaves dead certificates behind, and takes eight that live', async () => {
  const { roster, rootKeys } = await found();
  const { signer } = await site();
  const { certificate: dead } = await broughtBy(signer, rootKeys, 1000);
  const damaged = { ...dead, signature: { alg: 'ed25519' as const, signature: 'A'.repeat(86) } };
  const full = {
    ...nextRoster(roster, { renew: true }),
    roots: [...Array<Envelope>(7).fill(dead), damaged],
  };
  const brought = await broughtBy(
    statementSigner(await importSigner(new Uint8Array(32).fill(8))),
    rootKeys,
  );
  const old = await signStatement(
    { ...commonOf(owner, { nowMs, lifeMs: 86_400_000 }), type: 'roster', ...full },
    owner,
  );
  const at = { signer: owner, nowMs: nowMs + 2000 };
  const { statement } = parseStatement(await signRoster(nextRoster(old, { bring: brought }), at));
  assert.ok(statement.type === 'roster');
  assert.equal(statement.roots, [brought.certificate]);
  const renewed = parseStatement(await signRoster(nextRoster(old, { renew: true }), at)).statement;
  assert.not('roots' in renewed, 'none is left');
  const nine = { ...full, roots: Array<Envelope>(9).fill(brought.certificate) };
  const error = await signRoster(nine, at).then(() => 'signed', String);
  assert.match(error, /8 sites with roots of their own, no more/);
});

sign.run();

const next = suite('nextRoster()');

next('nextRoster() puts, replaces and removes, and counts up', async () => {
  const { roster } = await found();
  const tom = { id: 'tom', name: 'Tom', role: 'technician', key: peer } as const;
  const added = nextRoster(roster, { put: tom });
  assert.is(added.version, 2);
  assert.equal(
    added.members.map(({ id }) => id),
    ['sarah-o-miller', 'tom'],
  );
  const signed = await signRoster(added, { signer: owner, nowMs });
  const changed = nextRoster(signed, { put: { ...tom, role: 'reviewer' } });
  assert.equal(
    changed.members.map(({ role }) => role),
    ['owner', 'reviewer'],
  );
  assert.is(nextRoster(signed, { removeKey: peer }).members.length, 1);
  assert.equal(nextRoster(signed, { renew: true }), {
    msp: 'Acme IT',
    version: 3,
    members: added.members,
  });
});

next('nextRoster() gives one id two keys when asked to, and never lists a key twice', async () => {
  const { roster } = await found();
  const tom = { id: 'tom', name: 'Tom', role: 'technician', key: peer } as const;
  const signed = await signRoster(nextRoster(roster, { put: tom }), { signer: owner, nowMs });
  const phone = { ...tom, key: recovery.key };
  const ids = nextRoster(signed, { add: phone }).members.map(({ id, key }) => [id, key]);
  assert.equal(ids.slice(1), [
    ['tom', peer],
    ['tom', recovery.key],
  ]);
  for (const change of [{ put: { ...tom, id: 'tim' } }, { add: { ...tom, id: 'tim' } }]) {
    const named = nextRoster(signed, change).members.filter(({ key }) => key === peer);
    assert.equal(
      named.map(({ id }) => id),
      ['tim'],
    );
  }
});

next('nextRoster() brings a site along once, and keeps its certificate from then on', async () => {
  const { roster, rootKeys } = await found();
  const { signer } = await site();
  const brought = await broughtBy(signer, rootKeys);
  const first = await signRoster(nextRoster(roster, { bring: brought }), { signer: owner, nowMs });
  const renewed = await broughtBy(signer, rootKeys, 2 * 86_400_000);
  const again = nextRoster(first, { bring: renewed });
  assert.equal(again.roots, [renewed.certificate], 'a newer one takes its place');
  assert.is(again.members.length, 2, 'nobody stands in it twice');
  const other = statementSigner(await importSigner(new Uint8Array(32).fill(8)));
  const both = nextRoster(first, { bring: await broughtBy(other, rootKeys) });
  assert.is(both.roots?.length, 2);
  assert.equal(nextRoster(first, { removeKey: peer }).roots, [brought.certificate]);
});

next('nextRoster() counts up from what a site told, unless that is beyond belief', async () => {
  const { roster } = await found();
  const version = (told: number) => nextRoster(roster, { renew: true }, told).version;
  assert.equal([0, 1, 7, 1 + MAX_VERSIONS_AHEAD].map(version), [2, 2, 8, 2 + MAX_VERSIONS_AHEAD]);
  assert.is(version(2 + MAX_VERSIONS_AHEAD), 2);
  assert.is(version(Number.MAX_SAFE_INTEGER), 2);
});

next.run();

const device = suite('deviceEndMs()');

device(
  'deviceEndMs() is when an appliance stops accepting it, and null shortly before',
  async () => {
    const { roster } = await found();
    const statement = await signDevice({ peer, nowMs }, owner);
    const parsed = parseStatement(roster).statement;
    assert.ok(parsed.type === 'roster');
    const { member, expiresMs } = await checkDevice(statement, {
      roster: parsed,
      peer,
      atMs: nowMs,
    });
    assert.is(member.key, owner.key);
    assert.ok(expiresMs - nowMs < MAX_DEVICE_LIFE_MS);
    const kept = { seed: new Uint8Array(32), statement };
    assert.is(deviceEndMs(kept, nowMs), expiresMs);
    assert.is(deviceEndMs(kept, expiresMs - 60_000), null, 'about to end');
    assert.is(deviceEndMs({ ...kept, statement: null }, nowMs), null);
  },
);

device.run();

const slug = suite('slugOf()');

slug('slugOf() makes an id of any name', () => {
  const names = ['Sarah O’Neil', '  Ümit  ', '王小明', 'a'.repeat(99)];
  assert.equal(names.map(slugOf), ['sarah-o-neil', 'umit', 'member', 'a'.repeat(64)]);
});

slug.run();

const freeId = suite('freeMemberId()');

freeId('freeMemberId() gives another id to another person of the same name', () => {
  const members = [{ id: 'tom' }, { id: 'tom-2' }, { id: 'a'.repeat(64) }];
  assert.is(freeMemberId('Tim', members), 'tim');
  assert.is(freeMemberId('Tom', members), 'tom-3');
  assert.is(freeMemberId('a'.repeat(99), members), `${'a'.repeat(58)}-2`);
});

freeId.run();
