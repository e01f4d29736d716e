import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { UplinkEndpoint } from '#appliance/protocol/uplink-message.ts';
import { openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { foundMsp } from '#scripts/testing/console-story.ts';
import { Events } from './events.ts';
import { uplinkStore } from './uplink-store.ts';

const store = suite('uplinkStore()');

store('keeps of each machine whether it is pending, as its site tells it', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const told = uplinkStore({ directory, events: new Events() });
  const peer = { organisation: 'one', site: msp.siteId };
  const id = 'A'.repeat(22);
  const own = directory.of(msp.actors.technician);
  const tell = async (each: Pick<UplinkEndpoint, 'isVerified' | 'details'>): Promise<boolean> => {
    const endpoints: UplinkEndpoint[] = [{ endpoint: id, state: 'online', ...each }];
    const message = { isReset: false, isWhole: true, endpoints, removed: [] };
    await told.endpoints(peer, { kind: 'endpoints', ...message });
    return (await own.endpoint(msp.siteId, id)).isVerified;
  };
  assert.is(await tell({ isVerified: false, details: null }), false);
  assert.is(await tell({ isVerified: true, details: null }), true);
});

store.run();
