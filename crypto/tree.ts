// The Merkle tree of RFC 6962 §2.1, over leaf hashes. Nothing here keeps a tree: a caller hands in a function
// that reads the hash of any perfect subtree, or keeps a frontier, the few hashes that growing needs.
//
//   MTH({})   = SHA-256("")
//   MTH({d0}) = SHA-256(0x00 || d0)
//   MTH(D[n]) = SHA-256(0x01 || MTH(D[0:k]) || MTH(D[k:n])),  k = the largest power of two < n
//
// Sizes are numbers up to 2^53−1 and are never shifted or masked: `1 << 32` is 1.

import { EMPTY_ROOT, HASH_BYTES, type Hash, nodeHash } from './hash.ts';

/** Reads the hash of the perfect subtree of 2^level leaves at [index·2^level, (index+1)·2^level). */
export type ReadHash = (level: number, index: number) => Hash;

/** Refuses what is no size of a tree. @throws {RangeError} unless a safe integer ≥ 0 */
export function checkTreeSize(size: number): void {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new RangeError(`Cannot use tree size: expected an integer in 0..2^53-1, got ${size}`);
  }
}

/** MTH over leaf hashes, RFC 6962 §2.1. Hashes every node: for trees at hand in full. */
export function merkleRoot(leafHashes: readonly Hash[]): Hash {
  return frontierRoot(extendFrontier(EMPTY_FRONTIER, leafHashes));
}

/** The hashes of the perfect subtrees that make up [0, size), left to right: as many as size has one bits. */
export interface Frontier {
  readonly size: number;
  readonly hashes: readonly Hash[];
}

export const EMPTY_FRONTIER: Frontier = { size: 0, hashes: [] };

/**
 * Appends leaf hashes. `onNode` is told every perfect subtree that they complete, single leaves (level 0)
 * included, children before parents.
 * @throws {RangeError} when the tree would outgrow 2^53−1 leaves, or a hash is not 32 bytes
 */
export function extendFrontier(
  frontier: Frontier,
  leafHashes: readonly Hash[],
  onNode?: (level: number, index: number, hash: Hash) => void,
): Frontier {
  checkTreeSize(frontier.size + leafHashes.length);
  const hashes = [...frontier.hashes];
  let size = frontier.size;
  for (const leaf of leafHashes) {
    if (leaf.length !== HASH_BYTES) {
      throw new RangeError(`Cannot extend tree: expected a hash of 32 bytes, got ${leaf.length}`);
    }
    let hash = leaf;
    let index = size;
    let level = 0;
    onNode?.(level, index, hash);
    for (; index % 2 === 1; index = Math.floor(index / 2)) {
      const left = hashes.pop();
      if (left === undefined) throw new Error('unreachable: a frontier has a hash per one bit');
      hash = nodeHash(left, hash);
      level += 1;
      onNode?.(level, Math.floor(index / 2), hash);
    }
    hashes.push(hash);
    size += 1;
  }
  return { size, hashes };
}

/** The root of the tree that a frontier stands for. */
export function frontierRoot(frontier: Frontier): Hash {
  return foldRight(frontier.hashes) ?? EMPTY_ROOT;
}

/** Reads the frontier of a stored tree. */
export function frontierOf(size: number, read: ReadHash): Frontier {
  checkTreeSize(size);
  return { size, hashes: perfectSubtrees(0, size).map(({ level, index }) => read(level, index)) };
}

/**
 * MTH(D[start:end]) of a stored tree, for the ranges that are nodes of some RFC 6962 tree: start is a
 * multiple of the smallest power of two ≥ end − start.
 * @throws {RangeError} for an empty range, or one that is no node
 */
export function subtreeRoot(range: { start: number; end: number; read: ReadHash }): Hash {
  const { start, end, read } = range;
  let width = 1;
  while (width < end - start) width *= 2;
  if (start % width !== 0) throw new RangeError(`Cannot hash subtree: no node [${start}, ${end})`);
  const root = foldRight(perfectSubtrees(start, end).map(({ level, index }) => read(level, index)));
  if (root === undefined) throw new RangeError(`Cannot hash subtree: [${start}, ${end}) is empty`);
  return root;
}

/** k of RFC 6962 §2.1: the largest power of two smaller than n, for n ≥ 2. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

/** The fewest perfect subtrees that cover [start, end), left to right, of a range that is a node. */
function perfectSubtrees(start: number, end: number): { level: number; index: number }[] {
  const subtrees: { level: number; index: number }[] = [];
  for (let at = start; at < end;) {
    let width = 1;
    let level = 0;
    for (; at + width * 2 <= end; width *= 2) level += 1;
    subtrees.push({ level, index: at / width });
    at += width;
  }
  return subtrees;
}

function foldRight(hashes: readonly Hash[]): Hash | undefined {
  let root: Hash | undefined;
  for (const hash of hashes.toReversed()) root = root === undefined ? hash : nodeHash(hash, root);
  return root;
}
