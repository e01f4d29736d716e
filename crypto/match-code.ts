// The short code that technician and approver read to each other, to be sure that they look at one request.
// Six letters of Crockford's base32 (no I, L, O, U), 30 bits of SHA-256("caisey/match/v1\0" || leaf hash).

import { concatBytes, encodeUtf8 } from './bytes.ts';
import { sha256 } from './hash.ts';

const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LETTERS = 6;

/** The match code of a request, by the leaf hash of its entry: `7QK-2FD`. */
export function matchCode(requestHash: Uint8Array): string {
  const digest = sha256(concatBytes(encodeUtf8('caisey/match/v1\0'), requestHash));
  let code = '';
  for (let i = 0; i < LETTERS; i++) code += ALPHABET.charAt((digest[i] ?? 0) % ALPHABET.length);
  return `${code.slice(0, 3)}-${code.slice(3)}`;
}
