import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { codeOf, openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { foundMsp, storyKey } from '#scripts/testing/console-story.ts';
import { JOIN_TOKEN_LIFE_MS } from './directory-sites.ts';

const secretOf = ({ secret }: { secret: string }) => ({ secret });

const token = suite('LinkDirectory.joinByToken()');

token('is good once, of many at once, and its secret is kept nowhere', async () => {
  await using place = await openDirectoryPlace();
  const { directory, store } = place;
  const msp = await foundMsp(directory, 'one');
  const own = directory.of(msp.actors.owner);
  const { siteId, secret } = await own.createSite({ clientId: msp.clientId, name: 'Hamburg' });
  assert.not(
    JSON.stringify(await store.db.selectFrom('site').selectAll().execute()).includes(secret),
  );
  assert.is((await directory.siteByToken(secret, 'new'))?.siteId, siteId);
  const keys = await Promise.all(Array.from({ length: 8 }, () => storyKey()));
  const joined = await Promise.all(
    keys.map(({ key: peerKey }) => codeOf(directory.joinByToken({ secret, peerKey }))),
  );
  assert.equal(joined.filter((code) => code === 'done').length, 1);
  assert.equal(joined.filter((code) => code === 'expired').length, 7);
  assert.is(await directory.siteByToken(secret, 'new'), null);
  const { state, peerKey } = await own.site(siteId);
  assert.is(state, 'joined');
  assert.is((await directory.siteByPeerKey(peerKey ?? ''))?.siteId, siteId);
  assert.is(await codeOf(own.newToken(siteId)), 'conflict');
});

token('runs out by the clock, and when another takes its place', async () => {
  await using place = await openDirectoryPlace();
  const { directory, clock } = place;
  const msp = await foundMsp(directory, 'one');
  const own = directory.of(msp.actors.owner);
  const first = await own.createSite({ clientId: msp.clientId, name: 'Hamburg' });
  const second = await own.newToken(first.siteId);
  const { key: peerKey } = await storyKey();
  assert.is(await codeOf(directory.joinByToken({ secret: first.secret, peerKey })), 'expired');
  clock.nowMs += JOIN_TOKEN_LIFE_MS;
  assert.is(await codeOf(directory.joinByToken({ secret: second.secret, peerKey })), 'expired');
  clock.nowMs -= 1;
  assert.is(await codeOf(directory.joinByToken({ secret: second.secret, peerKey })), 'done');
});

token('is good for nothing once an owner has revoked it', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const own = directory.of(msp.actors.owner);
  const { siteId, secret } = await own.createSite({ clientId: msp.clientId, name: 'Hamburg' });
  await own.revokeToken(siteId);
  const { key: peerKey } = await storyKey();
  assert.is(await codeOf(directory.joinByToken({ secret, peerKey })), 'expired');
  const { state, tokenExpiresAt } = await own.site(siteId);
  assert.equal([state, tokenExpiresAt], ['invited', null]);
  assert.is(await codeOf(own.revokeToken(siteId)), 'conflict');
  const { secret: another } = await own.newToken(siteId);
  assert.is(await codeOf(directory.joinByToken({ secret: another, peerKey })), 'done');
});

token('refuses what is no secret of ours, and an appliance that has a site', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const own = directory.of(msp.actors.owner);
  const { secret } = await own.createSite({ clientId: msp.clientId, name: 'Hamburg' });
  const { key: peerKey } = await storyKey();
  for (const wrong of ['', 'x', secret.slice(1), `${secret}A`, `${secret}\0`]) {
    assert.is(await codeOf(directory.joinByToken({ secret: wrong, peerKey })), 'invalid', wrong);
  }
  const taken = directory.joinByToken({ secret, peerKey: msp.siteKey });
  assert.is(await codeOf(taken), 'conflict');
  assert.is((await directory.siteByToken(secret, 'new'))?.state, 'invited');
});

token('joins the kind of appliance that the owner made it for, and no other', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const own = directory.of(msp.actors.owner);
  const log = { key: 'caisey.local/site/7f3a/1+0+AA==', origin: 'caisey.local/site/7f3a/1' };
  const { siteId, secret } = await own.createSite({ clientId: msp.clientId, name: 'Hamburg' });
  const { key: peerKey } = await storyKey();
  assert.is(await codeOf(directory.joinByToken({ secret, peerKey, log })), 'expired');
  assert.is((await own.site(siteId)).state, 'invited', 'not at work without a claim');
  const founded = await own.newToken(siteId, 'founded');
  assert.is(await codeOf(directory.joinByToken({ ...secretOf(founded), peerKey })), 'expired');
  assert.is(await directory.siteByToken(founded.secret, 'new'), null);
  assert.is(await codeOf(directory.joinByToken({ ...secretOf(founded), peerKey, log })), 'done');
  assert.is((await own.site(siteId)).state, 'claimed');
});

token.run();

const sites = suite('SiteDirectory');

sites('names things once, whatever the case, in one place each', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const own = place.directory.of(msp.actors.owner);
  assert.is(await codeOf(own.createClient(' ACME ')), 'conflict');
  const { id: clientId } = await own.createClient('Beta');
  assert.is(await codeOf(own.renameClient(clientId, 'acme')), 'conflict');
  await own.renameClient(clientId, 'BETA');
  const asked = own.createSite({ clientId: msp.clientId, name: 'BERLIN' });
  assert.is(await codeOf(asked), 'conflict');
  const { siteId } = await own.createSite({ clientId, name: 'Berlin' });
  await own.renameSite(siteId, 'Bern');
  assert.equal(
    (await own.clients()).map(({ name, sites: count }) => [name, count]),
    [
      ['Acme', 1],
      ['BETA', 1],
    ],
  );
  assert.equal(await own.client(clientId), { id: clientId, name: 'BETA', sites: 1 });
  assert.equal(
    (await own.sites()).map(({ clientName, name }) => `${clientName}/${name}`),
    ['Acme/Berlin', 'BETA/Bern'],
  );
  for (const name of ['', '  ', 'a\nb', 'a\u202eb', 'x'.repeat(129), '\ud800']) {
    assert.is(await codeOf(own.createClient(name)), 'invalid', JSON.stringify(name));
  }
});

sites('forgets a site with its endpoints and its appliance', async () => {
  await using place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const own = place.directory.of(msp.actors.owner);
  await own.noteEndpoint(msp.siteId, msp.endpointId, 'Mind the dog');
  assert.is(await codeOf(own.removeClient(msp.clientId)), 'conflict');
  assert.equal(await own.removeSite(msp.siteId), { peerKey: msp.siteKey });
  assert.is(await place.directory.siteByPeerKey(msp.siteKey), null);
  assert.equal(await own.endpoints({}), { items: [], next: null });
  await own.removeClient(msp.clientId);
  assert.equal(await own.clients(), []);
});

sites.run();
