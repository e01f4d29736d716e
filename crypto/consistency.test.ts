import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeUtf8 } from './bytes.ts';
import { checkConsistency, consistencyProofLength, proveConsistency } from './consistency.ts';
import { VerifyError } from './error.ts';
import { EMPTY_ROOT, type Hash, leafHash, nodeHash } from './hash.ts';
import { formatHex, parseHex } from './hex.ts';
import { EMPTY_FRONTIER, extendFrontier, merkleRoot, type ReadHash } from './tree.ts';

const LEAVES = Array.from({ length: 100 }, (_, i) => leafHash(encodeUtf8(`leaf ${i}`)));
const ROOTS = Array.from({ length: 101 }, (_, n) => merkleRoot(LEAVES.slice(0, n)));
const read = readerOf(LEAVES);

function readerOf(leaves: readonly Hash[]): ReadHash {
  const nodes = new Map<string, Hash>();
  extendFrontier(EMPTY_FRONTIER, leaves, (l, i, hash) => nodes.set(`${l}/${i}`, hash));
  return (level, index) => present(nodes.get(`${level}/${index}`));
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('unreachable: not there');
  return value;
}

function claimOf(from: number, to: number): Parameters<typeof checkConsistency>[0] {
  const [fromRoot, toRoot] = [present(ROOTS[from]), present(ROOTS[to])];
  return { from, to, fromRoot, toRoot, proof: proveConsistency({ from, to, read }) };
}

