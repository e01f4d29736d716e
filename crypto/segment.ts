// Long text, cut in segments of which each can be withheld alone.
//
//   text field = { bytes, segments, root }
//   root       = RFC 6962 tree hash over  leafHash( salt_i || segment_i ),  i = 0 … segments − 1
//   salt_i     = HMAC-SHA-256( entry key, decimal i )[0:16],  entry key: 32 random bytes, one for each text
//
// A segment holds the exact bytes that the endpoint sent, UTF-8 or not: nothing is replaced before it is
// hashed. Joined in order the segments are the text.

import * as z from 'zod';

import { type Bytes, concatBytes, copyBytes, encodeUtf8 } from './bytes.ts';
import { encodeBase64url } from './base64.ts';
import { VerifyError } from './error.ts';
import { EMPTY_ROOT, type Hash, HASH_BYTES, hmacSha256, leafHash } from './hash.ts';
import { merkleRoot } from './tree.ts';

export const ENTRY_KEY_BYTES = 32;
export const SEGMENT_SALT_BYTES = 16;
/** Text up to this length is cut at line ends; text beyond it in blocks. */
export const LINE_CUT_BYTES = 256 * 1024;
export const BLOCK_BYTES = 4096;

export const textReferenceSchema = z.strictObject({
  bytes: z.int().min(0),
  segments: z.int().min(0),
  root: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
});

/** What a leaf's field says of a long text: its length, how it is cut, and the root over its segments. */
export type TextReference = z.infer<typeof textReferenceSchema>;

/** A segment as it is shown: its bytes with the salt, or only the hash that stands for it. */
export type ShownSegment =
  | { readonly kind: 'shown'; readonly salt: Bytes; readonly bytes: Bytes }
  | { readonly kind: 'withheld'; readonly hash: Hash };

/**
 * Cuts text at line ends, a longer line in blocks of `BLOCK_BYTES`; from `LINE_CUT_BYTES` of one command's
 * output on, blocks only. `offset` is where this text begins in the whole output.
 */
export function cutSegments(text: Uint8Array, { offset = 0 }: { offset?: number } = {}): Bytes[] {
  const segments: Bytes[] = [];
  let start = 0;
  while (start < text.length) {
    const end = Math.min(start + BLOCK_BYTES, text.length);
    const newline = offset + start < LINE_CUT_BYTES ? text.subarray(start, end).indexOf(10) : -1;
    const cut = newline >= 0 ? start + newline + 1 : wholeCharacters(text, { start, end });
    segments.push(copyBytes(text.subarray(start, cut))); // a Buffer's slice() would share its memory
    start = cut;
  }
  return segments;
}

/** The salt of segment `i` under its entry key: 16 bytes. */
export function segmentSalt(key: Uint8Array, i: number): Bytes {
  return copyBytes(hmacSha256(key, encodeUtf8(String(i))).subarray(0, SEGMENT_SALT_BYTES));
}

/** leafHash(salt || segment). */
export function segmentHash(salt: Uint8Array, segment: Uint8Array): Hash {
  return leafHash(concatBytes(salt, segment));
}

/** The reference that a leaf's field holds for these segments under this entry key. */
export function referenceText(segments: readonly Uint8Array[], key: Uint8Array): TextReference {
  const hashes = segments.map((segment, i) => segmentHash(segmentSalt(key, i), segment));
  let bytes = 0;
  for (const segment of segments) bytes += segment.length;
  return { bytes, segments: segments.length, root: encodeBase64url(rootOf(hashes)) };
}

/**
 * Checks shown and withheld segments against the reference in a leaf.
 * @throws {VerifyError} code `binding` when they are not the text that was committed to
 */
export function checkSegments(reference: TextReference, segments: readonly ShownSegment[]): void {
  if (segments.length !== reference.segments) {
    throw new VerifyError(
      'binding',
      `Cannot accept text: expected ${reference.segments} segments, got ${segments.length}`,
    );
  }
  let bytes = 0;
  let withheld = 0;
  const hashes = segments.map((segment) => {
    if (segment.kind === 'withheld') {
      withheld += 1;
      return checkedHash(segment.hash);
    }
    bytes += segment.bytes.length;
    return segmentHash(checkedSalt(segment.salt), segment.bytes);
  });
  if (encodeBase64url(rootOf(hashes)) !== reference.root) {
    throw new VerifyError('binding', 'Cannot accept text: segments do not hash to the root');
  }
  const fits = withheld === 0 ? bytes === reference.bytes : bytes <= reference.bytes;
  if (!fits) throw new VerifyError('binding', 'Cannot accept text: length does not agree');
}

function rootOf(hashes: readonly Hash[]): Hash {
  return hashes.length === 0 ? EMPTY_ROOT : merkleRoot(hashes);
}

function checkedHash(hash: Hash): Hash {
  if (hash.length !== HASH_BYTES) {
    throw new VerifyError('binding', 'Cannot accept text: a hash is not 32 bytes');
  }
  return hash;
}

function checkedSalt(salt: Bytes): Bytes {
  if (salt.length !== SEGMENT_SALT_BYTES) {
    throw new VerifyError('binding', 'Cannot accept text: a salt is not 16 bytes');
  }
  return salt;
}

/** Moves a block's end back so that it does not part a UTF-8 character, where there is one to part. */
function wholeCharacters(text: Uint8Array, { start, end }: { start: number; end: number }): number {
  if (end === text.length) return end;
  for (let back = 0; back < 4 && end - back > start; back++) {
    const byte = text[end - back] ?? 0;
    if ((byte & 0xc0) !== 0x80) return end - back;
  }
  return end; // not UTF-8: any place is as good
}
