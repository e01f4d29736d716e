import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { alert, chat } from '#scripts/testing/ledger-place.ts';
import { concatBytes } from '#crypto/bytes.ts';
import type { SealedEntry } from '#crypto/entry.ts';
import type { Leaf } from '#crypto/leaf.ts';

import { checkContent, encodeContent, ERASED, parseContent } from './content.ts';

function leafOf(sealed: SealedEntry): Leaf {
  const t = '2026-11-21T02:09:14.123Z';
  return { v: 1, log: 'x', i: 5, t, k: sealed.kind, _sd: sealed.digests, _sd_alg: 'sha-256' };
}

const parse = suite('parseContent()');

parse('gives back what encodeContent() was given', () => {
  for (const { sealed } of [alert('grüße'), chat(''), chat('one\ntwo\n'), chat('x'.repeat(9000))]) {
    const { disclosures, texts } = sealed;
    assert.equal(parseContent(encodeContent(sealed)), { disclosures, texts });
  }
});

parse('answers null for what was erased', () => {
  assert.is(parseContent(ERASED), null);
});

parse('refuses every cut, every length that is too long, and an unknown form', () => {
  const bytes = encodeContent(chat('one\ntwo\n').sealed);
  for (let end = 0; end < bytes.length; end++) {
    assert.throws(() => parseContent(bytes.slice(0, end)), /Cannot trust store/, String(end));
  }
  assert.throws(() => parseContent(concatBytes(bytes, ERASED)), /too long/);
  assert.throws(() => parseContent(Uint8Array.of(2)), /unknown form/);
  assert.throws(() => parseContent(Uint8Array.of(1, 0, 1, 255, 255, 255, 255)), /too short/);
});

parse.run();

const check = suite('checkContent()');

check('accepts all that the leaf commits to', () => {
  for (const { sealed } of [alert('one'), chat('one\ntwo\n'), chat('')]) {
    checkContent(leafOf(sealed), sealed);
  }
});

check('refuses a value too few, twice, of another entry, and a text that was changed', () => {
  const { sealed } = chat('one\ntwo\n');
  const [first = '', ...rest] = sealed.disclosures;
  const [text] = sealed.texts;
  if (text === undefined) throw new Error('a chat has a text');
  const other = chat('one\ntwo\n').sealed;
  for (const content of [
    { ...sealed, disclosures: rest },
    { ...sealed, disclosures: [first, first, ...rest] },
    { ...sealed, disclosures: other.disclosures },
    { ...sealed, texts: [] },
    { ...sealed, texts: [text, text] },
    { ...sealed, texts: other.texts },
    { ...sealed, texts: [{ ...text, segments: text.segments.toReversed() }] },
    { ...sealed, texts: [{ ...text, field: 'name' }] },
  ]) {
    assert.throws(() => checkContent(leafOf(sealed), content), /Cannot trust store/);
  }
});

check.run();
