import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { enrolEndpoint } from '#scripts/testing/fake-agent.ts';
import { openLiveSite } from '#scripts/testing/live-site.ts';
import { signLevel } from '#scripts/testing/live-work.ts';
import { uplinkEndpointSchema } from '../protocol/uplink-message.ts';
import { deskSource } from './desk-source.ts';

const source = suite('deskSource()');

source('tells which endpoints are pending at every level, and no name at "sealed"', async () => {
  await using site = await openLiveSite();
  const till = await enrolEndpoint(site, { name: 'till' });
  const office = await enrolEndpoint(site, { name: 'office', isVerified: false });
  for (const level of ['sealed', 'standard', 'open'] as const) {
    const told = deskSource(site.appliance.desk, { site: 's', level }).endpoints();
    for (const each of told) uplinkEndpointSchema.parse(each);
    assert.equal(
      told.map(({ endpoint, isVerified, details }) => [endpoint, isVerified, details?.name]),
      [
        [till.endpoint, true, level === 'sealed' ? undefined : 'till'],
        [office.endpoint, false, level === 'sealed' ? undefined : 'office'],
      ],
    );
  }
});

source('says when a person has verified one', async () => {
  await using site = await openLiveSite();
  const { endpoint } = await enrolEndpoint(site, { isVerified: false });
  const told = deskSource(site.appliance.desk, { site: 's', level: 'standard' });
  const changed = Promise.withResolvers<void>();
  const stop = told.onChange(() => {
    if (told.endpoints().every(({ isVerified }) => isVerified)) changed.resolve();
  });
  await using owner = await site.connect(site.owner);
  await owner.call('endpoint.verify', { endpoint });
  await changed.promise;
  stop();
});

source(
  'tells at the level that the client chose, at once and whatever site.json says',
  async () => {
    await using site = await openLiveSite();
    await enrolEndpoint(site, { name: 'till' });
    const { desk } = site.appliance;
    const told = deskSource(desk, { site: 's', level: 'open' });
    const level = (): string | undefined => told.status()?.level;
    const names = (): unknown[] => told.endpoints().map(({ details }) => details?.name);
    assert.equal([level(), names()], ['open', ['till']]);
    const heard = Promise.withResolvers<void>();
    const stop = told.onChange(() => {
      if (level() === 'sealed') heard.resolve();
    });
    await desk.site.changeDigest(await signLevel(site, { level: 'sealed' }), { method: 'pin' });
    await heard.promise;
    stop();
    assert.equal(names(), [undefined]);
  },
);

source.run();
