import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from '#crypto/base64.ts';
import { enrolEndpoint } from '#scripts/testing/fake-agent.ts';
import { createKeyed, openLiveSite } from '#scripts/testing/live-site.ts';
import { faultsOf, refusalOf } from '#scripts/testing/live-session.ts';
import {
  approverOf,
  change,
  holdRecord,
  openLiveWork,
  signAuthority,
  signLevel,
  signPolicy,
  signRoster,
  WORK_RULES,
  writeEntry,
} from '#scripts/testing/live-work.ts';
import { LedgerError } from '../ledger/error.ts';
import { openStored, record } from './record.ts';
import { loadSite } from './site.ts';

const changes = suite('Site.changeRoster()');

changes('refuses an older version, another of the same, and one by another root', async () => {
  await using site = await openLiveSite();
  const { site: desk } = site.appliance.desk;
  const first = desk.roster.envelope;
  await desk.changeRoster(await signRoster(site, { version: 3 }));
  assert.is(await refusalOf(desk.changeRoster(first)), 'rolled-back');
  assert.is(await refusalOf(desk.changeRoster(await signRoster(site, { version: 3 }))), 'fork');
  const impostor = { ...site, root: await createKeyed() };
  assert.is(
    await refusalOf(desk.changeRoster(await signRoster(impostor, { version: 4 }))),
    'not-authorised',
  );
  const old = await signRoster(site, { version: 4, nowMs: Date.now() - 1e10, lifeMs: 1000 });
  assert.is(await refusalOf(desk.changeRoster(old)), 'expired');
  assert.is(desk.roster.signed.statement.version, 3);
});

changes('leaves the later of two in force, in whatever order they come', async () => {
  for (const order of [
    [2, 3],
    [3, 2],
  ]) {
    await using site = await openLiveSite();
    const { site: desk } = site.appliance.desk;
    const signed = [];
    for (const version of order) signed.push(await signRoster(site, { version }));
    const codes = await Promise.all(signed.map((each) => refusalOf(desk.changeRoster(each))));
    assert.equal(codes, order[0] === 2 ? ['accepted', 'accepted'] : ['accepted', 'rolled-back']);
    assert.is(desk.roster.signed.statement.version, 3);
    await site.restart();
    assert.is(site.appliance.desk.site.roster.signed.statement.version, 3);
  }
});

changes('puts the one in force on record once, however often it is sent', async () => {
  await using site = await openLiveSite();
  const { site: desk } = site.appliance.desk;
  const next = await signRoster(site);
  await desk.changeRoster(next);
  const { size } = desk.ledger;
  for (let i = 0; i < 3; i++) await desk.changeRoster(next);
  assert.is(desk.ledger.size, size);
});

changes('has a command that starts meanwhile cite what is in force where it stands', async () => {
  await using work = await openLiveWork();
  const { site, session, client } = work;
  const { site: desk } = site.appliance.desk;
  const held = holdRecord(site, 'policy.changed', { when: 'after' });
  const changing = desk.changePolicy(await signPolicy(site, { rules: WORK_RULES }));
  await held.reached;
  const running = session.run('uptime');
  await client.call('site.status', {}); // which is answered after the command came in
  held.release();
  await changing;
  assert.is((await running).outcome, 'exited');
  await session.close();
  assert.equal(await faultsOf(site, session.id), []);
});

changes('goes on after one that the log refused', async () => {
  await using site = await openLiveSite();
  const { site: desk } = site.appliance.desk;
  const held = holdRecord(site, 'roster.changed');
  held.refuse(new LedgerError('overloaded', 'Cannot append: the queue is full'));
  const next = await signRoster(site);
  assert.is(await refusalOf(desk.changeRoster(next)), 'overloaded');
  assert.is(desk.roster.signed.statement.version, 1);
  assert.is(desk.isChanging, false);
  held.release();
  await desk.changeRoster(next);
  assert.is(desk.roster.signed.statement.version, 2);
});

changes.run();

const digests = suite('Site.changeDigest()');

