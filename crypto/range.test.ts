import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from './bytes.ts';
import { VerifyError } from './error.ts';
import { EMPTY_ROOT, type Hash, leafHash, nodeHash } from './hash.ts';
import { proveInclusion } from './inclusion.ts';
import { checkRange, proveRange } from './range.ts';
import { EMPTY_FRONTIER, extendFrontier, merkleRoot, type ReadHash } from './tree.ts';

const LEAVES = Array.from({ length: 40 }, (_, i) => leafHash(encodeUtf8(`leaf ${i}`)));
const ROOTS = Array.from({ length: 41 }, (_, n) => merkleRoot(LEAVES.slice(0, n)));
const read = readerOf(LEAVES);

type Claim = Parameters<typeof checkRange>[0];

function readerOf(leaves: readonly Hash[]): ReadHash {
  const nodes = new Map<string, Hash>();
  extendFrontier(EMPTY_FRONTIER, leaves, (l, i, hash) => nodes.set(`${l}/${i}`, hash));
  return (level, index) => present(nodes.get(`${level}/${index}`));
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('unreachable: not there');
  return value;
}

function claimOf({ start, end, size }: { start: number; end: number; size: number }): Claim {
  const proof = proveRange({ start, end, size, read });
  return {
    start,
    leafHashes: LEAVES.slice(start, end),
    size,
    root: present(ROOTS[size]),
    ...proof,
  };
}

/** Every range of every tree to `most` leaves. */
function* claimsTo(most: number): Generator<Claim> {
  for (let size = 1; size <= most; size++) {
    for (let start = 0; start < size; start++) {
      for (let end = start + 1; end <= size; end++) yield claimOf({ start, end, size });
    }
  }
}

