// Base64 and base64url (RFC 4648 §4, §5), strict: what does not re-encode to itself is refused, so one
// byte string has exactly one text.

import type { Bytes } from './bytes.ts';
import { FormatError } from './error.ts';

const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const STANDARD_VALUES = valuesOf(STANDARD);
const URL_SAFE_VALUES = valuesOf(URL_SAFE);
const STANDARD_PAIRS = pairsOf(STANDARD);
const URL_SAFE_PAIRS = pairsOf(URL_SAFE);

/** Encodes with the standard alphabet and padding (C2SP notes and checkpoints). */
export function encodeBase64(bytes: Uint8Array): string {
  const text = encode(bytes, STANDARD_PAIRS);
  return text + '='.repeat((4 - (text.length % 4)) % 4);
}

/**
 * Parses padded base64.
 * @throws {FormatError} code `base64` on any other alphabet, padding, length or trailing bits
 */
export function parseBase64(text: string): Bytes {
  if (text.length % 4 !== 0) throw malformed('length is not a multiple of 4');
  let end = text.length;
  if (text.endsWith('==')) end -= 2;
  else if (text.endsWith('=')) end -= 1;
  if (end % 4 === 1) throw malformed('wrong padding');
  return decode(text.slice(0, end), STANDARD_VALUES);
}

/** Encodes with the URL-safe alphabet, without padding (ids, hashes, disclosures). */
export function encodeBase64url(bytes: Uint8Array): string {
  return encode(bytes, URL_SAFE_PAIRS);
}

/**
 * Parses unpadded base64url.
 * @throws {FormatError} code `base64` on any other alphabet, padding, length or trailing bits
 */
export function parseBase64url(text: string): Bytes {
  if (text.length % 4 === 1) throw malformed('impossible length');
  return decode(text, URL_SAFE_VALUES);
}

/** Encodes three bytes as two pairs of characters, looked up: the ledger does this for every digest. */
function encode(bytes: Uint8Array, pairs: readonly string[]): string {
  let text = '';
  let i = 0;
  for (; i + 2 < bytes.length; i += 3) {
    const group = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    text += (pairs[group >> 12] ?? '') + (pairs[group & 4095] ?? '');
  }
  if (bytes.length - i === 1) {
    text += pairs[(bytes[i] ?? 0) << 4] ?? '';
  } else if (bytes.length - i === 2) {
    const group = ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
    text += (pairs[group >> 4] ?? '') + (pairs[(group & 15) << 8] ?? '').charAt(0);
  }
  return text;
}

function decode(text: string, values: Int8Array): Bytes {
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4));
  const whole = text.length - (text.length % 4);
  let length = 0;
  for (let i = 0; i < whole; i += 4) {
    const group =
      (valueAt(text, i, values) << 18) |
      (valueAt(text, i + 1, values) << 12) |
      (valueAt(text, i + 2, values) << 6) |
      valueAt(text, i + 3, values);
    if (group < 0) throw malformed('character outside the alphabet'); // any −1 sets the sign
    bytes[length] = group >> 16;
    bytes[length + 1] = group >> 8;
    bytes[length + 2] = group;
    length += 3;
  }
  decodeRest(text, { from: whole, values, into: bytes.subarray(length) });
  return bytes;
}

/** The last two or three characters, which hold one or two bytes. */
function decodeRest(
  text: string,
  { from, values, into }: { from: number; values: Int8Array; into: Uint8Array },
): void {
  if (from === text.length) return;
  const hasThird = text.length - from === 3;
  const group =
    (valueAt(text, from, values) << 12) |
    (valueAt(text, from + 1, values) << 6) |
    (hasThird ? valueAt(text, from + 2, values) : 0);
  if (group < 0) throw malformed('character outside the alphabet');
  const trailing = hasThird ? group & 0x3 : group & 0x3ff;
  if (trailing !== 0) throw malformed('trailing bits are not zero');
  into[0] = group >> 10;
  if (hasThird) into[1] = group >> 2;
}

/** The six bits of a character, or −1. */
function valueAt(text: string, at: number, values: Int8Array): number {
  return values[text.charCodeAt(at)] ?? -1; // the table has the 128 characters of ASCII
}

function valuesOf(alphabet: string): Int8Array {
  const values = new Int8Array(128).fill(-1);
  for (let i = 0; i < alphabet.length; i++) values[alphabet.charCodeAt(i)] = i;
  return values;
}

/** The two characters of every 12 bits. */
function pairsOf(alphabet: string): readonly string[] {
  return Array.from({ length: 4096 }, (_, i) => alphabet.charAt(i >> 6) + alphabet.charAt(i & 63));
}

function malformed(state: string): FormatError {
  return new FormatError('base64', `Cannot parse base64: ${state}`);
}
