// Consistency proofs (RFC 6962 §2.1.2, verified as RFC 9162 §2.1.4.2 says): that a tree is a prefix of a later
// one, so nothing was changed or removed between them.

import { equalBytes } from './bytes.ts';
import { VerifyError } from './error.ts';
import { HASH_BYTES, type Hash, nodeHash } from './hash.ts';
import { checkTreeSize, type ReadHash, splitPoint, subtreeRoot } from './tree.ts';

/**
 * Proves that the tree of `from` leaves is a prefix of the tree of `to`: PROOF(from, D[to]). Empty when the
 * sizes are equal.
 * @throws {RangeError} unless 0 < from ≤ to ≤ 2^53−1; every tree extends the empty one, that needs no proof
 */
export function proveConsistency(options: { from: number; to: number; read: ReadHash }): Hash[] {
  const { read, ...sizes } = options;
  return proofSubtrees(sizes).map((range) => subtreeRoot({ ...range, read }));
}

/**
 * How many hashes a proof between two sizes has. A list of another length is no proof at all, whatever the trees.
 * @throws {RangeError} as `proveConsistency`
 */
export function consistencyProofLength(sizes: { from: number; to: number }): number {
  return proofSubtrees(sizes).length;
}

/** The subtrees whose roots make up a proof, in its order. */
function proofSubtrees({ from, to }: { from: number; to: number }): Range[] {
  checkTreeSize(from);
  checkTreeSize(to);
  if (from === 0 || from > to) {
    throw new RangeError(`Cannot prove consistency: expected 0 < from <= to, got ${from}, ${to}`);
  }
  const subtrees: Range[] = [];
  let start = 0;
  let end = to;
  while (end > from) {
    const middle = start + splitPoint(end - start);
    if (from <= middle) {
      subtrees.push({ start: middle, end });
      end = middle;
    } else {
      subtrees.push({ start, end: middle });
      start = middle;
    }
  }
  // With start = 0 this is the old root itself, which the verifier has.
  if (start > 0) subtrees.push({ start, end });
  return subtrees.reverse();
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * Checks that the tree of `from` leaves under `fromRoot` is a prefix of the tree of `to` leaves under
 * `toRoot`. Every value may be hostile. From = 0 is refused: it would hold for any root, so whoever accepts a
 * first checkpoint says so himself.
 * @throws {VerifyError} code `consistency`
 */
export function checkConsistency(claim: {
  from: number;
  to: number;
  fromRoot: Hash;
  toRoot: Hash;
  proof: readonly Hash[];
}): void {
  const { from, to, fromRoot, toRoot, proof } = claim;
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from <= 0 || from > to) {
    throw refused(`expected 0 < from <= to, got ${from}, ${to}`);
  }
  if ([fromRoot, toRoot, ...proof].some((hash) => hash.length !== HASH_BYTES)) {
    throw refused('a hash is not 32 bytes');
  }
  if (from === to) {
    if (proof.length > 0) throw refused('too many hashes');
    if (!equalBytes(fromRoot, toRoot)) throw refused('two roots for one size');
    return;
  }
  const { oldRoot, newRoot } = climb({ from, to, fromRoot, proof });
  if (!equalBytes(oldRoot, fromRoot)) throw refused('the old root is not a prefix');
  if (!equalBytes(newRoot, toRoot)) throw refused('the new root does not extend the old');
}

/** Both roots that a proof leads to, from the subtree that ends where the old tree ends. */
function climb(claim: { from: number; to: number; fromRoot: Hash; proof: readonly Hash[] }): {
  oldRoot: Hash;
  newRoot: Hash;
} {
  let node = claim.from - 1; // fn of RFC 9162: the index of the subtree reached, at its level
  let last = claim.to - 1; // sn: the index of the last subtree of that level in the new tree
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  // When the old size is a power of two the old tree is itself that subtree, and the proof leaves it out.
  const path = node === 0 ? [claim.fromRoot, ...claim.proof] : claim.proof;
  const [first, ...rest] = path;
  if (first === undefined) throw refused('too few hashes');
  let oldRoot = first;
  let newRoot = first;
  for (const hash of rest) {
    if (last === 0) throw refused('too many hashes');
    if (node % 2 === 1 || node === last) {
      oldRoot = nodeHash(hash, oldRoot);
      newRoot = nodeHash(hash, newRoot);
      while (node % 2 === 0 && node !== 0) {
        node = Math.floor(node / 2);
        last = Math.floor(last / 2);
      }
    } else {
      newRoot = nodeHash(newRoot, hash);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw refused('too few hashes');
  return { oldRoot, newRoot };
}

function refused(state: string): VerifyError {
  return new VerifyError('consistency', `Cannot accept consistency proof: ${state}`);
}
