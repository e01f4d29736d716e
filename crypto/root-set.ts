// The MSP's root as sites pin it: a set of one to four keys, any of which signs a roster. An owner's passkey and
// the recovery key in a drawer are both of it, so losing one loses no site.
//
//   root set = key *3(" " key)          keys as in person-key.ts, distinct, in ascending order of their characters
//
// One order, so that one set has one text: whoever pins it compares texts. A single key is a set of one.

import { concatBytes, encodeUtf8 } from './bytes.ts';
import { FormatError } from './error.ts';
import { sha256 } from './hash.ts';
import { crockford } from './match-code.ts';
import { isPersonKey, MAX_KEY_CHARS } from './person-key.ts';

export const MAX_ROOT_KEYS = 4;
export const MAX_ROOT_SET_CHARS = MAX_ROOT_KEYS * (MAX_KEY_CHARS + 1) - 1;

/** Formats keys as the text of their set, in its one order. @throws {FormatError} as `parseRootSet` */
export function formatRootSet(keys: readonly string[]): string {
  const text = [...keys].sort(byCharacters).join(' ');
  parseRootSet(text);
  return text;
}

/**
 * Parses a root set into its keys.
 * @throws {FormatError} code `key` for another number of keys, one that is none, one given twice, or another order
 */
export function parseRootSet(text: string): readonly string[] {
  if (text.length > MAX_ROOT_SET_CHARS) throw malformed('too long');
  const keys = text.split(' ');
  if (keys.length > MAX_ROOT_KEYS) throw malformed(`more than ${MAX_ROOT_KEYS} keys`);
  if (!keys.every(isPersonKey)) throw malformed('not keys with one space between them');
  const isOrdered = keys.every((key, i) => i === 0 || byCharacters(keys[i - 1] ?? '', key) < 0);
  if (!isOrdered) throw malformed('keys are not distinct and in ascending order');
  return keys;
}

/** Whether text is a root set, for schemas. */
export function isRootSet(text: string): boolean {
  try {
    parseRootSet(text);
    return true;
  } catch {
    return false;
  }
}

/** Whether a key is one of a pinned root set. A text that is no root set has no keys. */
export function isRootKey(root: string, key: string): boolean {
  return isRootSet(root) && root.split(' ').includes(key);
}

/**
 * The code by which two people compare a root set: `7QK2-FD0M-93XA`, 60 bits of
 * SHA-256("caisey/root/v1\0" || text), more than anybody makes keys to match.
 */
export function rootCode(root: string): string {
  const digest = sha256(concatBytes(encodeUtf8('caisey/root/v1\0'), encodeUtf8(root)));
  return (crockford(digest, 12).match(/.{4}/g) ?? []).join('-');
}

/** Keys are ASCII: their characters are their bytes. */
function byCharacters(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function malformed(state: string): FormatError {
  return new FormatError('key', `Cannot parse root set: ${state}`);
}
