// Random 128-bit identifiers of endpoints, sessions and nonces: 22 characters of base64url.

import { encodeBase64url, parseBase64url } from './base64.ts';
import { FormatError } from './error.ts';
import { randomBytes } from './webcrypto.ts';

declare const idBrand: unique symbol;

/** 128 random bits as base64url. */
export type Id = string & { readonly [idBrand]: true };

const ID_BYTES = 16;

/** Makes a new random id. None begins with a dash: people type them, and programs would take that for an option. */
export function createId(): Id {
  for (;;) {
    const id = encodeBase64url(randomBytes(ID_BYTES));
    if (!id.startsWith('-')) return id as Id; // minted here
  }
}

/** Parses an id. @throws {FormatError} code `base64` when it is not 128 bits of base64url */
export function parseId(text: string): Id {
  if (parseBase64url(text).length !== ID_BYTES) {
    throw new FormatError('base64', 'Cannot parse id: expected 128 bits');
  }
  return text as Id; // checked above
}

/** Whether text is 128 bits of base64url. */
export function isId(text: string): text is Id {
  try {
    parseId(text);
    return true;
  } catch {
    return false; // whatever parseBase64url says of it
  }
}
