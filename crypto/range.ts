// Range proofs: that leaves [start, end) stand side by side in a tree, with none between them left out. One
// proof for the whole range, of the nodes of the RFC 6962 tree that lie wholly left of it or wholly right of
// it, each as high as possible. A range of one leaf has the hashes of its inclusion proof, in tree order.
//
//            root                  range [2, 4) of 7
//          /      \
//         .        R               left  = [L]   left to right
//        / \      / \              right = [R]   left to right
//       L   .    .   6
//          2 3  4 5

import { equalBytes } from './bytes.ts';
import { VerifyError } from './error.ts';
import { HASH_BYTES, type Hash, nodeHash } from './hash.ts';
import { checkTreeSize, type ReadHash, splitPoint, subtreeRoot } from './tree.ts';

/**
 * Proves that leaves [start, end) are side by side in the tree of `size` leaves. Both lists read left to right.
 * @throws {RangeError} unless 0 ≤ start < end ≤ size ≤ 2^53−1
 */
export function proveRange(options: { start: number; end: number; size: number; read: ReadHash }): {
  left: Hash[];
  right: Hash[];
} {
  const { start, end, size, read } = options;
  checkTreeSize(size);
  checkTreeSize(start);
  checkTreeSize(end);
  if (start >= end || end > size) {
    throw new RangeError(`Cannot prove range: no [${start}, ${end}) in ${size}`);
  }
  const left: Hash[] = [];
  const right: Hash[] = [];
  visit(0, size);
  return { left, right };

  function visit(from: number, to: number): void {
    if (to <= start) left.push(subtreeRoot({ start: from, end: to, read }));
    else if (from >= end) right.push(subtreeRoot({ start: from, end: to, read }));
    else if (from < start || to > end) {
      const middle = from + splitPoint(to - from);
      visit(from, middle);
      visit(middle, to);
    }
  }
}

/**
 * Checks that the tree of `size` leaves under `root` has exactly `leafHashes` from `start` on. Every value may
 * be hostile. The lists must be used up exactly; an empty range, which would claim nothing, is refused.
 * @throws {VerifyError} code `range`
 */
export function checkRange(claim: {
  start: number;
  leafHashes: readonly Hash[];
  size: number;
  root: Hash;
  left: readonly Hash[];
  right: readonly Hash[];
}): void {
  const { start, leafHashes, size, root } = claim;
  const end = start + leafHashes.length;
  if (![start, end, size].every(Number.isSafeInteger) || start < 0 || end > size) {
    throw refused(`no [${start}, ${end}) in a tree of ${size}`);
  }
  if (leafHashes.length === 0) throw refused('the range is empty');
  for (const hashes of [leafHashes, claim.left, claim.right, [root]]) {
    if (hashes.some((hash) => hash.length !== HASH_BYTES)) throw refused('a hash is not 32 bytes');
  }
  const left = claim.left.values();
  const right = claim.right.values();
  const leaves = leafHashes.values();
  const recomputed = hashOf(0, size);
  if (left.next().done !== true || right.next().done !== true) throw refused('too many hashes');
  if (!equalBytes(recomputed, root)) throw refused(`[${start}, ${end}) is not under this root`);

  // As deep as the tree is high, at most 53; wide only over the range, whose leaves are at hand.
  function hashOf(from: number, to: number): Hash {
    if (to <= start) return take(left);
    if (from >= end) return take(right);
    if (to - from === 1) return take(leaves);
    const middle = from + splitPoint(to - from);
    const lower = hashOf(from, middle);
    return nodeHash(lower, hashOf(middle, to));
  }
}

function take(hashes: Iterator<Hash>): Hash {
  const next = hashes.next();
  if (next.done === true) throw refused('too few hashes');
  return next.value;
}

function refused(state: string): VerifyError {
  return new VerifyError('range', `Cannot accept range proof: ${state}`);
}
