import * as fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from './bytes.ts';
import { EMPTY_ROOT, type Hash, leafHash, nodeHash } from './hash.ts';
import { formatHex, parseHex } from './hex.ts';
import {
  checkTreeSize,
  EMPTY_FRONTIER,
  extendFrontier,
  frontierOf,
  frontierRoot,
  merkleRoot,
  splitPoint,
  subtreeRoot,
} from './tree.ts';

const LEAVES = Array.from({ length: 100 }, (_, i) => leafHash(encodeUtf8(`leaf ${i}`)));

/** RFC 6962 §2.1 to the letter: a second path to every root. */
function mth(hashes: readonly Hash[]): Hash {
  const [first] = hashes;
  if (first === undefined) return EMPTY_ROOT;
  if (hashes.length === 1) return first;
  const k = 2 ** Math.ceil(Math.log2(hashes.length) - 1);
  return nodeHash(mth(hashes.slice(0, k)), mth(hashes.slice(k)));
}

function read(level: number, index: number): Hash {
  return mth(LEAVES.slice(index * 2 ** level, (index + 1) * 2 ** level));
}

/** A store that cannot be read: for sizes at which reading would be the mistake. */
function readNothing(): Hash {
  throw new Error('unreachable: read');
}

const EIGHT = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
EIGHT.push('606162636465666768696a6b6c6d6e6f');
const EIGHT_ROOTS = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];

const size = suite('checkTreeSize()');

size('checkTreeSize() takes every safe integer from 0', () => {
  for (const good of [0, 1, 2 ** 32, 2 ** 53 - 1]) checkTreeSize(good);
});

size('checkTreeSize() refuses what is no size', () => {
  for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    assert.throws(
      () => checkTreeSize(bad),
      (error: unknown) => error instanceof RangeError,
    );
  }
});

size.run();

const root = suite('merkleRoot()');

root('merkleRoot() gives the eight roots of the RFC 6962 test tree', () => {
  const leaves = EIGHT.map((hex) => leafHash(parseHex(hex)));
  EIGHT_ROOTS.forEach((want, n) => {
    assert.is(formatHex(merkleRoot(leaves.slice(0, n))), want);
  });
});

root('merkleRoot() agrees with the recursive definition at every size to 100', () => {
  for (let n = 0; n <= 100; n++) {
    assert.equal(merkleRoot(LEAVES.slice(0, n)), mth(LEAVES.slice(0, n)));
  }
});

root('merkleRoot() tells a tree from the same tree with its last leaf doubled', () => {
  const [a, b, c] = LEAVES;
  if (a === undefined || b === undefined || c === undefined) throw new Error('unreachable');
  assert.not.equal(merkleRoot([a, b, c]), merkleRoot([a, b, c, c])); // CVE-2012-2459
});

root('merkleRoot() refuses a hash that is not 32 bytes', () => {
  for (const length of [0, 31, 33]) {
    assert.throws(() => merkleRoot([new Uint8Array(length)]), /32 bytes/);
  }
});

root.run();

const extend = suite('extendFrontier()');

extend('extendFrontier() in any two steps gives the frontier of one step', () => {
  for (let n = 0; n <= 40; n++) {
    const whole = extendFrontier(EMPTY_FRONTIER, LEAVES.slice(0, n));
    for (let m = 0; m <= n; m++) {
      const part = extendFrontier(EMPTY_FRONTIER, LEAVES.slice(0, m));
      assert.equal(extendFrontier(part, LEAVES.slice(m, n)), whole);
    }
  }
});

extend('extendFrontier() leaves the frontier that it was given as it was', () => {
  const before = extendFrontier(EMPTY_FRONTIER, LEAVES.slice(0, 7));
  const copy = structuredClone(before);
  extendFrontier(before, LEAVES.slice(7, 20));
  assert.equal(before, copy);
});

