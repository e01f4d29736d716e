import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { createDisclosure } from '#crypto/disclosure.ts';
import { sealEntry } from '#crypto/entry.ts';
import { leafHash } from '#crypto/hash.ts';
import { encodeLeaf, type Leaf } from '#crypto/leaf.ts';
import { refusalOf } from '#scripts/testing/refusal.ts';
import { showEntry } from '../broker/shown-entry.ts';
import type { ShownEntry } from './shown-entry.ts';
import { checkShownEntry } from './shown-entry.ts';

const TEXT = 'one\n\u001b[2J\u202Etwo\n\u{1F600} three';
const COMMAND = encodeBase64url(leafHash(encodeUtf8('a command')));

/** An entry of output as an appliance shows it. */
function shownOutput(text = TEXT): ShownEntry {
  const sealed = sealEntry('command.output', {
    stream: 'stdout',
    offset: 0,
    text: { bytes: encodeUtf8(text) },
  });
  const leaf: Leaf = {
    ...{ v: 1, log: 'console.example/site/1/1', i: 7, t: '2026-11-21T02:09:14.123Z' },
    ...{ k: 'command.output', e: 'A'.repeat(22), s: 'A'.repeat(22), n: 3, p: COMMAND },
    ...{ ref: { command: COMMAND }, _sd: sealed.digests, _sd_alg: 'sha-256' },
  };
  const leafBytes = encodeLeaf(leaf);
  return showEntry({
    ...{ index: 7, leaf, leafBytes, hash: leafHash(leafBytes) },
    content: { disclosures: sealed.disclosures, texts: sealed.texts },
  });
}

const check = suite('checkShownEntry()');

check('gives back exactly what was sealed', () => {
  for (const text of [TEXT, '', 'x'.repeat(300_000)]) {
    const { texts, opened, isErased, leaf, name } = checkShownEntry(shownOutput(text));
    assert.is(Buffer.from(texts.get('text') ?? []).toString('utf8'), text);
    assert.is((opened.fields as { stream: string }).stream, 'stdout');
    assert.is(isErased, false);
    assert.is(leaf.i, 7);
    assert.is(name.length, 43);
  }
});

check('takes bytes that are no UTF-8 as they are', () => {
  const shown = shownOutput();
  const sealed = sealEntry('chat.said', {
    ...{ from: 'client', name: 'x' },
    text: { bytes: Uint8Array.of(0xff, 0xfe, 0x0a, 0x80) },
  });
  const leaf = { ...(JSON.parse(shown.leaf) as Leaf), k: 'chat.said' as const };
  delete (leaf as { ref?: unknown }).ref;
  const leafBytes = encodeLeaf({ ...leaf, _sd: sealed.digests });
  const said = showEntry({
    ...{ index: 7, leaf, leafBytes, hash: leafHash(leafBytes) },
    content: { disclosures: sealed.disclosures, texts: sealed.texts },
  });
  assert.equal([...(checkShownEntry(said).texts.get('text') ?? [])], [0xff, 0xfe, 0x0a, 0x80]);
});

check('says when the content was erased, and shows none', () => {
  const shown = { ...shownOutput(), disclosures: null, texts: [] };
  const { isErased, opened, texts } = checkShownEntry(shown);
  assert.is(isErased, true);
  assert.is(texts.size, 0);
  assert.is(opened.withheld.length, 3);
});

/** What a lying appliance might show instead; each must be refused, by this code. */
const LIES: Readonly<Record<string, readonly [code: string, (shown: ShownEntry) => ShownEntry]>> = {
  'another byte of text': ['binding', (shown) => changeText(shown, { data: flip(dataOf(shown)) })],
  'text cut short': [
    'binding',
    (shown) =>
      changeText(shown, {
        cuts: cutsOf(shown).slice(0, 2),
        data: Buffer.from(dataOf(shown), 'base64')
          .subarray(0, sum(cutsOf(shown).slice(0, 2)))
          .toString('base64'),
      }),
  ],
  'text cut elsewhere': ['binding', (shown) => changeText(shown, { cuts: [sum(cutsOf(shown))] })],
  'cuts that leave some over': ['segment', (shown) => changeText(shown, { cuts: [1] })],
  'cuts beyond the text': [
    'segment',
    (shown) => changeText(shown, { cuts: [...cutsOf(shown), 9] }),
  ],
  'another entry key': ['binding', (shown) => changeText(shown, { key: 'A'.repeat(43) })],
  'text of a field that has none': ['binding', (shown) => changeText(shown, { field: 'stream' })],
  'text of a field that is none': ['binding', (shown) => changeText(shown, { field: 'toString' })],
  'no text at all': ['binding', (shown) => ({ ...shown, texts: [] })],
  'text of what was erased': ['binding', (shown) => ({ ...shown, disclosures: null })],
  'a value that the leaf does not hold': [
    'binding',
    (shown) => ({
      ...shown,
      disclosures: [
        createDisclosure('stream', 'stderr').text,
        ...(shown.disclosures ?? []).slice(1),
      ],
    }),
  ],
  'a value twice': [
    'binding',
    (shown) => ({
      ...shown,
      disclosures: [...(shown.disclosures ?? []), shown.disclosures?.[0] ?? ''],
    }),
  ],
  'another leaf': ['binding', (shown) => ({ ...shown, leaf: shownOutput().leaf })],
  'a leaf that is not canonical': ['leaf', (shown) => ({ ...shown, leaf: ` ${shown.leaf}` })],
  'data that is not base64': ['base64', (shown) => changeText(shown, { data: '!' })],
};

for (const [name, [code, lie]] of Object.entries(LIES)) {
  check(`refuses ${name}`, async () => {
    const refusal = await refusalOf(() => checkShownEntry(lie(shownOutput())));
    assert.ok(refusal === code || (code === 'leaf' && refusal === 'json'), refusal);
  });
}

check.run();

type Text = ShownEntry['texts'][number];

function changeText(shown: ShownEntry, over: Partial<Text>): ShownEntry {
  return { ...shown, texts: shown.texts.map((text) => ({ ...text, ...over })) };
}

function cutsOf({ texts }: ShownEntry): number[] {
  return texts[0]?.cuts ?? [];
}

function dataOf({ texts }: ShownEntry): string {
  return texts[0]?.data ?? '';
}

function flip(data: string): string {
  const bytes = Buffer.from(data, 'base64');
  bytes[1] = (bytes[1] ?? 0) ^ 1;
  return bytes.toString('base64');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
