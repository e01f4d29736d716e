import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from './bytes.ts';
import { VerifyError } from './error.ts';
import { EMPTY_ROOT, type Hash, leafHash, nodeHash } from './hash.ts';
import { formatHex, parseHex } from './hex.ts';
import { checkInclusion, proveInclusion } from './inclusion.ts';
import { EMPTY_FRONTIER, extendFrontier, merkleRoot, type ReadHash } from './tree.ts';

const LEAVES = Array.from({ length: 100 }, (_, i) => leafHash(encodeUtf8(`leaf ${i}`)));
const ROOTS = Array.from({ length: 101 }, (_, n) => merkleRoot(LEAVES.slice(0, n)));
const read = readerOf(LEAVES);

function readerOf(leaves: readonly Hash[]): ReadHash {
  const nodes = new Map<string, Hash>();
  extendFrontier(EMPTY_FRONTIER, leaves, (l, i, hash) => nodes.set(`${l}/${i}`, hash));
  return (level, index) => present(nodes.get(`${level}/${index}`));
}

function leafAt(index: number): Hash {
  return present(LEAVES[index]);
}

function rootAt(size: number): Hash {
  return present(ROOTS[size]);
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('unreachable: not there');
  return value;
}

function flipped(hash: Hash, bit = 0): Hash {
  const copy = hash.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function isRefusal(error: unknown): boolean {
  return error instanceof VerifyError && error.code === 'inclusion';
}

const prove = suite('proveInclusion()');

prove('proveInclusion() gives the proof of leaf 5 of 8 of the RFC 6962 test tree', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
  inputs.push('606162636465666768696a6b6c6d6e6f');
  const leaves = inputs.map((hex) => leafHash(parseHex(hex)));
  assert.equal(proveInclusion({ index: 5, size: 8, read: readerOf(leaves) }).map(formatHex), [
    'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ]);
});

prove('proveInclusion() proves every leaf of every tree to 100', () => {
  for (let size = 1; size <= 100; size++) {
    for (let index = 0; index < size; index++) {
      const proof = proveInclusion({ index, size, read });
      checkInclusion({ index, size, leafHash: leafAt(index), root: rootAt(size), proof });
    }
  }
});

prove('proveInclusion() needs no hash in a tree of one leaf', () => {
  assert.equal(proveInclusion({ index: 0, size: 1, read }), []);
});

prove('proveInclusion() refuses a leaf that the tree does not have', () => {
  for (const [index, size] of [
    [0, 0],
    [3, 3],
    [-1, 3],
    [0.5, 3],
    [0, 2 ** 53],
  ] as const) {
    const claim = { index, size, read };
    assert.throws(
      () => proveInclusion(claim),
      (e: unknown) => e instanceof RangeError,
    );
  }
});

prove.run();

const check = suite('checkInclusion()');

check('checkInclusion() refuses every proof with a flipped, missing or added hash', () => {
  for (let size = 1; size <= 48; size++) {
    for (let index = 0; index < size; index++) {
      const proof = proveInclusion({ index, size, read });
      const claim = { index, size, leafHash: leafAt(index), root: rootAt(size) };
      const refuse = (bad: Hash[]): void => {
        assert.throws(() => checkInclusion({ ...claim, proof: bad }), isRefusal);
      };
      proof.forEach((hash, at) => {
        refuse(proof.with(at, flipped(hash, (index * 7 + at) % 256)));
        refuse(proof.toSpliced(at, 1));
        refuse(proof.toSpliced(at, 0, hash));
      });
      refuse([...proof, EMPTY_ROOT]);
      refuse([EMPTY_ROOT, ...proof]);
    }
  }
});

check('checkInclusion() refuses every other index, leaf and root', () => {
  for (let size = 1; size <= 33; size++) {
    for (let index = 0; index < size; index++) {
      const proof = proveInclusion({ index, size, read });
      const claim = { index, size, leafHash: leafAt(index), root: rootAt(size), proof };
      for (let other = -1; other <= size + 1; other++) {
        if (other === index) continue;
        assert.throws(() => checkInclusion({ ...claim, index: other }), isRefusal);
      }
      assert.throws(() => checkInclusion({ ...claim, leafHash: leafAt(index + 1) }), isRefusal);
      assert.throws(() => checkInclusion({ ...claim, root: flipped(claim.root) }), isRefusal);
      assert.throws(() => checkInclusion({ ...claim, root: rootAt(size + 1) }), isRefusal);
    }
  }
});

check('checkInclusion() refuses an inner node that is given as a leaf', () => {
  const inner = nodeHash(leafAt(0), leafAt(1));
  const claim = { index: 0, size: 4, root: rootAt(4), proof: [nodeHash(leafAt(2), leafAt(3))] };
  checkInclusion({ ...claim, leafHash: inner, size: 2 }); // what a tree of two such leaves would be
  assert.throws(() => checkInclusion({ ...claim, leafHash: inner }), isRefusal);
});

check('checkInclusion() refuses the proof of a larger tree for a smaller one', () => {
  const [leaf, next] = [leafAt(1), leafAt(0)];
  const claim = { leafHash: leaf, root: rootAt(2), proof: [next] };
  checkInclusion({ ...claim, index: 1, size: 2 });
  assert.throws(() => checkInclusion({ ...claim, index: 0, size: 1 }), isRefusal);
  for (let size = 2; size <= 64; size *= 2) {
    const index = size - 1;
    const proof = proveInclusion({ index, size, read });
    const large = { index, leafHash: leafAt(index), root: rootAt(size), proof };
    for (let smaller = 1; smaller < size; smaller++) {
      const smallClaim = { ...large, index: smaller - 1, size: smaller };
      assert.throws(() => checkInclusion(smallClaim), isRefusal);
    }
  }
});

check('checkInclusion() refuses hashes that are not 32 bytes, sizes that are no sizes', () => {
  const good = { index: 1, size: 2, leafHash: leafAt(1), root: rootAt(2), proof: [leafAt(0)] };
  checkInclusion(good);
  for (const length of [0, 31, 33]) {
    const bad = new Uint8Array(length);
    assert.throws(() => checkInclusion({ ...good, leafHash: bad }), isRefusal);
    assert.throws(() => checkInclusion({ ...good, root: bad }), isRefusal);
    assert.throws(() => checkInclusion({ ...good, proof: [bad] }), isRefusal);
  }
  for (const size of [0, 1, -2, 2.5, Number.NaN, Infinity, 2 ** 53]) {
    assert.throws(() => checkInclusion({ ...good, size }), isRefusal);
  }
  assert.throws(() => checkInclusion({ ...good, index: Number.NaN }), isRefusal);
});

check('checkInclusion() holds at indices past 2^32, where a shift would wrap', () => {
  // The last leaf of 2^40+1 has one sibling, the perfect tree left of it.
  const [left, last] = [leafAt(0), leafAt(1)];
  const size = 2 ** 40 + 1;
  const claim = { index: 2 ** 40, size, leafHash: last, root: nodeHash(left, last), proof: [left] };
  checkInclusion(claim);
  assert.throws(() => checkInclusion({ ...claim, index: 2 ** 40 - 2 ** 32 }), isRefusal);
  assert.throws(() => checkInclusion({ ...claim, index: 0 }), isRefusal);
});

check.run();
