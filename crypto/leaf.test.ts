import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from './base64.ts';
import { type Bytes, decodeUtf8, encodeUtf8, equalBytes } from './bytes.ts';
import { FormatError } from './error.ts';
import { sha256 } from './hash.ts';
import { encodeJcs } from './json.ts';
import { fieldNamesOf, type Kind, KINDS, shapeOf } from './kind.ts';
import { encodeLeaf, formatTime, type Leaf, MAX_LEAF_BYTES, parseLeaf, parseTime } from './leaf.ts';

const log = 'console.example/site/8e1kQv/1';
const t = '2026-11-21T02:09:14.123Z';
const endpointId = encodeBase64url(new Uint8Array(16).fill(1));
const sessionId = encodeBase64url(new Uint8Array(16).fill(2));

type Members = Readonly<Record<string, unknown>>;

const encode = suite('encodeLeaf()');

encode('encodeLeaf() is undone by parseLeaf(), for every kind in every place', () => {
  for (const leaf of KINDS.flatMap(leavesOf)) assert.equal(parseLeaf(encodeLeaf(leaf)), leaf);
});

encode('encodeLeaf() writes what RFC 8785 writes, for every kind in every place', () => {
  for (const leaf of KINDS.flatMap(leavesOf)) {
    assert.is(decodeUtf8(encodeLeaf(leaf)), decodeUtf8(encodeJcs(leaf)));
  }
});

encode('encodeLeaf() writes an origin with quotes as RFC 8785 does', () => {
  const leaf = { ...leafOf('log.opened'), log: 'a"b\\c/d' };
  assert.equal(encodeLeaf(leaf), encodeJcs(leaf));
  assert.equal(parseLeaf(encodeLeaf(leaf)), leaf);
});

encode.run();

const parse = suite('parseLeaf()');

parse('parseLeaf() gives one meaning to one text, whatever byte is mangled', () => {
  const bytes = encodeLeaf(leafOf('command.started'));
  for (let i = 0; i < bytes.length; i++) {
    for (const byte of [0, 0x20, 0x22, 0x2c, 0x30, 0x41, 0x7d, 0xff]) {
      const mangled = bytes.with(i, byte);
      const leaf = parseOrRefuse(mangled);
      if (leaf !== null) assert.ok(equalBytes(encodeLeaf(leaf), mangled));
    }
    assert.is(parseOrRefuse(bytes.slice(0, i)), null);
  }
});

parse('parseLeaf() refuses any other writing of the same members', () => {
  const leaf = leafOf('command.started');
  const text = decodeUtf8(encodeLeaf(leaf));
  const reversed = Object.fromEntries(Object.entries(leaf).reverse());
  for (const other of [
    `${text}\n`,
    ` ${text}`,
    `\ufeff${text}`,
    text.replace(':', ': '),
    text.replace('"v":1', '"v":1.0'),
    text.replace('"v":1', '"v":1,"v":1'),
    text.replace('"i":7', '"i":7e0'),
    text.replace('"i":7', '"i":07'),
    text.replace('"i":7', '"i":-0'),
    text.replace('command.started', 'command\\u002estarted'),
    text.replace('console.example/', 'console.example\\/'),
    JSON.stringify(reversed),
    JSON.stringify(leaf, null, 1),
  ]) {
    assert.is.not(other, text);
    refuses(encodeUtf8(other));
  }
});

parse('parseLeaf() refuses a member missing or unknown', () => {
  for (const kind of KINDS) {
    const members = leafOf(kind) as unknown as Members; // to break it
    for (const name of Object.keys(members)) {
      if (name === 'e' && shapeOf(kind).scope === 'any') continue;
      if (name === 'ref' && shapeOf(kind).refs.required.length === 0) continue;
      const { [name]: _, ...others } = members;
      refusesMembers(others);
    }
    for (const name of ['x', '', '__proto__', 'constructor', 'E']) {
      refusesMembers(Object.fromEntries([...Object.entries(members), [name, 1]]));
    }
  }
});

parse('parseLeaf() refuses what is no JSON object', () => {
  for (const text of ['', 'null', '1', '"x"', '[]', '{}', '{', '[{}]']) refuses(encodeUtf8(text));
  refuses(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d));
});

parse('parseLeaf() refuses what is over its cap before it reads it', () => {
  refuses(new Uint8Array(MAX_LEAF_BYTES + 1).fill(0x20), `over ${MAX_LEAF_BYTES} bytes`);
  const deep = '['.repeat(MAX_LEAF_BYTES / 2) + ']'.repeat(MAX_LEAF_BYTES / 2);
  refuses(encodeUtf8(deep));
});

