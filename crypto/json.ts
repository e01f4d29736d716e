// JSON in the one form that is hashed and signed: RFC 8785 (JCS), in the profile of this house: integers
// within ±(2^53−1), well-formed strings, no `__proto__`. What does not re-encode to itself is refused.

import canonicalize from 'canonicalize';

import { type Bytes, decodeUtf8, encodeUtf8 } from './bytes.ts';
import { FormatError } from './error.ts';

export type Json =
  null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/**
 * Formats a value as JCS text.
 * @throws {FormatError} code `json` when the value has no JCS form in our profile
 */
export function formatJcs(value: unknown): string {
  checkValue(value, 0);
  if (typeof value === 'string') return JSON.stringify(value); // JCS takes its escapes from there (§3.2.2.2)
  const text = canonicalize(value);
  if (text === undefined)
    throw new FormatError('json', 'Cannot format JSON: value has no JSON form');
  return text;
}

/** Formats a value as JCS bytes: `formatJcs` in UTF-8. */
export function encodeJcs(value: unknown): Bytes {
  return encodeUtf8(formatJcs(value));
}

/**
 * Parses bytes that must be JCS.
 * @throws {FormatError} code `json` when they are not UTF-8, not JSON, or not their own canonical form
 */
export function parseJcs(bytes: Uint8Array): Json {
  let text: string;
  try {
    text = decodeUtf8(bytes);
  } catch (cause) {
    throw new FormatError('json', 'Cannot parse JSON: not UTF-8', { cause });
  }
  return parseJcsText(text);
}

/** As `parseJcs`, for text. @throws {FormatError} code `json` */
export function parseJcsText(text: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text) as Json; // the assertion is what JSON.parse promises
  } catch (cause) {
    throw new FormatError('json', 'Cannot parse JSON: malformed', { cause });
  }
  if (formatJcs(value) !== text) throw new FormatError('json', 'Cannot parse JSON: not canonical');
  return value;
}

const MAX_DEPTH = 64;

function checkValue(value: unknown, depth: number): void {
  if (depth > MAX_DEPTH) throw new FormatError('json', 'Cannot format JSON: nested too deep');
  switch (typeof value) {
    case 'boolean':
      return;
    case 'number':
      if (!Number.isSafeInteger(value) || Object.is(value, -0)) {
        throw new FormatError('json', 'Cannot format JSON: number is not a safe integer');
      }
      return;
    case 'string':
      if (!value.isWellFormed())
        throw new FormatError('json', 'Cannot format JSON: lone surrogate');
      return;
    case 'object':
      if (value === null) return;
      if (Array.isArray(value)) {
        for (const item of value) checkValue(item, depth + 1);
        return;
      }
      for (const [name, item] of Object.entries(value)) {
        if (name === '__proto__')
          throw new FormatError('json', 'Cannot format JSON: name "__proto__"');
        if (!name.isWellFormed())
          throw new FormatError('json', 'Cannot format JSON: lone surrogate');
        if (item !== undefined) checkValue(item, depth + 1);
        else throw new FormatError('json', `Cannot format JSON: "${name}" is undefined`);
      }
      return;
    default:
      throw new FormatError('json', `Cannot format JSON: a ${typeof value} has no JSON form`);
  }
}
