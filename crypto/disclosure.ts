// Disclosures of RFC 9901 (SD-JWT) §4.2: one named value that can be shown, or withheld behind its digest.
//
//   disclosure = base64url( JSON [salt, name, value] )      salt: 128 random bits, base64url
//   digest     = base64url( SHA-256( ASCII(disclosure) ) )
//
// The encoded text is what is hashed, so it is kept and shipped as it is. RFC 9901 leaves the JSON free; ours
// is JCS, so that one (salt, name, value) has one text.

import { decodeUtf8, encodeUtf8 } from './bytes.ts';
import { encodeBase64url, parseBase64url } from './base64.ts';
import { FormatError } from './error.ts';
import { sha256Base64url } from './hash.ts';
import { formatJcs, type Json, parseJcs } from './json.ts';
import { randomBytes } from './webcrypto.ts';

export const SALT_BYTES = 16;

/** One disclosed field: the text that is hashed, and what it says. */
export interface Disclosure {
  readonly text: string;
  readonly digest: string;
  readonly name: string;
  readonly value: Json;
}

/** Makes a disclosure with a fresh salt. `salt` is given only by tests and must be 16 bytes. */
export function createDisclosure(
  name: string,
  value: Json,
  { salt = randomBytes(SALT_BYTES) }: { salt?: Uint8Array } = {},
): Disclosure {
  // The array is put together by hand: its salt needs no escapes, and most values are short texts.
  const json = `["${encodeBase64url(salt)}",${formatJcs(name)},${formatJcs(value)}]`;
  const text = encodeBase64url(encodeUtf8(json));
  return { text, digest: digestOf(text), name, value };
}

/** The digest by which a leaf holds a disclosure, RFC 9901 §4.2.3. */
export function digestOf(disclosure: string): string {
  return sha256Base64url(disclosure);
}

/**
 * Parses the text of a disclosure of an object's field.
 * @throws {FormatError} code `disclosure` when it is not our form, or names `_sd` or `...` (RFC 9901 §7.1)
 */
export function parseDisclosure(text: string): Disclosure {
  let parsed: Json;
  try {
    parsed = parseJcs(parseBase64url(text));
  } catch (cause) {
    throw new FormatError('disclosure', 'Cannot parse disclosure: malformed', { cause });
  }
  if (!Array.isArray(parsed) || parsed.length !== 3) {
    throw new FormatError('disclosure', 'Cannot parse disclosure: expected [salt, name, value]');
  }
  const [salt, name, value] = parsed as unknown as readonly [Json, Json, Json]; // length checked above
  if (typeof salt !== 'string' || parseSalt(salt).length !== SALT_BYTES) {
    throw new FormatError('disclosure', 'Cannot parse disclosure: salt is not 128 bits');
  }
  if (typeof name !== 'string' || name === '_sd' || name === '...') {
    throw new FormatError('disclosure', 'Cannot parse disclosure: forbidden name');
  }
  return { text, digest: digestOf(text), name, value };
}

/** Decodes the JSON inside a disclosure, for people who look at one. */
export function readDisclosureJson(text: string): string {
  return decodeUtf8(parseBase64url(text));
}

function parseSalt(text: string): Uint8Array {
  try {
    return parseBase64url(text);
  } catch (cause) {
    throw new FormatError('disclosure', 'Cannot parse disclosure: salt is not base64url', {
      cause,
    });
  }
}