parse('parseLeaf() refuses other versions, algorithms, kinds and origins', () => {
  const leaf = leafOf('log.opened');
  for (const v of [0, 2, '1', null, true]) refusesMembers({ ...leaf, v });
  for (const alg of ['sha-512', 'SHA-256', '', null]) refusesMembers({ ...leaf, _sd_alg: alg });
  for (const k of [
    '',
    'log.closed',
    'toString',
    '__proto__',
    'log.opened ',
    null,
    ['log.opened'],
  ]) {
    refusesMembers({ ...leaf, k });
  }
  for (const bad of ['', 'a b', 'a+b', 'a\nb', 'b\u00fccher', 'x'.repeat(256), null, 7]) {
    refusesMembers({ ...leaf, log: bad });
  }
});

parse('parseLeaf() refuses what is no index, and takes the last there is', () => {
  const leaf = leafOf('log.opened');
  parseLeaf(encodeLeaf({ ...leaf, i: Number.MAX_SAFE_INTEGER }));
  for (const i of [-1, 0.5, 2 ** 53, 1e21, '7', null]) refusesMembers({ ...leaf, i });
  const inSession = leafOf('chat.said');
  for (const n of [-1, 0.5, 2 ** 53, '1', null]) refusesMembers({ ...inSession, n });
});

parse('parseLeaf() refuses an id or hash that has a second text', () => {
  const leaf = leafOf('chat.said');
  const id = sessionId.slice(0, -1);
  for (const bad of [`${id}x`, id, `${sessionId}A`, `${id}=`, `${id}"`, null, 1]) {
    refusesMembers({ ...leaf, s: bad });
    refusesMembers({ ...leaf, e: bad });
  }
  const hash = hashOf('p').slice(0, -1);
  for (const bad of [`${hash}x`, hash, `${hash}AA`, `${hash}"`, null, 1]) {
    refusesMembers({ ...leaf, p: bad });
    refusesMembers({ ...leaf, _sd: leaf._sd.with(0, bad as string) });
  }
});

parse('parseLeaf() wants endpoint, session and place exactly where the kind does', () => {
  for (const kind of KINDS) {
    const { e: _e, s: _s, n: _n, p: _p, ...bare } = leafOf(kind);
    const { scope } = shapeOf(kind);
    const first = { e: endpointId, s: sessionId, n: 0 };
    const places: readonly { place: Members; scopes: readonly string[] }[] = [
      { place: {}, scopes: ['site', 'any'] },
      { place: { e: endpointId }, scopes: ['endpoint', 'any'] },
      { place: first, scopes: ['session', 'any'] },
      { place: { ...first, n: 1, p: hashOf('p') }, scopes: ['session', 'any'] },
      { place: { ...first, p: hashOf('p') }, scopes: [] },
      { place: { ...first, n: 1 }, scopes: [] },
      { place: { s: sessionId, n: 0 }, scopes: [] },
      { place: { e: endpointId, s: sessionId }, scopes: [] },
      { place: { e: endpointId, n: 0 }, scopes: [] },
      { place: { e: endpointId, n: 1, p: hashOf('p') }, scopes: [] },
      { place: { n: 0 }, scopes: [] },
      { place: { p: hashOf('p') }, scopes: [] },
      { place: { s: sessionId }, scopes: [] },
    ];
    for (const { place, scopes } of places) {
      const bytes = encodeJcs({ ...bare, ...place });
      if (scopes.includes(scope)) parseLeaf(bytes);
      else refuses(bytes);
    }
  }
});

parse('parseLeaf() wants the references that the kind must have, and takes those it may', () => {
  for (const kind of KINDS) {
    const leaf = leafOf(kind);
    const { required, optional } = shapeOf(kind).refs;
    const refs = Object.fromEntries([...required, ...optional].map((name) => [name, hashOf(name)]));
    const { ref: _, ...bare } = leaf;
    for (const missing of required) {
      const { [missing]: _one, ...others } = refs;
      refusesMembers({ ...bare, ref: others });
    }
    refusesMembers({ ...bare, ref: {} });
    for (const bad of [null, [], [hashOf('a')], 'x', 1]) refusesMembers({ ...bare, ref: bad });
    for (const name of ['policy', 'share', 'x', '__proto__', 'length']) {
      if (name in refs && name !== '__proto__') continue;
      const wide = Object.fromEntries([...Object.entries(refs), [name, hashOf('x')]]);
      refusesMembers({ ...bare, ref: wide });
    }
    for (const name of Object.keys(refs)) {
      for (const bad of [null, '', 'A', `${hashOf(name)}=`]) {
        refusesMembers({ ...bare, ref: { ...refs, [name]: bad } });
      }
    }
  }
});

parse('parseLeaf() refuses digests in another number, order or twice', () => {
  for (const kind of KINDS) {
    const leaf = leafOf(kind);
    const [first = ''] = leaf._sd;
    refusesMembers({ ...leaf, _sd: leaf._sd.slice(1) });
    refusesMembers({ ...leaf, _sd: [...leaf._sd, '_'.repeat(42) + '8'] });
    if (leaf._sd.length > 1) {
      refusesMembers({ ...leaf, _sd: leaf._sd.toReversed() });
      refusesMembers({ ...leaf, _sd: [first, first, ...leaf._sd.slice(2)] });
    }
  }
  for (const bad of [null, {}, '', 1, { length: 3 }]) {
    refusesMembers({ ...leafOf('log.opened'), _sd: bad });
  }
});

