import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { trustOf } from '#scripts/testing/evidence-story.ts';
import { refusalOf } from '#scripts/testing/refusal.ts';
import { foundSite } from '#scripts/testing/story-site.ts';

import { formatTrustPolicy } from './trust-policy.ts';
import { formatTrustFile, MAX_TRUST_CHARS, parseTrustFile } from './trust-file.ts';

const site = await foundSite();
const trust = trustOf(site, { isWitnessAsked: true });
const { people, log } = site;
const document = {
  format: 'caisey/trust/v1',
  policy: formatTrustPolicy(trust.policy),
  sites: [{ log: log.origin, msp_root: people.root.key, authority: people.authority.key }],
};
const [pinned] = document.sites;

const parse = suite('parseTrustFile()');

parse('parseTrustFile() gives back what formatTrustFile() wrote, however it is spaced', () => {
  const text = formatTrustFile(trust);
  assert.equal(parseTrustFile(text), trust);
  for (const spaced of [
    JSON.stringify(document),
    JSON.stringify(document, null, '\t'),
    ` \r\n${JSON.stringify(document)}\n\n`,
  ]) {
    assert.is(formatTrustFile(parseTrustFile(spaced)), text);
  }
});

parse('parseTrustFile() refuses what is not in the form', async () => {
  const bad: readonly (readonly [unknown, string])[] = [
    [{ ...document, format: 'caisey/trust/v2' }, 'trust'],
    [{ ...document, more: 1 }, 'trust'],
    [{ format: document.format, policy: document.policy }, 'trust'],
    [{ ...document, policy: 'quorum none' }, 'policy'],
    [{ ...document, policy: '' }, 'policy'],
    [{ ...document, sites: [{ ...pinned, log: 'elsewhere' }] }, 'trust'],
    [{ ...document, sites: [pinned, pinned] }, 'trust'],
    [{ ...document, sites: [{ ...pinned, msp_root: 'ed25519:AAAA' }] }, 'trust'],
    [{ ...document, sites: [{ ...pinned, msp_root: undefined }] }, 'trust'],
    [{ ...document, sites: [{ ...pinned, more: 1 }] }, 'trust'],
    [[], 'trust'],
    [null, 'trust'],
  ];
  for (const [value, code] of bad) {
    const text = JSON.stringify(value);
    assert.is(await refusalOf(() => parseTrustFile(text)), code, text);
  }
  for (const text of ['', '{', 'x'.repeat(MAX_TRUST_CHARS + 1)]) {
    assert.is(await refusalOf(() => parseTrustFile(text)), 'trust');
  }
});

parse(
  'parseTrustFile() refuses a name that is given twice, of which one would be lost',
  async () => {
    const text = JSON.stringify(document);
    const { mallory } = people;
    for (const twice of [
      text.replace('"msp_root":', `"msp_root":"${mallory.key}","msp_root":`),
      text.replace('"sites":', '"sites":[],"sites":'),
      text.replace('"msp_root":', `"msp_\\u0072oot":`),
    ]) {
      assert.is(await refusalOf(() => parseTrustFile(twice)), 'trust');
    }
  },
);

parse('parseTrustFile() names what nobody knows', () => {
  const file = JSON.parse(formatTrustFile(trust)) as object;
  let said = '';
  try {
    parseTrustFile(JSON.stringify({ ...file, extra: 1 }));
  } catch (error) {
    said = (error as Error).message;
  }
  assert.is(said, 'Cannot parse trust file: it has "extra", which nobody knows');
});

parse.run();

const format = suite('formatTrustFile()');

format('formatTrustFile() refuses what parseTrustFile() would', async () => {
  const [first] = trust.sites;
  const sites = first === undefined ? [] : [first, first];
  assert.is(await refusalOf(() => formatTrustFile({ ...trust, sites })), 'trust');
});

format.run();
