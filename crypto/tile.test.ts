import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { concatBytes, encodeUtf8 } from './bytes.ts';
import { FormatError } from './error.ts';
import { formatHex, parseHex } from './hex.ts';
import {
  bundlePath,
  encodeBundle,
  MAX_ENTRY_BYTES,
  parseBundle,
  parseBundlePath,
  parseTilePath,
  tileAt,
  type TileId,
  tilePath,
  tilesOf,
} from './tile.ts';

const GOOD: readonly [string, TileId][] = [
  ['tile/0/000', { level: 0, index: 0, width: 256 }],
  ['tile/0/000.p/1', { level: 0, index: 0, width: 1 }],
  ['tile/0/999.p/255', { level: 0, index: 999, width: 255 }],
  ['tile/1/x001/000', { level: 1, index: 1000, width: 256 }],
  ['tile/0/x001/234.p/5', { level: 0, index: 1234, width: 5 }],
  ['tile/2/x001/x234/067', { level: 2, index: 1234067, width: 256 }],
  ['tile/0/x123/x456/078', { level: 0, index: 123456078, width: 256 }],
  ['tile/6/000.p/31', { level: 6, index: 0, width: 31 }],
  ['tile/0/x035/x184/x372/x088/830', { level: 0, index: 35184372088830, width: 256 }],
];

const BAD = `
tile
tile/0
tile/0/
tile/0/0
tile/0/00
tile/0/0000
tile/00/000
tile/01/000
tile/-1/000
tile/+1/000
tile/64/000
tile/100/000
tile/0/x000/000
tile/0/x000/001
tile/0/001/234
tile/0/123/456/078
tile/0/x001/x234
tile/0/x1/234
tile/0/X001/234
tile/0/000.p
tile/0/000.p/
tile/0/000.p/0
tile/0/000.p/01
tile/0/000.p/256
tile/0/000.p/257
tile/0/000.p/-1
tile/0/000.p/5/
tile/0/000/
/tile/0/000
tile//000
tile/8/0/000
tile/7/000
tile/0/x036/x184/x372/x088/831
tile/0/x999/x999/x999/x999/x999/999
tile/0/x999/x999/x999/x999/x999/x999/999
tile/6/000.p/32
tile/entries/000
tile/0/000?
tile/0/000.p/٣
tile/0/..
tile/0/%30%30%30
`
  .trim()
  .split('\n');

function isRefusal(error: unknown): boolean {
  return error instanceof FormatError && error.code === 'tile';
}

const paths = suite('tilePath()');

paths('tilePath() spells the paths of the specification', () => {
  for (const [path, tile] of GOOD) assert.is(tilePath(tile), path);
});

paths('tilePath() refuses a tile that no tree can have', () => {
  const good = { level: 0, index: 0, width: 1 };
  const bad: Partial<TileId>[] = [{ level: -1 }, { level: 64 }, { level: 7 }, { level: 0.5 }];
  bad.push({ index: -1 }, { index: 2 ** 45 }, { index: 2 ** 53 }, { index: 0.1 }, { index: NaN });
  bad.push({ width: 0 }, { width: 257 }, { width: 1.5 });
  for (const change of bad) {
    assert.throws(
      () => tilePath({ ...good, ...change }),
      (e: unknown) => e instanceof RangeError,
    );
  }
});

paths.run();

const parse = suite('parseTilePath()');

parse('parseTilePath() is the inverse of tilePath()', () => {
  for (const [path, tile] of GOOD) assert.equal(parseTilePath(path), tile);
  const level = fc.integer({ min: 0, max: 2 });
  const index = fc.integer({ min: 0, max: 2 ** 28 });
  const width = fc.integer({ min: 1, max: 256 });
  const tiles = fc.record({ level, index, width }, { noNullPrototype: true });
  fc.assert(
    fc.property(tiles, (tile) => {
      assert.equal(parseTilePath(tilePath(tile)), tile);
    }),
  );
});

parse('parseTilePath() refuses every other spelling', () => {
  for (const path of [...BAD, '', ' ', 'tile/0/000\n', '\ntile/0/000', 'tile/0/000.p/5 ']) {
    assert.throws(() => parseTilePath(path), isRefusal, path);
  }
});

parse('parseTilePath() of any text answers or refuses with its code', () => {
  const bits = fc.constantFrom('tile', '/', 'x', '0', '12', '345', '.p', '..', 'é');
  fc.assert(
    fc.property(fc.array(bits, { maxLength: 12 }), (parts) => {
      const path = parts.join('');
      try {
        assert.is(tilePath(parseTilePath(path)), path);
      } catch (error) {
        assert.ok(isRefusal(error));
      }
    }),
  );
});

parse.run();

const bundles = suite('bundlePath()');

bundles('bundlePath() and parseBundlePath() are inverse', () => {
  for (const [path, { level, index, width }] of GOOD) {
    if (level !== 0) continue;
    const entriesPath = path.replace('tile/0/', 'tile/entries/');
    assert.is(bundlePath({ index, width }), entriesPath);
    assert.equal(parseBundlePath(entriesPath), { index, width });
  }
});

bundles('bundlePath() refuses a bundle that no tree can have', () => {
  for (const bundle of [
    { index: -1, width: 1 },
    { index: 0, width: 0 },
    { index: 0, width: 257 },
  ]) {
    assert.throws(
      () => bundlePath(bundle),
      (e: unknown) => e instanceof RangeError,
    );
  }
});

