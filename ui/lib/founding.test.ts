import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { signDevice } from '#appliance/protocol/session-key.ts';
import { checkDevice, MAX_DEVICE_LIFE_MS } from '#crypto/device.ts';
import { parseKeyFile } from '#crypto/key-file.ts';
import { isRootKey } from '#crypto/root-set.ts';
import { verifyRoster } from '#crypto/roster.ts';
import { parseStatement, statementSigner } from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { deviceEndMs } from './device.ts';
import {
  createRecoveryKey,
  freeMemberId,
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

first.run();

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