parse.run();

const time = suite('parseTime()');

time('parseTime() is undone by formatTime()', () => {
  for (const atMs of [0, 1, 999, 1_795_226_954_123, Date.UTC(9999, 11, 31, 23, 59, 59, 999)]) {
    assert.is(parseTime(formatTime(atMs)), atMs);
  }
  assert.is(parseTime(t), Date.UTC(2026, 10, 21, 2, 9, 14, 123));
});

time('parseTime() refuses days and hours that are not, and any other writing', () => {
  for (const bad of [
    '2026-02-29T00:00:00.000Z',
    '2026-04-31T00:00:00.000Z',
    '2026-13-01T00:00:00.000Z',
    '2026-00-01T00:00:00.000Z',
    '2026-11-21T24:00:00.000Z',
    '2026-11-21T23:60:00.000Z',
    '2026-11-21T23:59:60.000Z',
    '2026-99-99T99:99:99.999Z',
    '2026-11-21T02:09:14Z',
    '2026-11-21T02:09:14.12Z',
    '2026-11-21T02:09:14.1234Z',
    '2026-11-21T02:09:14.123+00:00',
    '2026-11-21t02:09:14.123z',
    '2026-11-21 02:09:14.123Z',
    '+002026-11-21T02:09:14.123Z',
    '-000001-11-21T02:09:14.123Z',
    '2026-11-21T02:09:14.123Z\n',
    '',
  ]) {
    assert.throws(
      () => parseTime(bad),
      (error: unknown) => error instanceof FormatError && error.code === 'leaf',
      bad,
    );
    refusesMembers({ ...leafOf('log.opened'), t: bad });
  }
  refusesMembers({ ...leafOf('log.opened'), t: 0 });
});

time.run();

const format = suite('formatTime()');

format('formatTime() writes RFC 3339 in UTC with milliseconds', () => {
  assert.is(formatTime(0), '1970-01-01T00:00:00.000Z');
});

format('formatTime() refuses a year that the form has no room for', () => {
  for (const atMs of [Date.UTC(10_000, 0, 1), Date.UTC(-1, 0, 1), 8.64e15 + 1, Number.NaN]) {
    assert.throws(
      () => formatTime(atMs),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

format.run();

/** A leaf of the kind with all that it may have: in a session its second entry, all references. */
function leafOf(kind: Kind): Leaf {
  const { scope, refs } = shapeOf(kind);
  const names = [...refs.required, ...refs.optional];
  const ref = Object.fromEntries(names.map((name) => [name, hashOf(name)]));
  return {
    v: 1,
    log,
    i: 7,
    t,
    k: kind,
    ...(scope === 'site' ? {} : { e: endpointId }),
    ...(scope === 'session' ? { s: sessionId, n: 1, p: hashOf('p') } : {}),
    ...(names.length > 0 ? { ref } : {}),
    _sd: fieldNamesOf(kind).map(hashOf).sort(),
    _sd_alg: 'sha-256',
  };
}

function leavesOf(kind: Kind): readonly Leaf[] {
  const leaf = leafOf(kind);
  const { e: _e, s: _s, n: _n, p: _p, ...bare } = leaf;
  const { scope } = shapeOf(kind);
  switch (scope) {
    case 'site':
    case 'endpoint':
      return [leaf];
    case 'session':
      return [leaf, { ...bare, e: endpointId, s: sessionId, n: 0 }];
    case 'any':
      return [bare, leaf, { ...leaf, s: sessionId, n: 0 }];
    default:
      throw new Error(`unreachable: scope ${String(scope satisfies never)}`);
  }
}

function hashOf(name: string): string {
  return encodeBase64url(sha256(encodeUtf8(name)));
}

function parseOrRefuse(bytes: Bytes): Leaf | null {
  try {
    return parseLeaf(bytes);
  } catch (error) {
    assert.ok(error instanceof FormatError && error.code === 'leaf', String(error));
    return null;
  }
}

/** Refused for what it says: its members are in order, at both depths. */
function refusesMembers(members: Members): void {
  const text = JSON.stringify(inOrder(members), (name, value: unknown) =>
    name === 'ref' && isMembers(value) ? inOrder(value) : value,
  );
  const state = refuses(encodeUtf8(text));
  assert.not.match(state, 'not canonical');
}

function inOrder(members: Members): Members {
  return Object.fromEntries(Object.entries(members).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuses(bytes: Bytes, state = ''): string {
  try {
    parseLeaf(bytes);
  } catch (error) {
    assert.ok(error instanceof FormatError && error.code === 'leaf', String(error));
    assert.match(String(error), `Cannot parse leaf: ${state}`);
    return String(error);
  }
  assert.unreachable(`accepted: ${decodeUtf8(bytes)}`);
  return '';
}
