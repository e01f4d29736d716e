import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  brokenBy,
  brokenIn,
  changed,
  type Draft,
  present,
  verify,
} from '#scripts/testing/evidence-attack.ts';
import { evidenceOf, trustOf } from '#scripts/testing/evidence-story.ts';
import { siteStory } from '#scripts/testing/site-story.ts';
import { foundSite, witnessedCheckpoint } from '#scripts/testing/story-site.ts';

import { encodeUtf8 } from './bytes.ts';
import { parseEvidenceFile } from './evidence-file.ts';
import { encodeJcs } from './json.ts';
import { encodeLeaf, type Leaf, parseLeaf } from './leaf.ts';

const story = await siteStory();
const trust = trustOf(story.site);
const whole = await evidenceOf(story.session);

const log = suite('verifyEvidence() on the log');

log('verifyEvidence() takes keys from trust alone', async () => {
  const otherLog = await foundSite({
    people: { ...story.site.people, appliance: story.site.people.mallory },
  });
  const stranger = trustOf(otherLog);
  assert.is(await brokenBy(whole, stranger), 'log-signature');
  const { root, mallory } = story.site.people;
  const [pinned] = trust.sites;
  for (const keys of [
    { mspRoot: mallory.key },
    { authorityKey: mallory.key },
    { mspRoot: root.key, authorityKey: root.key },
  ]) {
    const sites = [{ ...present(pinned), ...keys }];
    assert.is(await brokenBy(whole, { ...trust, sites }), 'commands-authorised');
  }
  assert.is(await brokenBy(whole, { ...trust, sites: [] }), 'log-signature');
});

log(
  'verifyEvidence() refuses a checkpoint of another tree, and one that nobody signed',
  async () => {
    const { log: memory } = story.site;
    const note = await memory.checkpoint();
    const shorter = await memory.checkpoint(memory.size - 1);
    assert.is(
      await changed(whole, { trust, change: (file) => (file.checkpoint = shorter) }),
      'range-inclusion',
    );
    const foreign = await (await siteStory()).site.log.checkpoint(); // same keys, other salts
    assert.is(
      await changed(whole, { trust, change: (file) => (file.checkpoint = foreign) }),
      'range-inclusion',
    );
    const forged = note.replace(`\n${memory.size}\n`, `\n${memory.size + 1}\n`);
    assert.is(
      await changed(whole, { trust, change: (file) => (file.checkpoint = forged) }),
      'log-signature',
    );
    assert.is(
      await changed(whole, { trust, change: (file) => (file.checkpoint = 'nothing') }),
      'log-signature',
    );
  },
);

log('verifyEvidence() asks for the quorum that trust asks for', async () => {
  const strict = trustOf(story.site, { isWitnessAsked: true });
  assert.is(await brokenBy(whole, strict), 'verified');
  const alone = await evidenceOf(story.session, { isWitnessed: false });
  assert.is(await brokenBy(alone, strict), 'witness-cosignatures');
});

log('verifyEvidence() says plainly when trust is of another site, by name or by key', async () => {
  const elsewhere = await foundSite({ origin: 'console.example/site/elsewhere/1' });
  const otherKey = await foundSite({
    people: { ...story.site.people, appliance: story.site.people.mallory },
  });
  for (const site of [elsewhere, otherKey]) {
    const { verdict, checks } = await verify(whole, trustOf(site));
    assert.is(verdict, 'failed');
    assert.match(
      present(checks[0]).detail,
      /^This evidence is of another site than the trust file/,
    );
    assert.equal(
      checks.slice(1, 9).map(({ outcome }) => outcome),
      Array<string>(8).fill('not-checked'),
    );
  }
});

log('verifyEvidence() ignores lines by keys that trust does not name', async () => {
  const nobody = { ...trust, policy: { ...trust.policy, witnesses: [] } };
  const report = await verify(whole, nobody);
  assert.is(report.verdict, 'verified');
  const [, witnesses] = report.checks;
  assert.is(present(witnesses).outcome, 'not-applicable');
  assert.match(present(witnesses).detail, 'lines by keys unknown to trust: 1');
  const line = present(parseEvidenceFile(whole).checkpoint.split('\n').at(-2));
  const strangers = (count: number): string =>
    Array.from({ length: count }, (_, i) => line.replace('witness.example', `w${i}`) + '\n').join(
      '',
    );
  const withMore = (count: number): Promise<string> =>
    changed(whole, { trust, change: (file) => (file.checkpoint += strangers(count)) });
  assert.is(await withMore(62), 'verified');
  assert.is(await withMore(63), 'log-signature'); // a note holds 64 lines
});

