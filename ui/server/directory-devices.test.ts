import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { codeOf, openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { foundMsp, storyIdentity, storyKey } from '#scripts/testing/console-story.ts';
import { DEVICE_LIFE_MS } from './directory-devices.ts';

const device = suite('DeviceDirectory.registerDevice()');

device('is in force until its last millisecond, twelve hours at most', async () => {
  await using place = await openDirectoryPlace();
  const { directory, clock } = place;
  const msp = await foundMsp(directory, 'one');
  const own = directory.of(msp.actors.technician);
  const { key: peerKey } = await storyKey();
  assert.is(DEVICE_LIFE_MS, 12 * 3_600_000);
  for (const lifeMs of [0, -1, 0.5, DEVICE_LIFE_MS + 1, Number.NaN]) {
    assert.is(await codeOf(own.registerDevice({ peerKey, lifeMs })), 'invalid', String(lifeMs));
  }
  await own.registerDevice({ peerKey, lifeMs: DEVICE_LIFE_MS });
  clock.nowMs += DEVICE_LIFE_MS - 1;
  const known = await directory.deviceByPeerKey(peerKey);
  const { organisationId, personId } = msp.actors.technician;
  assert.equal([known?.organisationId, known?.personId], [organisationId, personId]);
  clock.nowMs += 1;
  assert.is(await directory.deviceByPeerKey(peerKey), null);
});

device("refuses another person's key, and takes one's own again", async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const [mine, theirs] = [await foundMsp(directory, 'mine'), await foundMsp(directory, 'theirs')];
  const lifeMs = 1000;
  for (const actor of [mine.actors.owner, theirs.actors.technician]) {
    const own = directory.of(actor);
    const peerKey = mine.devices.technician;
    assert.is(await codeOf(own.registerDevice({ peerKey, lifeMs })), 'conflict');
  }
  const own = directory.of(mine.actors.technician);
  await own.registerDevice({ peerKey: mine.devices.technician, lifeMs });
  const { expiresAt = '' } = (await directory.deviceByPeerKey(mine.devices.technician)) ?? {};
  assert.is(expiresAt, new Date(place.clock.nowMs + lifeMs).toISOString());
});

device('lets the oldest go for the seventeenth', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const own = place.directory.of(msp.actors.technician);
  for (let i = 0; i < 16; i += 1) {
    place.clock.nowMs += 1;
    await own.registerDevice({ peerKey: (await storyKey()).key, lifeMs: 60_000 });
  }
  assert.is(await place.directory.deviceByPeerKey(msp.devices.technician), null);
  const mine = (await own.devices()).filter(
    ({ personId }) => personId === msp.actors.technician.personId,
  );
  assert.is(mine.length, 16);
});

device.run();

const known = suite('LinkDirectory.deviceByPeerKey()');

known('knows none that was revoked, or whose person may only look by now', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const { owner, technician } = msp.devices;
  await directory.of(msp.actors.owner).revokeDevice(owner);
  assert.is(await directory.deviceByPeerKey(owner), null);
  assert.is.not(await directory.deviceByPeerKey(technician), null);
  await directory.admit({ ...storyIdentity('one', 'technician'), role: 'read-only' });
  assert.is(await directory.deviceByPeerKey(technician), null);
  assert.is(await directory.deviceByPeerKey('\0'), null);
});

known.run();