bundles('parseBundlePath() refuses every other spelling', () => {
  const spellings = BAD.map((path) => path.replace(/^tile\/0\//, 'tile/entries/'));
  for (const path of [...spellings.filter((path) => path !== 'tile/entries/000'), 'tile/0/000']) {
    assert.throws(() => parseBundlePath(path), isRefusal, path);
  }
});

bundles.run();

const encode = suite('encodeBundle()');

encode('encodeBundle() writes the bundle of the RFC 6962 test entries', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
  inputs.push('606162636465666768696a6b6c6d6e6f');
  assert.is(
    formatHex(encodeBundle(inputs.map(parseHex))),
    '00000001000001100002202100023031000440414243000850515253545556570010606162636465666768696a6b6c6d6e6f',
  );
});

encode('encodeBundle() takes an entry of 65,535 bytes and refuses one byte more', () => {
  const most = new Uint8Array(MAX_ENTRY_BYTES).fill(7);
  assert.equal(parseBundle(encodeBundle([most, most]), 2), [most, most]);
  const tooLong = new Uint8Array(MAX_ENTRY_BYTES + 1);
  assert.throws(
    () => encodeBundle([tooLong]),
    (e: unknown) => e instanceof RangeError,
  );
});

encode('encodeBundle() refuses no entries and 257 entries', () => {
  const entry = new Uint8Array(1);
  for (const length of [0, 257]) {
    const entries = Array.from({ length }, () => entry);
    assert.throws(
      () => encodeBundle(entries),
      (e: unknown) => e instanceof RangeError,
    );
  }
});

encode.run();

const cut = suite('parseBundle()');

cut('parseBundle() is the inverse of encodeBundle()', () => {
  const entries = fc.array(fc.uint8Array({ maxLength: 40 }), { minLength: 1, maxLength: 256 });
  fc.assert(
    fc.property(entries, (list) => {
      const got = parseBundle(encodeBundle(list), list.length);
      assert.equal(got.map(formatHex), list.map(formatHex));
    }),
  );
});

cut('parseBundle() refuses every cut, every added byte and every other width', () => {
  const bytes = encodeBundle(['one', 'two', '', 'three'].map(encodeUtf8));
  for (let end = 0; end < bytes.length; end++) {
    assert.throws(() => parseBundle(bytes.subarray(0, end), 4), isRefusal);
  }
  for (const more of ['00', '0000', '000000', '0001', '000161']) {
    assert.throws(() => parseBundle(concatBytes(bytes, parseHex(more)), 4), isRefusal);
  }
  for (const width of [-1, 0, 1, 3, 5, 256, 0.5, NaN, Infinity]) {
    assert.throws(() => parseBundle(bytes, width), isRefusal);
  }
});

cut('parseBundle() reads a view that lies inside a larger buffer', () => {
  const bytes = encodeBundle([encodeUtf8('inside')]);
  const padded = concatBytes(parseHex('ffff'), bytes, parseHex('ffff'));
  const [entry] = parseBundle(padded.subarray(2, 2 + bytes.length), 1);
  assert.equal(entry, encodeUtf8('inside'));
  assert.is(entry?.buffer.byteLength, 6); // its own buffer: it stays when the bundle is reused
});

cut.run();

const tiles = suite('tilesOf()');

tiles('tilesOf() has the tiles of the specification for 70,000 leaves', () => {
  const all = [...tilesOf(70_000)];
  const full = (level: number): number => {
    return all.filter((tile) => tile.level === level && tile.width === 256).length;
  };
  assert.is(full(0), 273);
  assert.is(full(1), 1);
  assert.is(full(2), 0);
  assert.equal(
    all.filter(({ width }) => width < 256),
    [
      { level: 0, index: 273, width: 112 },
      { level: 1, index: 1, width: 17 },
      { level: 2, index: 0, width: 1 },
    ],
  );
});

tiles('tilesOf() of 256 leaves is a full tile and the one hash above it', () => {
  assert.equal([...tilesOf(256)].map(tilePath), ['tile/0/000', 'tile/1/000.p/1']);
  assert.equal([...tilesOf(255)].map(tilePath), ['tile/0/000.p/255']);
  assert.equal([...tilesOf(0)], []);
});

tiles('tilesOf() names only paths that parse', () => {
  for (const size of [1, 257, 65_535, 65_536, 65_537, 300_000]) {
    for (const tile of tilesOf(size)) assert.equal(parseTilePath(tilePath(tile)), tile);
  }
});

tiles.run();

const at = suite('tileAt()');

at('tileAt() is as wide as the tree makes it', () => {
  assert.equal(tileAt(70_000, 0, 273), { level: 0, index: 273, width: 112 });
  assert.equal(tileAt(70_000, 0, 272), { level: 0, index: 272, width: 256 });
  assert.is(tileAt(70_000, 0, 274), null);
  assert.is(tileAt(255, 1, 0), null);
  assert.is(tileAt(0, 0, 0), null);
});

at('tileAt() at 2^53-1 leaves names the last tile of each level', () => {
  const size = 2 ** 53 - 1;
  for (let level = 0; level <= 6; level++) {
    const hashes = Math.floor(size / 256 ** level);
    const last = tileAt(size, level, Math.floor(hashes / 256));
    assert.is(last?.width, hashes % 256);
  }
  assert.is(tileAt(size, 7, 0), null);
});

at('tileAt() refuses what is no size', () => {
  assert.throws(
    () => tileAt(-1, 0, 0),
    (e: unknown) => e instanceof RangeError,
  );
});

at.run();
