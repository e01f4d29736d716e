import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { foundMsp, storyKey } from '#scripts/testing/console-story.ts';
import { keepOwnDevice, type OwnDeviceEvent, revokeOwnDevice } from './own-device.ts';

type Place = Awaited<ReturnType<typeof openDirectoryPlace>>;

/** A browser whose key was registered, and what the relay was told to end. */
async function openBrowser({ directory }: Place) {
  const msp = await foundMsp(directory, 'one');
  const is = msp.actors.technician;
  const own = directory.of(is);
  const { key: peerKey } = await storyKey();
  const jar = new Map<string, string>();
  const ended: Uint8Array[] = [];
  const event = (actor: OwnDeviceEvent['locals']['actor']): OwnDeviceEvent => ({
    cookies: {
      get: (name) => jar.get(name),
      set: (name, value) => void jar.set(name, value),
      delete: (name) => void jar.delete(name),
    },
    url: new URL('https://console.example/'),
    locals: { actor, host: { directory, relay: { disconnect: (key) => void ended.push(key) } } },
  });
  keepOwnDevice(event(null), await own.registerDevice({ peerKey, lifeMs: 60_000 }));
  return { ...{ msp, peerKey, jar, ended, event }, actor: { is, directory: own } };
}

const revoke = suite('revokeOwnDevice()');

revoke('revokeOwnDevice() takes the key back also when the sign-in has run out', async () => {
  await using place = await openDirectoryPlace();
  const { peerKey, jar, ended, event } = await openBrowser(place);
  await revokeOwnDevice(event(null));
  assert.is(await place.directory.deviceByPeerKey(peerKey), null);
  assert.is(ended.length, 1);
  assert.is(jar.size, 0);
});

revoke('revokeOwnDevice() takes no key back for who only knows it', async () => {
  await using place = await openDirectoryPlace();
  const { peerKey, msp, jar, ended, event } = await openBrowser(place);
  const [name = '', value = ''] = [...jar].at(0) ?? [];
  const own = value.slice(peerKey.length);
  const guesses = [peerKey, `${peerKey} `, `${peerKey} ${'A'.repeat(43)}`];
  for (const guess of [...guesses, `${msp.devices.technician}${own}`, own, '', ' ']) {
    jar.set(name, guess);
    await revokeOwnDevice(event(null));
    for (const key of [peerKey, msp.devices.technician]) {
      assert.is.not(await place.directory.deviceByPeerKey(key), null, guess);
    }
  }
  assert.equal(ended, []);
});

revoke('revokeOwnDevice() needs no secret from who is signed in', async () => {
  await using place = await openDirectoryPlace();
  const { peerKey, jar, ended, event, actor } = await openBrowser(place);
  const [name = ''] = [...jar.keys()];
  jar.set(name, `${peerKey} of-another-tab`);
  await revokeOwnDevice(event(actor));
  assert.is(await place.directory.deviceByPeerKey(peerKey), null);
  assert.is(ended.length, 1);
});

revoke('revokeOwnDevice() forgets which key it is only when it is taken back', async () => {
  await using place = await openDirectoryPlace();
  const { jar, event } = await openBrowser(place);
  const signedOut = event(null);
  const failing = {
    ...signedOut.locals.host,
    directory: { revokeOwnDevice: () => Promise.reject(new Error('the store is away')) },
  };
  try {
    await revokeOwnDevice({ ...signedOut, locals: { actor: null, host: failing } });
    assert.unreachable();
  } catch (cause) {
    assert.match(String(cause), 'the store is away');
  }
  assert.is(jar.size, 1);
});

revoke.run();