function flipped(hash: Hash, bit = 0): Hash {
  const copy = hash.slice();
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

function isRefusal(error: unknown): boolean {
  return error instanceof VerifyError && error.code === 'consistency';
}

const prove = suite('proveConsistency()');

prove('proveConsistency() gives the proof from 6 to 8 of the RFC 6962 test tree', () => {
  const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657'];
  inputs.push('606162636465666768696a6b6c6d6e6f');
  const leaves = inputs.map((hex) => leafHash(parseHex(hex)));
  const proof = proveConsistency({ from: 6, to: 8, read: readerOf(leaves) });
  assert.equal(proof.map(formatHex), [
    '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
    'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  ]);
});

prove('proveConsistency() proves every tree to 100 from every smaller one', () => {
  for (let to = 1; to <= 100; to++) {
    for (let from = 1; from <= to; from++) checkConsistency(claimOf(from, to));
  }
});

prove('proveConsistency() of a tree with itself is empty', () => {
  for (let size = 1; size <= 20; size++) {
    assert.equal(proveConsistency({ from: size, to: size, read }), []);
  }
});

prove('proveConsistency() refuses size 0, shrinking, and what is no size', () => {
  const sizes = [
    [0, 0],
    [0, 5],
    [6, 5],
    [-1, 5],
    [1.5, 5],
    [5, 2 ** 53],
  ] as const;
  for (const [from, to] of sizes) {
    const claim = { from, to, read };
    assert.throws(
      () => proveConsistency(claim),
      (e: unknown) => e instanceof RangeError,
    );
  }
});

prove.run();

const check = suite('checkConsistency()');

check('checkConsistency() refuses every proof with a flipped, missing or added hash', () => {
  for (let to = 1; to <= 48; to++) {
    for (let from = 1; from <= to; from++) {
      const claim = claimOf(from, to);
      const refuse = (proof: Hash[]): void => {
        assert.throws(() => checkConsistency({ ...claim, proof }), isRefusal);
      };
      claim.proof.forEach((hash, at) => {
        refuse(claim.proof.with(at, flipped(hash, (from * 7 + at) % 256)));
        refuse(claim.proof.toSpliced(at, 1));
        refuse(claim.proof.toSpliced(at, 0, hash));
      });
      refuse([...claim.proof, EMPTY_ROOT]);
      refuse([claim.fromRoot, ...claim.proof]);
    }
  }
});

check('checkConsistency() refuses other roots, and roots swapped', () => {
  for (let to = 1; to <= 33; to++) {
    for (let from = 1; from <= to; from++) {
      const claim = claimOf(from, to);
      const { fromRoot, toRoot } = claim;
      const refuse = (bad: Partial<typeof claim>): void => {
        assert.throws(() => checkConsistency({ ...claim, ...bad }), isRefusal);
      };
      refuse({ fromRoot: flipped(fromRoot) });
      refuse({ toRoot: flipped(toRoot) });
      refuse({ fromRoot: EMPTY_ROOT });
      if (from < to) refuse({ fromRoot: toRoot, toRoot: fromRoot });
    }
  }
});

check('checkConsistency() refuses a log whose past leaf was changed', () => {
  for (let changed = 0; changed < 12; changed++) {
    const forged = LEAVES.slice(0, 30).with(changed, leafHash(encodeUtf8('forged')));
    const proof = proveConsistency({ from: 12, to: 30, read: readerOf(forged) });
    const fromRoot = present(ROOTS[12]);
    const claim = { from: 12, to: 30, fromRoot, toRoot: merkleRoot(forged), proof };
    assert.throws(() => checkConsistency(claim), isRefusal);
  }
});

check('checkConsistency() refuses a true proof under other sizes', () => {
  const smaller = claimOf(3, 4);
  const larger = claimOf(7, 8);
  for (const [claim, sizes] of [
    [larger, smaller],
    [smaller, larger],
  ] as const) {
    const { from, to } = sizes;
    assert.throws(() => checkConsistency({ ...claim, from, to }), isRefusal);
  }
});

check('checkConsistency() refuses from = 0, which would hold for any root', () => {
  const toRoot = present(ROOTS[5]);
  for (const to of [0, 5]) {
    const claim = { from: 0, to, fromRoot: EMPTY_ROOT, toRoot, proof: [] };
    assert.throws(() => checkConsistency(claim), isRefusal);
    assert.throws(() => checkConsistency({ ...claim, proof: [EMPTY_ROOT] }), isRefusal);
    assert.throws(() => checkConsistency({ ...claim, fromRoot: toRoot }), isRefusal);
  }
});

check('checkConsistency() refuses hashes that are not 32 bytes, sizes that are no sizes', () => {
  const claim = claimOf(3, 7);
  for (const length of [0, 31, 33]) {
    const bad = new Uint8Array(length);
    assert.throws(() => checkConsistency({ ...claim, fromRoot: bad }), isRefusal);
    assert.throws(() => checkConsistency({ ...claim, toRoot: bad }), isRefusal);
    assert.throws(() => checkConsistency({ ...claim, proof: claim.proof.with(0, bad) }), isRefusal);
  }
  const short = new Uint8Array(31);
  const same = { from: 3, to: 3, fromRoot: short, toRoot: short, proof: [] };
  assert.throws(() => checkConsistency(same), isRefusal);
  for (const size of [-1, 0.5, 2.5, Number.NaN, Infinity, 2 ** 53]) {
    assert.throws(() => checkConsistency({ ...claim, from: size }), isRefusal);
    assert.throws(() => checkConsistency({ ...claim, to: size }), isRefusal);
  }
});

check('checkConsistency() holds past 2^32, where a shift would wrap', () => {
  // From 2^40 to 2^40+1: the old root is a perfect tree, the new leaf its sibling.
  const [fromRoot, leaf] = [present(LEAVES[0]), present(LEAVES[1])];
  const toRoot = nodeHash(fromRoot, leaf);
  const claim = { from: 2 ** 40, to: 2 ** 40 + 1, fromRoot, toRoot, proof: [leaf] };
  checkConsistency(claim);
  assert.throws(() => checkConsistency({ ...claim, from: 2 ** 40 - 2 ** 32 }), isRefusal);
});

check.run();

const lengths = suite('consistencyProofLength()');

lengths('consistencyProofLength() is that of every proof up to 100, and asks for no hash', () => {
  for (let to = 1; to <= 100; to++) {
    for (let from = 1; from <= to; from++) {
      const { proof } = claimOf(from, to);
      assert.is(consistencyProofLength({ from, to }), proof.length, `${from} to ${to}`);
    }
  }
  assert.throws(() => consistencyProofLength({ from: 0, to: 1 }), RangeError);
  assert.throws(() => consistencyProofLength({ from: 2, to: 1 }), RangeError);
});

lengths.run();