digests(
  "takes an approver's word alone, in order, and finds it again after a restart",
  async () => {
    await using site = await openLiveSite();
    const { site: desk } = site.appliance.desk;
    const say = async (over: Partial<Parameters<typeof signLevel>[1]>): Promise<string> =>
      refusalOf(
        desk.changeDigest(await signLevel(site, { level: 'sealed', ...over }), { method: 'pin' }),
      );
    assert.is(desk.digest, null, 'nobody has said');
    for (const as of [site.owner, site.technician, site.root, site.authority]) {
      assert.is(await say({ as }), 'not-authorised');
    }
    assert.is(await say({ nowMs: Date.now() - 86_400_000 }), 'expired');
    assert.is(await say({ version: Number.MAX_SAFE_INTEGER }), 'skipped');
    assert.is(await say({ version: 1 }), 'accepted');
    assert.is(await say({ version: 2 }), 'accepted');
    assert.is(await say({ version: 1, level: 'open' }), 'rolled-back');
    assert.is(await say({ version: 2, level: 'open' }), 'fork');
    assert.is(await say({ version: 3, level: 'open' }), 'accepted');
    const entries = [];
    for await (const entry of desk.ledger.entriesOfKind('digest.changed')) entries.push(entry);
    assert.equal(
      entries.map((entry) => {
        const { statement: _, ...fields } = openStored('digest.changed', entry);
        return fields;
      }),
      ['sealed', 'sealed', 'open'].map((level) => ({
        ...{ level, approver: 'Carla Client', approver_id: 'carla', method: 'pin' },
      })),
    );
    assert.equal(entries[2]?.leaf.ref, {
      authority: desk.authority.entry,
      previous: encodeBase64url(entries[1]?.hash ?? new Uint8Array()),
    });
    await site.restart();
    assert.is(site.appliance.desk.site.digest?.signed.statement.level, 'open');
  },
);

digests('is reached by an approver with a key of his own, over site.change', async () => {
  await using site = await openLiveSite();
  await using client = await site.connect(site.approver);
  const envelope = await signLevel(site, { level: 'sealed' });
  assert.equal(await client.call('site.change', { envelope }), { type: 'digest', version: 1 });
  const { digest } = site.appliance.desk.site;
  assert.is(digest?.signed.statement.level, 'sealed');
});

digests.run();

const load = suite('loadSite()');

load('finds in the log what is in force, and who is enrolled', async () => {
  await using site = await openLiveSite();
  const till = await enrolEndpoint(site, { name: 'till', labels: ['front'] });
  const gone = await enrolEndpoint(site, { name: 'gone' });
  const late = await enrolEndpoint(site, { name: 'late', isVerified: false });
  const dave = await createKeyed();
  await change(site, await signAuthority(site, { approvers: [approverOf('dave', dave)] }));
  await change(site, await signPolicy(site, { rules: WORK_RULES }));
  await using owner = await site.connect(site.owner);
  await owner.call('endpoint.remove', { endpoint: gone.endpoint, reason: null });
  await site.restart();
  const { site: desk } = site.appliance.desk;
  const { ledger, logKey, judge, now } = desk;
  const again = await loadSite({ ledger, logKey, judge, now });
  assert.equal(
    again.endpoints.map(({ id, name, labels }) => ({ id, name, labels })),
    [
      { id: till.endpoint, name: 'till', labels: ['front'] },
      { id: late.endpoint, name: 'late', labels: [] },
    ],
  );
  assert.equal(
    [till, late].map(({ endpoint }) => again.isVerified(endpoint)),
    [true, false],
  );
  assert.equal(again.authority.signed.statement.approvers, [approverOf('dave', dave)]);
  assert.equal(again.policy.signed.statement.rules, WORK_RULES);
  assert.is(again.policy.entry, desk.policy.entry);
  assert.is(again.roleOf(site.approver.signer.publicKey), null);
  assert.is(again.roleOf(dave.signer.publicKey), 'approver');
  assert.is(again.roleOf(till.keyed.signer.publicKey), 'endpoint');
  assert.is(again.roleOf(gone.keyed.signer.publicKey), 'removed');
  assert.is(again.roleOf(site.reviewer.signer.publicKey), 'member');
});

