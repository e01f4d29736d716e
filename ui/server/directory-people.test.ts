import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { codeOf, openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { foundMsp, storyIdentity, storyKey } from '#scripts/testing/console-story.ts';

const propose = suite('PeopleDirectory.proposeSigningKey()');

propose('takes a public key that nobody else of the organisation has', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const reviewer = place.directory.of(msp.actors.reviewer);
  const technician = place.directory.of(msp.actors.technician);
  const taken = (await technician.me()).person.signingKey ?? '';
  const credentialId = 'Y3JlZA';
  assert.is(await codeOf(reviewer.proposeSigningKey({ key: taken, credentialId })), 'conflict');
  for (const key of ['', 'ed25519:AAAA', `${taken} ${taken}`]) {
    assert.is(await codeOf(reviewer.proposeSigningKey({ key, credentialId })), 'invalid', key);
  }
  const { key } = await storyKey();
  await reviewer.proposeSigningKey({ key, credentialId });
  const { person } = await reviewer.me();
  assert.equal(
    [person.signingKey, person.credentialId, person.keyState],
    [key, 'Y3JlZA', 'proposed'],
  );
});

propose.run();

const remove = suite('PeopleDirectory.removePerson()');

remove('keeps who somebody was, once, and never removes the owner who asks', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const own = place.directory.of(msp.actors.owner);
  const { personId } = msp.actors.technician;
  place.clock.nowMs += 1;
  assert.is(await codeOf(own.removePerson(msp.actors.owner.personId)), 'conflict');
  assert.equal(await own.removePerson(personId), { peerKeys: [msp.devices.technician] });
  assert.is(await codeOf(own.removePerson(personId)), 'conflict');
  const person = (await own.people()).find(({ id }) => id === personId);
  assert.is(person?.removedAt, new Date(place.clock.nowMs).toISOString());
  assert.is((await own.changes({ limit: 1 })).items[0]?.what, 'person.removed');
});

remove.run();

const changes = suite('ChangeDirectory.changes()');

changes('says what administrators did, newest first and page by page', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const own = place.directory.of(msp.actors.owner);
  const all = (await own.changes({})).items;
  assert.equal([...new Set(all.map(({ what }) => what))].sort(), [
    'client.created',
    'key.proposed',
    'organisation.founded',
    'person.joined',
    'roster.signed',
    'site.created',
    'site.joined',
  ]);
  const paged: string[] = [];
  let after: string | null = null;
  do {
    const page = await own.changes({ limit: 1, after });
    paged.push(...page.items.map(({ id }) => id));
    after = page.next;
  } while (after !== null);
  assert.equal(
    paged,
    all.map(({ id }) => id),
  );
  assert.is(await codeOf(own.changes({ after: "' or 1=1" })), 'invalid');
});

changes('says whose browser an owner revoked, and which role came from the provider', async () => {
  await using place = await openDirectoryPlace();
  const { directory, clock } = place;
  const msp = await foundMsp(directory, 'one');
  const own = directory.of(msp.actors.owner);
  const last = async () => (await own.changes({ limit: 1 })).items[0];
  clock.nowMs += 1;
  await directory.of(msp.actors.technician).revokeDevice(msp.devices.technician);
  assert.is.not((await last())?.what, 'device.revoked', "one's own is no change");
  await directory
    .of(msp.actors.technician)
    .registerDevice({ peerKey: msp.devices.technician, lifeMs: 1000 });
  await own.revokeDevice(msp.devices.technician);
  const revoked = await last();
  assert.is(revoked?.what, 'device.revoked');
  assert.is(revoked?.detail['name'], 'technician of one');

  clock.nowMs += 1;
  const technician = storyIdentity('one', 'technician');
  await directory.admit({ ...technician, role: 'owner' });
  const told = await last();
  assert.is(told?.what, 'person.role-told');
  assert.equal(told?.detail, { before: 'technician', role: 'owner' });
});

changes.run();
