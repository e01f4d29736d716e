import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from './base64.ts';
import { FormatError } from './error.ts';
import { createId, isId, parseId } from './id.ts';

const create = suite('createId()');

create('createId() makes what parseId() takes', () => {
  const id = createId();
  assert.is(parseId(id), id);
  assert.is(id.length, 22);
});

create('createId() never makes the same id twice', () => {
  const ids = new Set(Array.from({ length: 1000 }, () => createId()));
  assert.is(ids.size, 1000);
});

create('createId() makes none that a program would take for an option', () => {
  for (let i = 0; i < 2000; i++) assert.not.ok(createId().startsWith('-'));
});

create.run();

const parse = suite('parseId()');

parse('parseId() refuses any other number of bits', () => {
  for (let length = 0; length <= 64; length++) {
    const text = encodeBase64url(new Uint8Array(length));
    if (length === 16) assert.is(parseId(text), text);
    else refuses(text);
  }
});

parse('parseId() refuses a second text of the same bits', () => {
  const id = encodeBase64url(new Uint8Array(16)); // 22 characters A: 4 bits of the last one are not used
  for (const last of 'BCDEFP') refuses(id.slice(0, -1) + last);
  refuses(`${id}==`);
});

parse('parseId() refuses the standard alphabet, spaces and newlines', () => {
  const id = encodeBase64url(new Uint8Array(16).fill(0xff));
  assert.is(parseId(id), id);
  refuses(id.replaceAll('_', '/'));
  for (const bad of [` ${id}`, `${id}\n`, `${id.slice(0, -1)} `, `${id.slice(0, -1)}\u0411`]) {
    refuses(bad);
  }
});

parse.run();

const is = suite('isId()');

is('isId() takes what parseId() takes, and never throws', () => {
  assert.is(isId(createId()), true);
  for (const other of ['', 'A'.repeat(21), 'A'.repeat(43), `${'A'.repeat(21)}B`, '?'.repeat(22)]) {
    assert.is(isId(other), false, other);
  }
});

is.run();

function refuses(text: string): void {
  assert.throws(
    () => parseId(text),
    (error: unknown) => error instanceof FormatError && error.code === 'base64',
    text,
  );
}
