import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { codeOf, openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { foundMsp, storyIdentity, storyKey, storyRoster } from '#scripts/testing/console-story.ts';
import { formatRootSet } from '#crypto/root-set.ts';
import type { Member } from '#crypto/statement.ts';

const roster = suite('RosterDirectory.putRoster()');

roster('keeps the first with the root set, which never changes again', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const own = directory.of(await directory.admit(storyIdentity('one', 'owner')));
  const root = await storyKey();
  const rootKeys = formatRootSet([root.key, (await storyKey()).key]);
  const first = await storyRoster({ root, version: 1 });
  assert.is(await codeOf(own.putRoster({ envelope: first, rootKeys: null })), 'conflict');
  assert.equal(await own.putRoster({ envelope: first, rootKeys }), { version: 1 });
  assert.equal(await own.roster(), { rootKeys, version: 1, toldVersion: 0, envelope: first });
  const thief = await storyKey();
  const theirs = await storyRoster({ root: thief, version: 2 });
  assert.is(await codeOf(own.putRoster({ envelope: theirs, rootKeys: thief.key })), 'conflict');
  assert.is(await codeOf(own.putRoster({ envelope: theirs, rootKeys: null })), 'invalid');
  assert.is((await own.roster())?.rootKeys, rootKeys);
});

roster('takes versions only upwards, of two that are signed at once one', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const own = place.directory.of(msp.actors.owner);
  const put = async (version: number) =>
    codeOf(
      own.putRoster({ envelope: await storyRoster({ root: msp.root, version }), rootKeys: null }),
    );
  assert.is(await put(1), 'conflict');
  assert.equal((await Promise.all([put(2), put(2)])).sort(), ['conflict', 'done']);
  assert.is(await put(5), 'done');
  assert.is(await put(4), 'conflict');
  assert.is((await own.roster())?.version, 5);
});

roster('writes down whose keys came, went and changed', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const own = place.directory.of(msp.actors.owner);
  const [ann, bob] = [(await storyKey()).key, (await storyKey()).key];
  const put = async (version: number, members: readonly Member[]): Promise<unknown> => {
    const envelope = await storyRoster({ root: msp.root, version }, members);
    await own.putRoster({ envelope, rootKeys: null });
    const { items } = await own.changes({});
    return items.map(({ detail }) => detail).find((detail) => detail['version'] === version);
  };
  const member = (name: string, key: string, role: Member['role']): Member => ({
    ...{ id: name.toLowerCase(), name, key, role },
  });
  const both = [member('Ann', ann, 'technician'), member('Bob', bob, 'technician')];
  await put(2, []);
  assert.equal(await put(3, both), {
    ...{ version: 3, members: 2, added: ['Ann', 'Bob'], removed: [], changed: [] },
  });
  assert.equal(await put(4, [member('Ann', ann, 'owner')]), {
    ...{ version: 4, members: 1, added: [], removed: ['Bob'], changed: ['Ann'] },
  });
  assert.equal(await put(5, [member('Ann', ann, 'owner')]), {
    ...{ version: 5, members: 1, added: [], removed: [], changed: [] },
  });
});

roster('refuses what is no roster in force', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const own = place.directory.of(msp.actors.owner);
  const envelope = await storyRoster({ root: msp.root, version: 2 });
  const { signature } = await storyRoster({ root: msp.root, version: 3 });
  const spoiled = { ...envelope, signature };
  assert.is(await codeOf(own.putRoster({ envelope: spoiled, rootKeys: null })), 'invalid');
  place.clock.nowMs += 91 * 86_400_000;
  assert.is(await codeOf(own.putRoster({ envelope, rootKeys: null })), 'invalid');
});

roster('lists whose key it names, and no longer lists whose it leaves out', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const own = place.directory.of(msp.actors.owner);
  const stateOf = async () =>
    (await own.people()).find(({ id }) => id === msp.actors.technician.personId)?.keyState;
  assert.is(await stateOf(), 'listed');
  const envelope = await storyRoster({ root: msp.root, version: 2 });
  await own.putRoster({ envelope, rootKeys: null });
  assert.is(await stateOf(), 'proposed');
});

roster.run();

const told = suite('RosterDirectory.roster()');

told('says the highest version that a site of the organisation told, within reason', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const [msp, other] = [await foundMsp(directory, 'one'), await foundMsp(directory, 'two')];
  const own = directory.of(msp.actors.owner);
  const { siteId, secret } = await own.createSite({ clientId: msp.clientId, name: 'Bern' });
  const second = await directory.joinByToken({ secret, peerKey: (await storyKey()).key });
  assert.is(second.siteId, siteId);
  const tells = async (key: string, rosterVersion: number): Promise<void> => {
    const site = await directory.siteByPeerKey(key);
    if (site === null) throw new Error('unreachable: it has joined');
    await directory.keepStatus(site, { rosterVersion });
  };
  await tells(other.siteKey, 50);
  await tells(msp.siteKey, 7);
  assert.is((await own.roster())?.toldVersion, 7, 'another organisation’s is nothing to it');
  await directory.keepStatus(second, { rosterVersion: Number.MAX_SAFE_INTEGER });
  assert.is((await own.roster())?.toldVersion, 7, 'one that says too much hides nobody');
});

told.run();
