// Lower-case hexadecimal, strict.

import type { Bytes } from './bytes.ts';
import { FormatError } from './error.ts';

/** Formats bytes as lower-case hexadecimal. */
export function formatHex(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

/** Parses lower-case hexadecimal. @throws {FormatError} code `base64` on anything else */
export function parseHex(text: string): Bytes {
  if (!/^(?:[0-9a-f]{2})*$/.test(text)) {
    throw new FormatError('base64', 'Cannot parse hexadecimal: malformed');
  }
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