load('takes nobody for the one who claimed the site but entry 1', async () => {
  await using site = await openLiveSite();
  const { ledger, logKey, judge, now, facts } = site.appliance.desk.site;
  const options = { ledger, logKey, judge, now };
  assert.equal((await loadSite(options)).facts, facts);
  const { client, site: name, msp } = facts;
  const thief = await createKeyed();
  const keys = { msp_root: facts.mspRoot, authority_key: thief.key };
  const fields = { client, site: name, msp, ...keys };
  await record(ledger, { kind: 'site.claimed', fields });
  assert.is(await refusalOf(loadSite(options)), 'record-incomplete');
});

load(
  'takes no word on what the console may know but by an approver of the list of then',
  async () => {
    for (const isStruckOff of [false, true]) {
      await using site = await openLiveSite();
      const { site: desk } = site.appliance.desk;
      const { ledger, logKey, judge, now } = desk;
      const options = { ledger, logKey, judge, now };
      const dave = await createKeyed();
      const first = desk.authority.entry;
      await desk.changeDigest(await signLevel(site, { level: 'sealed' }), { method: 'pin' });
      await change(site, await signAuthority(site, { approvers: [approverOf('dave', dave)] }));
      assert.is((await loadSite(options)).digest?.signed.statement.level, 'sealed', 'counts on');
      const as = isStruckOff ? site.approver : site.owner;
      await writeEntry(site, {
        kind: 'digest.changed',
        fields: {
          ...{ level: 'open', approver: 'Carla Client', approver_id: 'carla', method: 'key-file' },
          statement: await signLevel(site, { level: 'open', version: 2, as }),
        },
        ref: { authority: isStruckOff ? first : desk.authority.entry },
      });
      assert.is(await refusalOf(loadSite(options)), 'not-authorised');
    }
  },
);

load.run();

const verify = suite('Site.verify()');

verify('records who verified, once, and not what the log refused', async () => {
  await using site = await openLiveSite();
  const { endpoint } = await enrolEndpoint(site, { isVerified: false });
  const { site: desk } = site.appliance.desk;
  const held = holdRecord(site, 'endpoint.verified');
  held.refuse(new LedgerError('overloaded', 'Cannot append: the queue is full'));
  assert.is(await refusalOf(desk.verify(endpoint, { by: 'Olga Owner' })), 'overloaded');
  assert.is(desk.isVerified(endpoint), false);
  held.release();
  const index = await desk.verify(endpoint, { by: 'Olga Owner' });
  assert.is(await desk.verify(endpoint, { by: 'Terry Technician' }), index);
  const entries = [];
  for await (const entry of desk.ledger.entriesOfKind('endpoint.verified')) entries.push(entry);
  assert.equal(
    entries.map((entry) => [entry.leaf.e, openStored('endpoint.verified', entry)]),
    [[endpoint, { name: 'till', by: 'Olga Owner' }]],
  );
  assert.is(await refusalOf(desk.verify('A'.repeat(22), { by: 'x' })), 'endpoint-unknown');
});

verify.run();

const remove = suite('Site.remove()');

remove('keeps the endpoint when the log refuses, and removes it once', async () => {
  await using site = await openLiveSite();
  const { endpoint } = await enrolEndpoint(site);
  const { site: desk } = site.appliance.desk;
  const held = holdRecord(site, 'endpoint.removed');
  held.refuse(new LedgerError('overloaded', 'Cannot append: the queue is full'));
  const why = { by: 'Olga Owner', reason: null };
  assert.is(await refusalOf(desk.remove(endpoint, why)), 'overloaded');
  assert.is(desk.endpoints.length, 1);
  held.release();
  const codes = await Promise.all([1, 2].map(() => refusalOf(desk.remove(endpoint, why))));
  assert.equal(codes.sort(), ['accepted', 'endpoint-unknown']);
});

remove.run();
