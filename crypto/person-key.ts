// The public keys of people and sessions, as one line of text that says all a verifier needs:
//
//   ed25519:<base64url of 32 bytes>
//   webauthn:<rp id>:<base64url of the COSE_Key>
//
// A passkey's relying party is part of its name, so the site that a signature was made for is never guessed.

import { encodeBase64url, parseBase64url } from './base64.ts';
import { type Bytes, encodeUtf8 } from './bytes.ts';
import { parseCoseKey } from './cose.ts';
import { FormatError } from './error.ts';
import { sha256 } from './hash.ts';
import { formatHex } from './hex.ts';
import { checkEd25519PublicKey } from './webcrypto.ts';

export const MAX_KEY_CHARS = 2048;

export type PersonKey =
  | { readonly kind: 'ed25519'; readonly publicKey: Bytes }
  | { readonly kind: 'webauthn'; readonly rpId: string; readonly cose: Bytes };

/** Formats a key as its line of text. */
export function formatPersonKey(key: PersonKey): string {
  switch (key.kind) {
    case 'ed25519':
      return `ed25519:${encodeBase64url(key.publicKey)}`;
    case 'webauthn':
      return `webauthn:${key.rpId}:${encodeBase64url(key.cose)}`;
    default:
      throw new Error(`unreachable: key of kind ${String(key satisfies never)}`);
  }
}

/**
 * Parses a key's line of text.
 * @throws {FormatError} code `key` when malformed, or of an algorithm that `parseCoseKey` refuses
 * @throws {VerifyError} code `weak-key` for an Ed25519 point of small order
 */
export function parsePersonKey(text: string): PersonKey {
  if (text.length > MAX_KEY_CHARS) throw new FormatError('key', 'Cannot parse key: too long');
  const [kind, first, second, ...others] = text.split(':');
  if (kind === 'ed25519' && first !== undefined && second === undefined) {
    const publicKey = parseKeyBytes(first);
    checkEd25519PublicKey(publicKey);
    return { kind, publicKey };
  }
  if (kind === 'webauthn' && first !== undefined && second !== undefined && others.length === 0) {
    if (!/^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/.test(first)) {
      throw new FormatError('key', 'Cannot parse key: bad relying party id');
    }
    const cose = parseKeyBytes(second);
    parseCoseKey(cose); // a key that no signature could be checked by is refused when it is enrolled
    return { kind, rpId: first, cose };
  }
  throw new FormatError('key', 'Cannot parse key: unknown form');
}

/** Whether text is a key's line, for schemas. */
export function isPersonKey(text: string): boolean {
  try {
    parsePersonKey(text);
    return true;
  } catch {
    return false;
  }
}

/** Text by which two people compare a key: the first 8 bytes of the hash of its line, in groups. */
export function keyFingerprint(key: string): string {
  const hex = formatHex(sha256(encodeUtf8(key)).subarray(0, 8));
  return (hex.match(/.{4}/g) ?? []).join(' ');
}

function parseKeyBytes(text: string): Bytes {
  try {
    return parseBase64url(text);
  } catch (cause) {
    throw new FormatError('key', 'Cannot parse key: not base64url', { cause });
  }
}
