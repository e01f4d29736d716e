import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatPersonKey } from '#crypto/person-key.ts';
import { codeOf, openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { foundMsp, type Msp } from '#scripts/testing/console-story.ts';
import type { Directory } from './directory.ts';
import { type ConsoleEvent, Events } from './events.ts';
import type { Role } from './identity/identity.ts';
import { removeSite } from './remove-site.ts';

/** A host in memory, which remembers whom it sent away and what it told. */
function hostFor({ actors }: Msp) {
  const events = new Events();
  const gone: string[] = [];
  const told: ConsoleEvent[] = [];
  events.listen(actors.owner.organisationId, {
    listener: (event) => told.push(event),
    signal: new AbortController().signal,
  });
  const relay = {
    disconnect: (publicKey: Uint8Array) =>
      void gone.push(formatPersonKey({ kind: 'ed25519', publicKey: new Uint8Array(publicKey) })),
  };
  return { host: { relay, events }, gone, told };
}

function placeOf(directory: Directory, { msp, role }: { msp: Msp; role: Role }) {
  return { is: msp.actors[role], directory: directory.of(msp.actors[role]) };
}

const remove = suite('removeSite()');

remove('removeSite() sends the appliance away, and tells the open pages what is gone', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const { host, gone, told } = hostFor(msp);
  await removeSite(msp.siteId, { ...placeOf(directory, { msp, role: 'owner' }), host });
  assert.equal(gone, [msp.siteKey]);
  const { siteId, endpointId } = msp;
  assert.equal(told, [
    { kind: 'gone', siteId, ids: [endpointId] },
    { kind: 'site', siteId },
  ]);
  assert.equal(await directory.of(msp.actors.owner).sites(), []);
});

remove(
  'removeSite() sends nobody away for who may not, or is of another organisation',
  async () => {
    await using place = await openDirectoryPlace();
    const { directory } = place;
    const msp = await foundMsp(directory, 'one');
    const others = await foundMsp(directory, 'others');
    const { host, gone, told } = hostFor(msp);
    const asked = [
      ...(['technician', 'reviewer', 'read-only'] as const).map((role) => ({ msp, role })),
      { msp: others, role: 'owner' as const },
    ];
    const codes: string[] = [];
    for (const who of asked) {
      codes.push(await codeOf(removeSite(msp.siteId, { ...placeOf(directory, who), host })));
    }
    assert.equal(codes, ['not-allowed', 'not-allowed', 'not-allowed', 'not-found']);
    assert.equal([gone, told], [[], []]);
    assert.is((await directory.of(msp.actors.owner).site(msp.siteId)).peerKey, msp.siteKey);
  },
);

remove('removeSite() of a site that nothing joined sends nobody away', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const own = directory.of(msp.actors.owner);
  const { siteId } = await own.createSite({ clientId: msp.clientId, name: 'Hamburg' });
  const { host, gone, told } = hostFor(msp);
  await removeSite(siteId, { ...placeOf(directory, { msp, role: 'owner' }), host });
  assert.equal([gone, told], [[], [{ kind: 'site', siteId }]]);
});

remove.run();
