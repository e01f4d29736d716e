import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { attest, evidenceOf, evidenceSource } from '#scripts/testing/evidence-story.ts';
import { refusalOf } from '#scripts/testing/refusal.ts';
import { siteStory } from '#scripts/testing/site-story.ts';

import { encodeUtf8 } from './bytes.ts';
import { digestOf } from './disclosure.ts';
import { openWhole } from './entry.ts';
import { buildEvidence, gatherEvidence } from './evidence-build.ts';
import {
  decodeSegment,
  encodeSegment,
  formatEvidenceFile,
  parseEvidenceFile,
  snapshotDigest,
} from './evidence-file.ts';
import { encodeJcs } from './json.ts';
import { parseLeaf } from './leaf.ts';
import { encodeBase64url } from './base64.ts';

const story = await siteStory();
const bytes = await evidenceOf(story.session);

const parse = suite('parseEvidenceFile()');

parse('parseEvidenceFile() gives back what formatEvidenceFile() wrote', () => {
  assert.equal(formatEvidenceFile(parseEvidenceFile(bytes)), bytes);
});

parse('parseEvidenceFile() refuses what has more, less or another form', async () => {
  const file = parseEvidenceFile(bytes);
  const { session: _, ...less } = file;
  for (const bad of [
    { ...file, more: 1 },
    less,
    { ...file, format: 'caisey/evidence/v2' },
    { ...file, session: 'short' },
    { ...file, range: { ...file.range, start: -1 } },
    { ...file, range: { ...file.range, left: ['short'] } },
    { ...file, entries: [{ ...file.entries[0], more: 1 }] },
    { ...file, entries: {} },
    { ...file, attestation: {} },
  ]) {
    assert.is(await refusalOf(() => parseEvidenceFile(encodeJcs(bad))), 'evidence');
  }
});

parse.run();

const build = suite('buildEvidence()');

build('buildEvidence() gives the same bytes for the same entries', async () => {
  const source = await evidenceSource(story.session);
  assert.equal(buildEvidence(source), bytes);
  const reversed = { ...source, earlier: source.earlier.toReversed() };
  assert.equal(buildEvidence(reversed), bytes);
});

build('buildEvidence() refuses content that is not of its entry', async () => {
  const source = await evidenceSource(story.session);
  const [first, second, ...rest] = source.entries;
  if (first === undefined || second === undefined) throw new Error('unreachable: it has entries');
  const swapped = [{ ...first, disclosures: second.disclosures }, second, ...rest];
  assert.is(await refusalOf(() => buildEvidence({ ...source, entries: swapped })), 'evidence');
  const outside = [{ ...first, index: 0 }, second, ...rest];
  assert.is(await refusalOf(() => buildEvidence({ ...source, entries: outside })), 'evidence');
});

build.run();

const digest = suite('snapshotDigest()');

digest('snapshotDigest() stays while the log grows, and follows what is withheld', async () => {
  const before = snapshotDigest(gatherEvidence(await evidenceSource(story.session)));
  await attest(story.session); // the log grows by an entry
  const after = snapshotDigest(gatherEvidence(await evidenceSource(story.session)));
  assert.is(after, before);
  const withhold = { segments: (_: number, __: string, i: number) => i === 0 };
  const less = gatherEvidence(await evidenceSource(story.session, { withhold }));
  assert.is.not(snapshotDigest(less), before);
});

digest('snapshotDigest() follows what the session leans on, and no proof of it', async () => {
  const file = gatherEvidence(await evidenceSource(story.session));
  const [first, ...rest] = file.earlier;
  if (first === undefined) throw new Error('unreachable: it leans on the claim');
  const before = snapshotDigest(file);
  assert.is(snapshotDigest({ ...file, earlier: [{ ...first, proof: [] }, ...rest] }), before);
  const less = [{ ...first, disclosures: first.disclosures.slice(1) }, ...rest];
  assert.is.not(snapshotDigest({ ...file, earlier: less }), before);
  assert.is.not(snapshotDigest({ ...file, earlier: rest }), before);
});

digest.run();

const segment = suite('decodeSegment()');

segment('decodeSegment() gives back any bytes that encodeSegment() wrote', () => {
  const salt = new Uint8Array(16);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (any) => {
      const shown = { kind: 'shown' as const, salt, bytes: new Uint8Array(any) };
      assert.equal(decodeSegment(encodeSegment(shown)), shown);
    }),
  );
  const hash = new Uint8Array(32);
  assert.equal(decodeSegment(encodeSegment({ kind: 'withheld', hash })), {
    kind: 'withheld',
    hash,
  });
});

segment('decodeSegment() refuses a second encoding of the same bytes', async () => {
  const salt = 'A'.repeat(22);
  for (const bad of [
    { salt, base64: 'eA==' }, // "x", which is text
    { salt, base64: '/w' },
    { salt, base64: '/x==' },
    { salt: `${salt.slice(1)}B`, text: 'x' },
    { salt: 'AAAA', text: 'x' },
    { hash: 'A'.repeat(42) },
  ]) {
    assert.is.not(await refusalOf(() => decodeSegment(bad)), 'accepted', JSON.stringify(bad));
  }
});

segment.run();

const readme = suite('README');

readme('README shows a leaf that is one, and the disclosures that it holds', () => {
  const text = readFileSync(join(import.meta.dirname, 'README.md'), 'utf8');
  const leaf = parseLeaf(encodeUtf8(/^\{"_sd":.*\}$/m.exec(text)?.[0] ?? ''));
  const shown = [...text.matchAll(/^\["[\w-]{22}",.*\]$/gm)].map(([json]) =>
    encodeBase64url(encodeUtf8(json)),
  );
  assert.equal(shown.map(digestOf).sort(), [...leaf._sd]);
  const fields = openWhole('command.output', { leaf, disclosures: shown });
  assert.is(fields.stream, 'stdout');
});

readme.run();
