import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { codeOf, openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { foundMsp, storyEndpoint } from '#scripts/testing/console-story.ts';
import type { KnownSite } from './directory-links.ts';
import type { Directory, OwnDirectory } from './directory.ts';
import { ConsoleError } from './error.ts';

async function siteOf(directory: Directory, peerKey: string): Promise<KnownSite> {
  const site = await directory.siteByPeerKey(peerKey);
  if (site === null) throw new Error('unreachable: it joined');
  return site;
}

async function namesOf(own: OwnDirectory, text: string): Promise<string[]> {
  return (await own.endpoints({ text })).items.map(({ name }) => name);
}

const fleet = suite('FleetDirectory.endpoints()');

fleet('finds every word somewhere in names, labels and facts of the machine', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const site = await siteOf(directory, msp.siteKey);
  const endpoints = [
    storyEndpoint('1', { name: 'Kasse-Ä', labels: ['front', 'Windows 11'] }),
    storyEndpoint('2', { name: 'server', host: { os: 'Debian 12', load1: 0.5 } }),
    storyEndpoint('3', { name: '100%_\\', labels: [] }),
  ];
  await directory.keepEndpoints(site, { endpoints, isAll: true });
  const own = directory.of(msp.actors['read-only']);
  const all = ['100%_\\', 'Kasse-Ä', 'server'];
  for (const [text, found] of [
    ['', all],
    ['ACME berlin', all],
    ['kasse-ä', ['Kasse-Ä']],
    ['front WINDOWS', ['Kasse-Ä']],
    ['front debian', []],
    ['debian acme', ['server']],
    ['%', ['100%_\\']],
    ['_', ['100%_\\']],
    ['\\', ['100%_\\']],
    ["' or 1=1 --", []],
  ] as const) {
    assert.equal((await namesOf(own, text)).sort(), found, text);
  }
  assert.is(await codeOf(own.endpoints({ text: 'a\0' })), 'invalid');
});

fleet('gives each of two thousand once, page by page', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const site = await siteOf(directory, msp.siteKey);
  const ids = Array.from({ length: 2000 }, (_, i) => `e${i}`);
  const endpoints = ids.map((id, i) => storyEndpoint(id, { name: `pc ${i % 7}` }));
  await directory.keepEndpoints(site, { endpoints, isAll: true });
  const own = directory.of(msp.actors.technician);
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const page = await own.endpoints({ after, limit: 300 });
    seen.push(...page.items.map(({ id }) => id));
    after = page.next;
  } while (after !== null);
  assert.is(seen.length, 2000);
  assert.equal(seen.sort(), ids.sort());
  for (const cursor of ['x', Buffer.from('["a"]').toString('base64url')]) {
    assert.is(await codeOf(own.endpoints({ after: cursor })), 'invalid');
  }
  assert.is(await codeOf(own.endpoints({ limit: 501 })), 'invalid');
});

fleet.run();

const keep = suite('LinkDirectory.keepEndpoints()');

keep('forgets what a full list leaves out, and keeps notes all the same', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const site = await siteOf(directory, msp.siteKey);
  const own = directory.of(msp.actors.technician);
  const tell = (ids: string[], isAll: boolean, gone: string[] = []) =>
    directory.keepEndpoints(site, { endpoints: ids.map((id) => storyEndpoint(id)), isAll, gone });
  await tell(['a', 'b'], true);
  assert.equal(await namesOf(own, ''), ['a', 'b']);
  await own.noteEndpoint(msp.siteId, 'b', 'Mind the dog');
  await tell(['a'], true);
  assert.is(await codeOf(own.endpoint(msp.siteId, 'b')), 'not-found');
  await tell(['b', 'c'], false, ['a']);
  assert.equal(await namesOf(own, ''), ['b', 'c']);
  assert.is((await own.endpoint(msp.siteId, 'b')).note, 'Mind the dog');
});

keep('refuses what no site may tell, and of it all then', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const site = await siteOf(directory, msp.siteKey);
  for (const endpoint of [
    storyEndpoint('../x'),
    storyEndpoint('a', { name: 'a\nb' }),
    storyEndpoint('a', { name: 'x'.repeat(257) }),
    storyEndpoint('a', { seenAt: 'yesterday' }),
    { ...storyEndpoint('a'), note: 'mine' },
  ]) {
    const endpoints = [storyEndpoint('fine'), endpoint];
    assert.is(await codeOf(directory.keepEndpoints(site, { endpoints, isAll: true })), 'invalid');
  }
  const own = directory.of(msp.actors.owner);
  assert.equal(await namesOf(own, ''), [msp.endpointId]);
  await own.removeSite(msp.siteId);
  const late = directory.keepEndpoints(site, { endpoints: [], isAll: true });
  assert.is(await codeOf(late), 'not-found');
});

keep.run();

const status = suite('LinkDirectory.keepStatus()');

status('never puts a smaller checkpoint in the place of a larger', async () => {
  await using place = await openDirectoryPlace();
  const { directory, clock } = place;
  const msp = await foundMsp(directory, 'one');
  const site = await siteOf(directory, msp.siteKey);
  const own = directory.of(msp.actors.owner);
  await own.beginClaim(msp.siteId, msp.siteKey);
  await directory.keepStatus(site, {
    ...{ state: 'claimed', origin: 'console.example/site/x/0', logKey: 'x+1+AAAA' },
    ...{ digestLevel: 'sealed', software: '0.1.0' },
    rosterVersion: 7,
    checkpoint: { text: 'at ten', size: 10 },
  });
  clock.nowMs += 1000;
  await directory.keepStatus(site, { checkpoint: { text: 'at nine', size: 9 } });
  const kept = await own.site(msp.siteId);
  assert.equal([kept.checkpoint, kept.checkpointSize], ['at ten', 10]);
  assert.equal([kept.state, kept.digestLevel, kept.software], ['claimed', 'sealed', '0.1.0']);
  assert.is(kept.rosterVersion, 7);
  assert.is(kept.seenAt, new Date(clock.nowMs).toISOString());
});

status('never puts another log in the place of the first', async () => {
  await using place = await openDirectoryPlace();
  const { directory } = place;
  const msp = await foundMsp(directory, 'one');
  const site = await siteOf(directory, msp.siteKey);
  const first = { origin: 'console.example/site/x/1', logKey: 'x+1+AAAA' };
  await directory.keepStatus(site, first);
  await directory.keepStatus(site, { ...first, software: '0.2.0' });
  for (const other of [{ logKey: 'x+1+BBBB' }, { origin: 'console.example/site/x/2' }]) {
    const refused = directory.keepStatus(site, { ...first, ...other, software: 'evil' });
    const caught = await refused.catch((error: unknown) => error);
    assert.ok(caught instanceof ConsoleError && caught.code === 'conflict');
  }
  const kept = await directory.of(msp.actors.owner).site(msp.siteId);
  assert.equal([kept.logKey, kept.origin, kept.software], [first.logKey, first.origin, '0.2.0']);
});

status.run();
