// The runtime's own SHA-256 for the ground: five times the pure one.

import { hash } from 'node:crypto';

import { useNativeSha256 } from '#crypto/hash.ts';

/** Puts the runtime's SHA-256 in, once, at start. */
export function useRuntimeSha256(): void {
  useNativeSha256(
    (bytes) => new Uint8Array(hash('sha256', bytes, 'buffer')),
    (text) => hash('sha256', text, 'base64url'),
  );
}
