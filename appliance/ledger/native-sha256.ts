// Node's own SHA-256 for the ground: five times the pure one. The digest comes as a string of bytes, because
// making a Buffer of it would cost more than hashing.

import { hash } from 'node:crypto';

import { useNativeSha256 } from '#crypto/hash.ts';

/** Puts Node's SHA-256 in, once, at start. */
export function useNodeSha256(): void {
  useNativeSha256(digestBytes, (text) => hash('sha256', text, 'base64url'));
}

function digestBytes(bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(text.length);
  for (let i = 0; i < digest.length; i++) digest[i] = text.charCodeAt(i);
  return digest;
}
