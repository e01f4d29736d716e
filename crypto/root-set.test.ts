// Root sets: one text for one set, and a key outside it is outside it however the text is written.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createPerson } from '#scripts/testing/story-people.ts';
import {
  formatRootSet,
  isRootKey,
  isRootSet,
  MAX_ROOT_SET_CHARS,
  parseRootSet,
  rootCode,
} from './root-set.ts';

const people = await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => createPerson(id)));
const keys = people.map(({ key }) => key).sort();
const [one = '', two = '', three = '', four = '', five = ''] = keys;

const format = suite('formatRootSet()');

format('writes one text, whatever the order', () => {
  assert.is(formatRootSet([three, one, two]), `${one} ${two} ${three}`);
  assert.is(formatRootSet([one]), one);
  assert.equal(parseRootSet(formatRootSet([four, two, three, one])), [one, two, three, four]);
});

format('refuses no key, five keys, and one key twice', () => {
  for (const bad of [[], keys, [one, one], [one, 'ed25519:AAAA']]) {
    assert.throws(() => formatRootSet(bad), /Cannot parse root set/);
  }
});

format.run();

const parse = suite('parseRootSet()');

parse('refuses every text that is not the one of its set', () => {
  const set = `${one} ${two}`;
  const bad = [
    '',
    ' ',
    ` ${set}`,
    `${set} `,
    `${one}  ${two}`,
    `${one}\t${two}`,
    `${one}\n${two}`,
    `${one},${two}`,
    `${one}\u00a0${two}`,
    `${two} ${one}`,
    `${one} ${one}`,
    `${one} ${two} ${two}`,
    keys.join(' '),
    set.toUpperCase(),
    `${one} ${'x'.repeat(MAX_ROOT_SET_CHARS)}`,
  ];
  for (const text of bad) {
    assert.throws(() => parseRootSet(text), /Cannot parse root set/, JSON.stringify(text));
    assert.not(isRootSet(text));
  }
});

parse.run();

const isKey = suite('isRootKey()');

isKey('is true for each key of the set, and for nothing else', () => {
  const root = formatRootSet([one, two, three]);
  for (const key of [one, two, three]) assert.ok(isRootKey(root, key));
  for (const key of [four, five, '', root, `${one} ${two}`, one.slice(0, -1), `${one} `]) {
    assert.not(isRootKey(root, key), key);
  }
});

isKey('is false under a text that is no root set, also for a key that stands in it', () => {
  for (const root of [`${two} ${one}`, `${one}  ${two}`, `${one} ${one}`, keys.join(' '), '']) {
    assert.not(isRootKey(root, one), root);
  }
});

isKey.run();

const code = suite('rootCode()');

code('differs between sets, and has sixty bits that people can read', () => {
  assert.match(rootCode(one), /^[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){2}$/);
  assert.is.not(rootCode(one), rootCode(two));
  assert.is.not(rootCode(one), rootCode(formatRootSet([one, two])));
});

code.run();
