// Inclusion proofs (RFC 6962 §2.1.1, which calls them audit paths; verified as RFC 9162 §2.1.3.2 says): the
// hashes that lead from one leaf to the root, the leaf's sibling first, the root's child last.

import { equalBytes } from './bytes.ts';
import { VerifyError } from './error.ts';
import { HASH_BYTES, type Hash, nodeHash } from './hash.ts';
import { checkTreeSize, type ReadHash, splitPoint, subtreeRoot } from './tree.ts';

/**
 * Proves that leaf `index` is in the tree of `size` leaves: PATH(index, D[size]).
 * @throws {RangeError} unless 0 ≤ index < size ≤ 2^53−1
 */
export function proveInclusion(options: { index: number; size: number; read: ReadHash }): Hash[] {
  const { index, size, read } = options;
  checkTreeSize(size);
  checkTreeSize(index);
  if (index >= size) throw new RangeError(`Cannot prove inclusion: no leaf ${index} in ${size}`);
  const proof: Hash[] = [];
  let start = 0;
  let end = size;
  while (end - start > 1) {
    const middle = start + splitPoint(end - start);
    if (index < middle) {
      proof.push(subtreeRoot({ start: middle, end, read }));
      end = middle;
    } else {
      proof.push(subtreeRoot({ start, end: middle, read }));
      start = middle;
    }
  }
  return proof.reverse();
}

/**
 * Checks that the tree of `size` leaves under `root` has `leafHash` at `index`. Every value may be hostile.
 * @throws {VerifyError} code `inclusion`
 */
export function checkInclusion(claim: {
  index: number;
  size: number;
  leafHash: Hash;
  root: Hash;
  proof: readonly Hash[];
}): void {
  const { index, size, leafHash, root, proof } = claim;
  if (!Number.isSafeInteger(size) || !Number.isSafeInteger(index) || index < 0 || index >= size) {
    throw refused(`no leaf ${index} in a tree of ${size}`);
  }
  if ([leafHash, root, ...proof].some((hash) => hash.length !== HASH_BYTES)) {
    throw refused('a hash is not 32 bytes');
  }
  let node = index; // fn of RFC 9162: the index of the subtree reached, at its level
  let last = size - 1; // sn: the index of the last subtree of that level
  let hash = leafHash;
  for (const sibling of proof) {
    if (last === 0) throw refused('too many hashes');
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      // An even last node has no sibling on its level: it is carried up until it is a right child.
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      hash = nodeHash(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw refused('too few hashes');
  if (!equalBytes(hash, root)) throw refused(`leaf ${index} is not under this root`);
}

function refused(state: string): VerifyError {
  return new VerifyError('inclusion', `Cannot accept inclusion proof: ${state}`);
}
