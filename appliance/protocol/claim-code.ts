// The claim code: what an appliance shows and its owner types, twenty letters and digits in groups of four.
//
//   K7QM-2FD0-93XA - 8RTZ-04VN        60 bits of SHA-256(peer public key) - 40 bits of secret
//
// The first part is the appliance's: whoever puts another box between has to find a key that begins alike. The second
// is known to whoever stands before the box, and proves to it that the owner heard of it from there.

import { FormatError } from '#crypto/error.ts';
import { sha256 } from '#crypto/hash.ts';
import { CROCKFORD, crockford, plainCode } from '#crypto/match-code.ts';
import { randomBytes } from '#crypto/webcrypto.ts';

export const CLAIM_SECRET_CHARS = 8;
const PEER_CHARS = 12;
const CODE_CHARS = PEER_CHARS + CLAIM_SECRET_CHARS;

export interface ClaimCode {
  /** The part that names the appliance's key. */
  readonly peer: string;
  readonly secret: string;
}

/** The part of a code that a peer key has. */
export function claimPeer(publicKey: Uint8Array): string {
  return crockford(sha256(publicKey), PEER_CHARS);
}

/** A new secret. */
export function createClaimSecret(): string {
  return crockford(randomBytes(CLAIM_SECRET_CHARS), CLAIM_SECRET_CHARS);
}

/** Formats the code of an appliance. */
export function formatClaimCode(publicKey: Uint8Array, secret: string): string {
  return (`${claimPeer(publicKey)}${secret}`.match(/.{4}/g) ?? []).join('-');
}

/**
 * Parses what somebody typed: in any case, with any dashes and spaces, and with the letters that are read as digits.
 * @throws {FormatError} code `key` when it is no code
 */
export function parseClaimCode(text: string): ClaimCode {
  const letters = plainCode(text.slice(0, 256));
  const isCode =
    letters.length === CODE_CHARS && [...letters].every((letter) => CROCKFORD.includes(letter));
  if (!isCode) {
    throw new FormatError(
      'key',
      `Cannot parse claim code: it has ${CODE_CHARS} letters and digits`,
    );
  }
  return { peer: letters.slice(0, PEER_CHARS), secret: letters.slice(PEER_CHARS) };
}

/** The part of a typed code that names the appliance's key. @throws {FormatError} as `parseClaimCode` */
export function claimCodePeer(code: string): string {
  return parseClaimCode(code).peer;
}

/** Whether a code was shown by the appliance with this key. @throws {FormatError} as `parseClaimCode` */
export function isCodeOfPeer(code: string, publicKey: Uint8Array): boolean {
  return claimCodePeer(code) === claimPeer(publicKey);
}