log('verifyEvidence() refuses a cosignature by a known witness that does not hold', async () => {
  const lines = parseEvidenceFile(whole).checkpoint.split('\n');
  const { size } = story.site.log;
  const earlier = (await witnessedCheckpoint(story.site, { size: size - 1 })).split('\n');
  lines.splice(-2, 1, present(earlier.at(-2))); // the witness's line for another tree
  const moved = lines.join('\n');
  assert.is(
    await changed(whole, { trust, change: (file) => (file.checkpoint = moved) }),
    'witness-cosignatures',
  );
});

log('verifyEvidence() refuses leaves left out, moved, added, or of another place', async () => {
  const other = story.site.log.entry(0);
  const text = new TextDecoder().decode(other.leafBytes);
  const attacks: readonly ((file: Draft) => unknown)[] = [
    ({ range }) => range.leaves.splice(5, 1),
    ({ range }) => range.leaves.pop(),
    ({ range }) => range.leaves.shift(),
    ({ range }) => range.leaves.splice(3, 2, present(range.leaves[4]), present(range.leaves[3])),
    ({ range }) => range.leaves.push(text),
    ({ range }) => (range.leaves[5] = text),
    ({ range }) => range.leaves.splice(5, 0, present(range.leaves[5])),
    ({ range }) => (range.start += 1),
    ({ range }) => range.left.pop(),
    ({ range }) => range.left.push(present(range.left[0])),
    ({ range }) => range.right.push(present(range.left[0])),
    ({ range }) => (range.leaves[2] = 'no leaf'),
    ({ range }) => (range.leaves = []),
    ({ earlier }) => earlier[0]?.proof.pop(),
    ({ earlier }) => (present(earlier[0]).leaf = present(earlier[1]).leaf),
  ];
  for (const [i, attack] of attacks.entries()) {
    assert.is(await changed(whole, { trust, change: attack }), 'range-inclusion', `attack ${i}`);
  }
});

log('verifyEvidence() names the entry that was changed', async () => {
  const { start, leaves } = parseEvidenceFile(whole).range;
  for (const [offset, leaf] of leaves.entries()) {
    if (offset === leaves.length - 1) continue; // nothing in the range names the last
    if (offset === 5) continue; // of no session: nothing names it either
    const file: Draft = parseEvidenceFile(whole);
    file.range.leaves[offset] = leaf.replace('"t":"2026', '"t":"2025');
    const report = await verify(encodeJcs(file), trust);
    assert.is(report.firstBroken, start + offset);
  }
});

log('verifyEvidence() names an entry whose link to the one before was changed', async () => {
  const file: Draft = parseEvidenceFile(whole);
  const at = 8;
  const leaf = parseLeaf(encodeUtf8(present(file.range.leaves[at])));
  const other = encodeLeaf({ ...leaf, p: 'A'.repeat(43) });
  file.range.leaves[at] = new TextDecoder().decode(other);
  const report = await verify(encodeJcs(file), trust);
  assert.is(report.firstBroken, file.range.start + at);
});

log('verifyEvidence() refuses leaves that a dishonest log took in', async () => {
  const forged = async (over: Partial<Leaf>): Promise<string> =>
    brokenIn((session, { log: memory }) => {
      const { leaf, disclosures } = memory.entry(0);
      memory.appendLeaf(
        encodeLeaf({ ...leaf, i: memory.size, t: session.opened.leaf.t, ...over }),
        {
          disclosures,
        },
      );
    });
  assert.is(await forged({}), 'verified');
  assert.is(await forged({ log: 'console.example/site/other/1' }), 'range-inclusion');
  assert.is(await forged({ i: 3 }), 'range-inclusion');
  assert.is(await forged({ t: '2026-11-21T01:59:59.000Z' }), 'range-inclusion');
});

log.run();
