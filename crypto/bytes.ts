// Byte strings: the one representation that hashing, signing and storage share.

/** A byte string over its own plain buffer, as WebCrypto's types demand. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Joins byte strings, in order. */
export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}

/** Compares two public byte strings. Not constant in time: never for secrets. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Orders two byte strings as memcmp does: negative, zero or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shared = Math.min(a.length, b.length);
  for (let i = 0; i < shared; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Copies a view that may lie over a shared or pooled buffer into Bytes of its own. */
export function copyBytes(view: Uint8Array): Bytes {
  return new Uint8Array(view);
}

/** Text to UTF-8. A lone surrogate would silently become U+FFFD: callers refuse it first (`parseJcs`). */
export function encodeUtf8(text: string): Bytes {
  return text.length <= SHORT_TEXT ? encodeShort(text) : encoder.encode(text);
}

const SHORT_TEXT = 256;

/** As the encoder, without the cost of calling it: most texts that are hashed are short and ASCII. */
function encodeShort(text: string): Bytes {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) return encoder.encode(text);
    bytes[i] = code;
  }
  return bytes;
}

/**
 * Strict UTF-8 to text; a byte order mark is kept as a character.
 * @throws {TypeError} when the bytes are not UTF-8
 */
export function decodeUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
