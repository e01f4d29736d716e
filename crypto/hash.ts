// SHA-256 and the Merkle tree's two hashes (RFC 6962 §2.1). Synchronous: the tree is built in loops where a
// promise per hash would cost thirty times the hash. A shell with a faster native SHA-256 puts it in once,
// at start, by `useNativeSha256`; results are the same bytes, so nothing else can tell.

import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js';

import { encodeBase64url } from './base64.ts';
import { type Bytes, concatBytes, encodeUtf8 } from './bytes.ts';

/** 32 bytes: a SHA-256 digest. */
export type Hash = Bytes;

export const HASH_BYTES = 32;

export type Sha256 = (bytes: Uint8Array) => Uint8Array;

/** SHA-256 of a text's UTF-8 in base64url, in one step where the platform has one. */
export type Sha256Text = (text: string) => string;

let implementation: Sha256 = nobleSha256;
let textImplementation: Sha256Text = digestText;

/** Puts in a native SHA-256. The caller promises that it is SHA-256; a known answer is checked. */
export function useNativeSha256(native: Sha256, nativeText: Sha256Text = digestText): void {
  const got = native(new Uint8Array(0));
  const want = nobleSha256(new Uint8Array(0));
  if (got.length !== HASH_BYTES || !want.every((byte, i) => got[i] === byte)) {
    throw new Error('unreachable: the native SHA-256 gives wrong answers');
  }
  if (nativeText(KNOWN_TEXT) !== encodeBase64url(nobleSha256(encodeUtf8(KNOWN_TEXT)))) {
    throw new Error('unreachable: the native SHA-256 of text gives wrong answers');
  }
  implementation = native;
  textImplementation = nativeText;
}

const KNOWN_TEXT = 'Möbius';

/** SHA-256 of the bytes: 32 bytes. */
export function sha256(bytes: Uint8Array): Hash {
  return implementation(bytes) as Hash; // a digest lies over its own buffer
}

/** SHA-256 of a text's UTF-8, as base64url: how disclosures are named (RFC 9901 §4.2.3). */
export function sha256Base64url(text: string): string {
  return textImplementation(text);
}

function digestText(text: string): string {
  return encodeBase64url(sha256(encodeUtf8(text)));
}

/** HMAC-SHA-256 (RFC 2104) with a key of at most one block, 64 bytes. @throws {RangeError} for a longer key */
export function hmacSha256(key: Uint8Array, bytes: Uint8Array): Hash {
  if (key.length > BLOCK_BYTES) throw new RangeError('Cannot compute HMAC: key is over 64 bytes');
  const inner = new Uint8Array(BLOCK_BYTES + bytes.length).fill(0x36, 0, BLOCK_BYTES);
  const outer = new Uint8Array(BLOCK_BYTES + HASH_BYTES).fill(0x5c, 0, BLOCK_BYTES);
  for (const [i, byte] of key.entries()) {
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  inner.set(bytes, BLOCK_BYTES);
  outer.set(sha256(inner), BLOCK_BYTES);
  return sha256(outer);
}

const BLOCK_BYTES = 64;

/** SHA-256(0x00 || leaf), RFC 6962 §2.1. */
export function leafHash(leaf: Uint8Array): Hash {
  return sha256(concatBytes(LEAF_PREFIX, leaf));
}

/**
 * SHA-256(0x01 || left || right), RFC 6962 §2.1.
 * @throws {RangeError} unless both are 32 bytes: a shorter one would be hashed as if it ended in zeros
 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Hash {
  if (left.length !== HASH_BYTES || right.length !== HASH_BYTES) {
    throw new RangeError(`Cannot hash node: ${left.length} and ${right.length} bytes`);
  }
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + HASH_BYTES);
  return sha256(nodeInput);
}

/** Used again for every node, as hashing is synchronous: a quarter faster than new bytes each time. */
const nodeInput = new Uint8Array(1 + 2 * HASH_BYTES).fill(1, 0, 1);

const LEAF_PREFIX = new Uint8Array([0]);

/** SHA-256(""), the root of the empty tree, RFC 6962 §2.1. */
export const EMPTY_ROOT: Hash = sha256(new Uint8Array(0));
