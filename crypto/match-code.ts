// The short code that technician and approver read to each other, to be sure that they look at one request.
// Six letters of Crockford's base32 (no I, L, O, U), 30 bits of SHA-256("caisey/match/v1\0" || leaf hash).

import { concatBytes, encodeUtf8 } from './bytes.ts';
import { sha256 } from './hash.ts';

/** Crockford's base32: the letters and digits that people do not take for one another. */
export const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const LETTERS = 6;

/** The match code of a request, by the leaf hash of its entry: `7QK-2FD`. */
export function matchCode(requestHash: Uint8Array): string {
  const digest = sha256(concatBytes(encodeUtf8('caisey/match/v1\0'), requestHash));
  const code = crockford(digest, LETTERS);
  return `${code.slice(0, 3)}-${code.slice(3)}`;
}

/** So many letters for so many uniform bytes: five bits of each byte, the others are dropped. */
export function crockford(bytes: Uint8Array, letters: number): string {
  let code = '';
  for (let i = 0; i < letters; i++) code += CROCKFORD.charAt((bytes[i] ?? 0) % CROCKFORD.length);
  return code;
}

/** A code as somebody typed it, in one form: in any case, with dashes and spaces, and the letters read as digits. */
export function plainCode(text: string): string {
  const letters = text.toUpperCase().replace(/[\s–—-]/g, '');
  return letters.replace(/O/g, '0').replace(/[IL]/g, '1');
}
