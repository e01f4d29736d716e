import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { codeOf, openDirectoryPlace } from '#scripts/testing/console-directory.ts';
import { claimStorySite, signStoryKeys } from '#scripts/testing/console-site-keys.ts';
import { foundMsp, STORY_MS, storyKey, storyRoster } from '#scripts/testing/console-story.ts';
import { commonOf } from '#appliance/protocol/session-key.ts';
import { signStatement, type StatementOf, statementSigner } from '#crypto/statement.ts';

/** A site at work, its owner, and what an honest statement says. */
async function openStory() {
  const place = await openDirectoryPlace();
  const msp = await foundMsp(place.directory, 'one');
  const logKey = await claimStorySite(place.directory, msp);
  const own = place.directory.of(msp.actors.owner);
  const said = { site: msp.siteId, appliance: msp.siteKey, log_key: logKey };
  const put = async (over: Partial<StatementOf<'site'>> = {}, by = msp.root) =>
    codeOf(own.putSiteKeys(msp.siteId, await signStoryKeys(by, { ...said, ...over })));
  return { place, msp, own, said, put, [Symbol.asyncDispose]: () => place[Symbol.asyncDispose]() };
}

const put = suite('SiteKeysDirectory.putSiteKeys()');

put('keeps the keys that a site has, and gives them to who may see the site alone', async () => {
  await using story = await openStory();
  const { msp, own, said, place } = story;
  assert.is((await own.site(msp.siteId)).signedKeys, null);
  const envelope = await signStoryKeys(msp.root, said);
  assert.equal(await own.putSiteKeys(msp.siteId, envelope), { version: 1 });
  for (const actor of Object.values(msp.actors)) {
    const seen = place.directory.of(actor);
    assert.equal((await seen.site(msp.siteId)).signedKeys, envelope);
    assert.equal((await seen.sites())[0]?.signedKeys, envelope);
  }
  const changes = (await own.changes({})).items; // all of one moment, so in any order
  assert.is(changes.find(({ what }) => what === 'site.signed')?.detail['version'], 1);
  const other = await foundMsp(place.directory, 'two');
  const theirs = place.directory.of(other.actors.owner);
  assert.not(JSON.stringify(await theirs.sites()).includes(envelope.statement));
  assert.is(await codeOf(theirs.site(msp.siteId)), 'not-found');
  assert.is(await codeOf(theirs.putSiteKeys(msp.siteId, envelope)), 'not-found');
  assert.is(await codeOf(theirs.putSiteKeys(other.siteId, envelope)), 'conflict', 'not at work');
});

put('refuses other keys than the site has, another site, and whoever is no root', async () => {
  await using story = await openStory();
  const { msp, own, said, place } = story;
  const stranger = await storyKey();
  const other = await foundMsp(place.directory, 'two');
  const otherLog = await claimStorySite(place.directory, other);
  assert.is(await story.put({ appliance: stranger.key }), 'conflict');
  assert.is(await story.put({ log_key: otherLog }), 'conflict');
  assert.is(await story.put({ site: other.siteId }), 'invalid');
  assert.is(await story.put({}, stranger), 'invalid');
  assert.is(await story.put({}, other.root), 'invalid', 'the root of another organisation');
  assert.is(await story.put({ by: msp.root.key }, stranger), 'invalid', 'in the name of the root');
  const roster = await storyRoster({ root: msp.root, version: 9 });
  assert.is(await codeOf(own.putSiteKeys(said.site, roster)), 'invalid');
  assert.is((await own.site(msp.siteId)).signedKeys, null);
});

put('takes versions only upwards', async () => {
  await using story = await openStory();
  const codes = [];
  for (const version of [2, 2, 1, 3]) codes.push(await story.put({ version }));
  assert.equal(codes, ['done', 'conflict', 'conflict', 'done']);
});

put('refuses what does not hold to its end: a certificate that runs out before', async () => {
  await using story = await openStory();
  const { msp } = story;
  const deputy = await storyKey();
  const signer = statementSigner(msp.root.signer);
  const certify = (lifeMs: number) => {
    const common = commonOf(signer, { nowMs: STORY_MS, lifeMs });
    return signStatement({ ...common, type: 'root', keys: deputy.key }, signer);
  };
  const short = await certify(30 * 86_400_000);
  const long = await certify(900 * 86_400_000);
  assert.is(await story.put({}, deputy), 'invalid');
  assert.is(await story.put({ roots: [short] }, deputy), 'invalid');
  assert.is(await story.put({ roots: [long] }, deputy), 'done');
  const expired = new Date(STORY_MS - 1).toISOString();
  assert.is(await story.put({ version: 2, expires: expired }), 'invalid');
});

put.run();
