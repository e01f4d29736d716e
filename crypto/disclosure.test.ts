import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from './base64.ts';
import { encodeUtf8 } from './bytes.ts';
import {
  createDisclosure,
  digestOf,
  parseDisclosure,
  readDisclosureJson,
  SALT_BYTES,
} from './disclosure.ts';
import { FormatError } from './error.ts';
import type { Json } from './json.ts';

const salt = Uint8Array.from({ length: SALT_BYTES }, (_, i) => i);
const saltText = 'AAECAwQFBgcICQoLDA0ODw';

const create = suite('createDisclosure()');

create('createDisclosure() writes base64url of the JSON [salt, name, value]', () => {
  const disclosure = createDisclosure('exit_code', 0, { salt });
  assert.is(readDisclosureJson(disclosure.text), `["${saltText}","exit_code",0]`);
  assert.is(disclosure.digest, digestOf(disclosure.text));
});

create('createDisclosure() takes a fresh salt each time', () => {
  const made = Array.from({ length: 100 }, () => createDisclosure('command', 'ls'));
  assert.is(new Set(made.map(({ digest }) => digest)).size, 100);
  for (const { text } of made) {
    const [fresh] = JSON.parse(readDisclosureJson(text)) as [string]; // the form that is tested above
    assert.is(fresh.length, 22);
  }
});

create('createDisclosure() is undone by parseDisclosure(), for any name and value', () => {
  const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '_sd' && text !== '...');
  const leaf = fc.oneof(fc.constant(null), fc.boolean(), fc.maxSafeInteger(), fc.string());
  const value = fc.oneof(leaf, fc.array(leaf), fc.record({ a: leaf, b: fc.array(leaf) }));
  fc.assert(
    fc.property(name, value, (name, value) => {
      const positive = JSON.parse(JSON.stringify(value)) as Json; // −0 is 0 in JSON
      const made = createDisclosure(name, positive);
      assert.equal(parseDisclosure(made.text), made);
    }),
    { numRuns: 200, seed: 1 },
  );
});

create('createDisclosure() refuses a value that has no canonical form', () => {
  for (const value of [1.5, Number.NaN, 2 ** 53, '\ud800']) {
    assert.throws(
      () => createDisclosure('x', value),
      (error: unknown) => error instanceof FormatError && error.code === 'json',
    );
  }
});

create.run();

const digest = suite('digestOf()');

digest('digestOf() gives the digest that RFC 9901 §4.2.3 gives', () => {
  assert.is(
    digestOf('WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0'),
    'X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0',
  );
});

digest.run();

const parse = suite('parseDisclosure()');

parse('parseDisclosure() refuses the second texts that RFC 9901 leaves free', () => {
  parseDisclosure(ofJson(`["${saltText}","name","M\u00f6bius"]`));
  refuses(ofJson(`["${saltText}", "name", "M\u00f6bius"]`));
  refuses(ofJson(`["${saltText}","name","M\\u00f6bius"]`));
  refuses(ofJson(`["${saltText}","name",1.0]`));
  refuses(ofJson(`["${saltText}","name",{"b":1,"a":2}]`));
  refuses(ofJson(`["${saltText}","name",{"a":1,"a":1}]`));
  refuses(ofJson(`["${saltText}","name",{"__proto__":1}]`));
  refuses(ofJson(`\ufeff["${saltText}","name",1]`));
  refuses(ofJson(`["${saltText}","name",1]\n`));
});

parse('parseDisclosure() refuses what is not three members', () => {
  for (const json of [
    `["${saltText}","name"]`,
    `["${saltText}","name",1,2]`,
    '[]',
    '{}',
    'null',
    '"x"',
    `{"0":"${saltText}","1":"name","2":1,"length":3}`,
  ]) {
    refuses(ofJson(json));
  }
});

parse('parseDisclosure() refuses a salt that is not 128 bits of base64url', () => {
  for (const bad of ['""', `"${saltText}A"`, `"${saltText.slice(0, -1)}"`, 'null', '0', '[]']) {
    refuses(ofJson(`[${bad},"name",1]`));
  }
  refuses(ofJson(`["${saltText.slice(0, -1)}x","name",1]`)); // trailing bits
  refuses(ofJson(`["${saltText}==","name",1]`));
});

parse('parseDisclosure() refuses the names that RFC 9901 §7.1 forbids, and no name', () => {
  for (const bad of ['"_sd"', '"..."', 'null', '1', '["a"]']) {
    refuses(ofJson(`["${saltText}",${bad},1]`));
  }
});

parse('parseDisclosure() refuses text that is not base64url of UTF-8 JSON', () => {
  for (const bad of ['', '!', 'A', 'AAAA', encodeBase64url(Uint8Array.of(0xff, 0xfe))]) {
    refuses(bad);
  }
  const { text } = createDisclosure('name', 1, { salt });
  refuses(`${text}=`);
  refuses(` ${text}`);
  refuses(`${text}~`);
});

parse('parseDisclosure() refuses JSON nested past any use, clearly', () => {
  refuses(ofJson(`["${saltText}","name",${'['.repeat(50_000)}${']'.repeat(50_000)}]`));
});

parse('parseDisclosure() never gives two meanings to one text, whatever is mangled', () => {
  const { text } = createDisclosure('command', 'rm -rf /tmp/x', { salt });
  for (let i = 0; i < text.length; i++) {
    for (const char of 'Aa0-_=.') {
      const mangled = text.slice(0, i) + char + text.slice(i + 1);
      let parsed;
      try {
        parsed = parseDisclosure(mangled);
      } catch (error) {
        assert.ok(error instanceof FormatError && error.code === 'disclosure', String(error));
        continue;
      }
      assert.is(parsed.digest === digestOf(text), mangled === text);
    }
  }
});

parse.run();

const read = suite('readDisclosureJson()');

read('readDisclosureJson() shows the JSON as it stands', () => {
  assert.is(readDisclosureJson(ofJson('[ 1, "\u00f6" ]')), '[ 1, "\u00f6" ]');
});

read.run();

function ofJson(json: string): string {
  return encodeBase64url(encodeUtf8(json));
}

function refuses(text: string): void {
  assert.throws(
    () => parseDisclosure(text),
    (error: unknown) => error instanceof FormatError && error.code === 'disclosure',
    text.slice(0, 100),
  );
}
