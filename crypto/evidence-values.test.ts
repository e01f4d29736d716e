import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { changed, type Draft, present, verify } from '#scripts/testing/evidence-attack.ts';
import { evidenceOf, trustOf } from '#scripts/testing/evidence-story.ts';
import { refusalOf } from '#scripts/testing/refusal.ts';
import { siteStory } from '#scripts/testing/site-story.ts';

import { isWithholdable, parseEvidenceFile } from './evidence-file.ts';
import { encodeJcs } from './json.ts';

const story = await siteStory();
const trust = trustOf(story.site);
const whole = await evidenceOf(story.session);

const values = suite('verifyEvidence() on values');

values('verifyEvidence() refuses values and text that are not those of the entry', async () => {
  const textOf = (file: Draft) =>
    present(file.entries.find(({ texts }) => texts.length > 0)?.texts[0]);
  const attacks: readonly ((file: Draft) => unknown)[] = [
    ({ entries }) => (present(entries[0]).disclosures = [...present(entries[1]).disclosures]),
    ({ entries }) => entries[0]?.disclosures.push(present(entries[0].disclosures[0])),
    ({ entries }) => entries[0]?.disclosures.reverse(),
    ({ entries }) => (present(entries[0]).disclosures[0] = 'AAAA'),
    ({ entries }) => (present(entries[0]).disclosures[0] = ''),
    (file) => textOf(file).segments.pop(),
    (file) => textOf(file).segments.reverse(),
    (file) => textOf(file).segments.push({ hash: 'A'.repeat(43) }),
    (file) => (textOf(file).segments[0] = { hash: 'A'.repeat(43) }),
    (file) => (textOf(file).segments[0] = { salt: 'A'.repeat(22), text: 'x' }),
    (file) => (textOf(file).segments[0] = { salt: 'A'.repeat(22), base64: 'eA==' }),
    (file) => (textOf(file).field = 'other'),
    ({ entries }) => (present(entries.find(({ texts }) => texts.length > 0)).texts = []),
    ({ entries }) => entries[0]?.texts.push({ field: 'text', segments: [] }),
    ({ earlier }) => earlier[0]?.disclosures.push(present(earlier[1]?.disclosures[0])),
  ];
  for (const [i, attack] of attacks.entries()) {
    assert.is(await changed(whole, { trust, change: attack }), 'values-bound', `attack ${i}`);
  }
});

values('verifyEvidence() says of changed text which entry it is, in plain words', async () => {
  const file: Draft = parseEvidenceFile(whole);
  const entry = present(file.entries.find(({ texts }) => texts.length > 0));
  present(entry.texts[0]).segments[0] = { salt: 'A'.repeat(22), text: 'x' };
  const { checks } = await verify(encodeJcs(file), trust);
  const broken = checks.find(({ name }) => name === 'values-bound');
  assert.is(broken?.index, entry.index);
  assert.match(
    broken?.detail ?? '',
    `The text of entry ${entry.index}, command.output, is not the`,
  );
});

values('verifyEvidence() refuses text whose base64 hides that it is text', async () => {
  const broken = await changed(whole, {
    trust,
    change: (file) => {
      const text = present(file.entries.find(({ texts }) => texts.length > 0)?.texts[0]);
      const [segment] = text.segments;
      if (segment === undefined || !('text' in segment))
        throw new Error('unreachable: text is shown');
      text.segments[0] = { salt: segment.salt, base64: btoa(segment.text) };
    },
  });
  assert.is(broken, 'values-bound');
});

values('verifyEvidence() refuses a file that withholds what carries the proof', async () => {
  for (const { index } of parseEvidenceFile(whole).entries) {
    const { k } = story.site.log.entry(index).leaf;
    const names = present(parseEvidenceFile(whole).entries.find((entry) => entry.index === index));
    for (const [i, text] of names.disclosures.entries()) {
      const name = (
        JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/'))) as string[]
      )[1];
      if (isWithholdable(k, name ?? '')) continue;
      const file: Draft = parseEvidenceFile(whole);
      const entry = present(file.entries.find((candidate) => candidate.index === index));
      entry.disclosures.splice(i, 1);
      if (name === 'text') entry.texts = [];
      const report = await verify(encodeJcs(file), trust);
      const withheld = report.checks.find((check) => check.name === 'withheld');
      assert.is(withheld?.outcome, 'failed', `${k}.${String(name)}`);
      assert.is(report.verdict, 'failed');
    }
  }
});

values('buildEvidence() refuses to withhold what carries the proof', async () => {
  const withhold = { fields: (_: number, name: string) => name === 'statement' };
  assert.is(await refusalOf(() => evidenceOf(story.session, { withhold })), 'evidence');
});

values.run();
