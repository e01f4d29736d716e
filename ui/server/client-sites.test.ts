import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { UplinkStatus } from '#appliance/protocol/uplink-message.ts';
import { openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { foundMsp } from '#scripts/testing/console-story.ts';
import { clientSites } from './client-sites.ts';

const STATUS: UplinkStatus = {
  ...{ kind: 'status', checkpoint: '', size: 7, openSessions: 2, waitingRequests: 1 },
  ...{ rosterVersion: 1, level: 'standard' },
};

const sites = suite('clientSites()');

sites(
  'clientSites() tells of the client alone, and of work only where a site told it',
  async () => {
    await using place = await openDirectoryPlace();
    const msp = await foundMsp(place.directory, 'one');
    const directory = place.directory.of(msp.actors.technician);
    const owner = place.directory.of(msp.actors.owner);
    const { siteId: bern } = await owner.createSite({ clientId: msp.clientId, name: 'Bern' });
    const { id: other } = await owner.createClient('Beta');
    await owner.createSite({ clientId: other, name: 'Lagos' });
    const uplinks = {
      isOnline: (site: string) => site === msp.siteId,
      statusOf: (site: string) => (site === msp.siteId ? STATUS : null),
    };
    const found = await clientSites(msp.clientId, { directory, uplinks });
    assert.equal(
      found.map(({ id, name, state, isOnline, work }) => ({ id, name, state, isOnline, work })),
      [
        {
          ...{ id: msp.siteId, name: 'Berlin', state: 'joined', isOnline: true },
          work: { openSessions: 2, waitingRequests: 1 },
        },
        { id: bern, name: 'Bern', state: 'invited', isOnline: false, work: null },
      ],
    );
  },
);

sites('clientSites() tells nothing to a member of another organisation', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const { actors } = await foundMsp(place.directory, 'others');
  const directory = place.directory.of(actors.owner);
  const uplinks = { isOnline: () => true, statusOf: () => STATUS };
  assert.equal(await clientSites(msp.clientId, { directory, uplinks }), []);
});

sites.run();