extend('extendFrontier() tells every perfect subtree once, with its hash', () => {
  for (let n = 0; n <= 70; n++) {
    const told = new Map<string, Hash>();
    const tell = (level: number, index: number, hash: Hash): void => {
      assert.not.ok(told.has(`${level}/${index}`));
      told.set(`${level}/${index}`, hash);
    };
    const half = extendFrontier(EMPTY_FRONTIER, LEAVES.slice(0, Math.floor(n / 3)), tell);
    extendFrontier(half, LEAVES.slice(Math.floor(n / 3), n), tell);
    let expected = 0;
    for (let level = 0; 2 ** level <= n; level++) {
      for (let index = 0; (index + 1) * 2 ** level <= n; index++, expected++) {
        assert.equal(told.get(`${level}/${index}`), read(level, index));
      }
    }
    assert.is(told.size, expected);
  }
});

extend('extendFrontier() counts past 2^32, where a shift would wrap', () => {
  const hashes = [...LEAVES.slice(0, 2)];
  const before = { size: 2 ** 32 + 1, hashes };
  const nodes: string[] = [];
  const after = extendFrontier(before, LEAVES.slice(5, 6), (level, index) => {
    nodes.push(`${level}/${index}`);
  });
  assert.equal(nodes, [`0/${2 ** 32 + 1}`, `1/${2 ** 31}`]);
  assert.is(after.size, 2 ** 32 + 2);
  assert.is(after.hashes.length, 2);
});

extend('extendFrontier() refuses to outgrow 2^53-1 leaves', () => {
  const full = { size: 2 ** 53 - 1, hashes: LEAVES.slice(0, 53) };
  assert.throws(
    () => extendFrontier(full, LEAVES.slice(0, 1)),
    (error: unknown) => error instanceof RangeError,
  );
});

extend.run();

const frontier = suite('frontierOf()');

frontier('frontierOf() a stored tree is the frontier that grew, and has its root', () => {
  for (let n = 0; n <= 100; n++) {
    const stored = frontierOf(n, read);
    assert.equal(stored, extendFrontier(EMPTY_FRONTIER, LEAVES.slice(0, n)));
    assert.equal(frontierRoot(stored), mth(LEAVES.slice(0, n)));
  }
});

frontier('frontierOf() reads as many hashes as the size has one bits', () => {
  let reads = 0;
  const count = (level: number, index: number): Hash => {
    reads += 1;
    assert.ok((index + 1) * 2 ** level <= 2 ** 53 - 1);
    return EMPTY_ROOT;
  };
  frontierOf(2 ** 53 - 1, count);
  assert.is(reads, 53);
});

frontier('frontierOf() reads nothing of the empty tree', () => {
  assert.equal(frontierRoot(frontierOf(0, readNothing)), EMPTY_ROOT);
});

frontier('frontierOf() refuses what is no size', () => {
  assert.throws(() => frontierOf(-1, readNothing), /tree size/);
});

frontier.run();

const subtree = suite('subtreeRoot()');

subtree('subtreeRoot() is MTH of every aligned range', () => {
  for (let width = 1; width <= 16; width *= 2) {
    for (let start = 0; start + width <= 100; start += width) {
      for (let end = start + Math.floor(width / 2) + 1; end <= start + width; end++) {
        assert.equal(subtreeRoot({ start, end, read }), mth(LEAVES.slice(start, end)));
      }
    }
  }
});

subtree('subtreeRoot() refuses an empty range', () => {
  assert.throws(() => subtreeRoot({ start: 4, end: 4, read }), /empty/);
});

subtree('subtreeRoot() refuses a range that is no node of a tree', () => {
  for (const [start, end] of [
    [1, 3],
    [2, 5],
    [4, 9],
    [3, 7],
    [12, 29],
  ] as const) {
    assert.throws(() => subtreeRoot({ start, end, read: readNothing }), /no node/);
  }
});

subtree.run();

const split = suite('splitPoint()');

split('splitPoint() is the largest power of two below n', () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 2 ** 31 }), fc.integer({ min: 0, max: 22 }), (n, up) => {
      const size = Math.min(n * 2 ** up, Number.MAX_SAFE_INTEGER);
      const k = splitPoint(size);
      return Math.log2(k) % 1 === 0 && k < size && k * 2 >= size;
    }),
  );
});

split.run();