function flipped(hash: Hash, bit = 0): Hash {
  const copy = hash.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function isRefusal(error: unknown): boolean {
  return error instanceof VerifyError && error.code === 'range';
}

function refuse(claim: Claim): void {
  assert.throws(() => checkRange(claim), isRefusal);
}

const prove = suite('proveRange()');

prove('proveRange() proves every range of every tree to 40', () => {
  for (const claim of claimsTo(40)) checkRange(claim);
});

prove('proveRange() of one leaf has the hashes of its inclusion proof', () => {
  for (let size = 1; size <= 40; size++) {
    for (let start = 0; start < size; start++) {
      const { left, right } = proveRange({ start, end: start + 1, size, read });
      const proof = proveInclusion({ index: start, size, read });
      const sorted = (hashes: readonly Hash[]): string[] => hashes.map(String).sort();
      assert.equal(sorted([...left, ...right]), sorted(proof));
    }
  }
});

prove('proveRange() of a whole tree needs no hash', () => {
  for (let size = 1; size <= 40; size++) {
    assert.equal(proveRange({ start: 0, end: size, size, read }), { left: [], right: [] });
  }
});

prove('proveRange() names the nodes left and right of the range in tree order', () => {
  const [l4, l5] = [present(LEAVES[4]), present(LEAVES[5])];
  const [l0, l1, l6] = [present(LEAVES[0]), present(LEAVES[1]), present(LEAVES[6])];
  assert.equal(proveRange({ start: 2, end: 4, size: 7, read }), {
    left: [nodeHash(l0, l1)],
    right: [nodeHash(nodeHash(l4, l5), l6)],
  });
});

prove('proveRange() refuses an empty range and leaves that the tree does not have', () => {
  const bad = [
    [0, 0, 0],
    [2, 2, 5],
    [3, 2, 5],
    [0, 6, 5],
    [-1, 2, 5],
    [0.5, 2, 5],
    [0, 1, 2 ** 53],
  ];
  for (const [start = 0, end = 0, size = 0] of bad) {
    const claim = { start, end, size, read };
    assert.throws(
      () => proveRange(claim),
      (e: unknown) => e instanceof RangeError,
    );
  }
});

prove.run();

const check = suite('checkRange()');

check('checkRange() refuses every proof with a flipped, missing or added hash', () => {
  for (const claim of claimsTo(24)) {
    for (const side of ['left', 'right', 'leafHashes'] as const) {
      const hashes = claim[side];
      hashes.forEach((hash, at) => {
        refuse({ ...claim, [side]: hashes.with(at, flipped(hash, (claim.start + at) % 256)) });
        refuse({ ...claim, [side]: hashes.toSpliced(at, 1) });
      });
      refuse({ ...claim, [side]: [...hashes, EMPTY_ROOT] });
      refuse({ ...claim, [side]: [EMPTY_ROOT, ...hashes] });
    }
    refuse({ ...claim, root: flipped(claim.root) });
  }
});

check('checkRange() refuses every other start', () => {
  for (const claim of claimsTo(16)) {
    for (let start = -1; start <= claim.size + 1; start++) {
      if (start !== claim.start) refuse({ ...claim, start });
    }
  }
});

check('checkRange() refuses a leaf left out, doubled, or out of order', () => {
  for (const claim of claimsTo(16)) {
    const { leafHashes: leaves } = claim;
    leaves.forEach((leaf, at) => {
      refuse({ ...claim, leafHashes: leaves.toSpliced(at, 0, leaf) });
      if (at > 0)
        refuse({
          ...claim,
          leafHashes: leaves.toSpliced(at - 1, 2, leaf, present(leaves[at - 1])),
        });
    });
  }
});

check('checkRange() refuses hashes moved from one side to the other', () => {
  for (const claim of claimsTo(16)) {
    const { left, right } = claim;
    if (left.length > 0)
      refuse({ ...claim, left: left.slice(0, -1), right: [...left.slice(-1), ...right] });
    if (right.length > 0)
      refuse({ ...claim, left: [...left, ...right.slice(0, 1)], right: right.slice(1) });
  }
});

check('checkRange() refuses an empty range', () => {
  refuse({ ...claimOf({ start: 0, end: 3, size: 5 }), leafHashes: [] });
  refuse({ start: 0, leafHashes: [], size: 0, root: EMPTY_ROOT, left: [], right: [] });
  const whole = present(ROOTS[4]);
  refuse({ start: 2, leafHashes: [], size: 4, root: whole, left: [whole], right: [] });
  const { left } = proveRange({ start: 2, end: 4, size: 4, read });
  const { right } = proveRange({ start: 0, end: 2, size: 4, read });
  refuse({ start: 2, leafHashes: [], size: 4, root: whole, left, right }); // both halves are true
});

check('checkRange() refuses leaves before the tree or after it, beside all of its own', () => {
  const [junk, leafHashes] = [EMPTY_ROOT, LEAVES.slice(0, 5)];
  const whole = { size: 5, root: present(ROOTS[5]), left: [], right: [] };
  checkRange({ ...whole, start: 0, leafHashes });
  refuse({ ...whole, start: -1, leafHashes: [...leafHashes, junk] });
  refuse({ ...whole, start: -1, leafHashes: [junk, ...leafHashes] });
  refuse({ ...whole, start: 0, leafHashes: [...leafHashes, junk] });
});

check('checkRange() refuses an inner node that is given as a leaf', () => {
  const [a, b] = [
    nodeHash(present(LEAVES[0]), present(LEAVES[1])),
    nodeHash(present(LEAVES[2]), present(LEAVES[3])),
  ];
  refuse({ start: 0, leafHashes: [a, b], size: 4, root: present(ROOTS[4]), left: [], right: [] });
});

check('checkRange() refuses hashes that are not 32 bytes, sizes that are no sizes', () => {
  const claim = claimOf({ start: 2, end: 5, size: 11 });
  for (const length of [0, 31, 33]) {
    const bad = new Uint8Array(length);
    refuse({ ...claim, root: bad });
    refuse({ ...claim, left: claim.left.with(0, bad) });
    refuse({ ...claim, right: claim.right.with(0, bad) });
    refuse({ ...claim, leafHashes: claim.leafHashes.with(1, bad) });
  }
  for (const bad of [-1, 0.5, Number.NaN, Infinity, 2 ** 53]) {
    refuse({ ...claim, start: bad });
    refuse({ ...claim, size: bad });
  }
});

check('checkRange() answers at once for a tree of 2^53-1 leaves', () => {
  const size = 2 ** 53 - 1;
  const [l0, l1] = [present(LEAVES[0]), present(LEAVES[1])];
  const start = 2 ** 52 - 1; // the last leaf of the left half and the first of the right
  const left = Array.from({ length: 52 }, () => l0);
  const right = Array.from({ length: 52 }, () => l1);
  let lower = l0;
  for (let i = 0; i < 52; i++) lower = nodeHash(l0, lower);
  // The right half is a leaf short of perfect, so its first leaf has as many hashes to its right.
  let upper = l0;
  for (let i = 0; i < 52; i++) upper = nodeHash(upper, l1);
  checkRange({ start, leafHashes: [l0, l0], size, root: nodeHash(lower, upper), left, right });
  refuse({ start, leafHashes: [l0, l0], size, root: nodeHash(upper, lower), left, right });
});

check.run();
