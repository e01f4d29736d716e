// The runtime's own SHA-256 and Ed25519 for the ground, on Node and on Deno: five times the pure hash, and
// signatures without the way through a thread pool. Put in once, at start, by every program of this house.

import { Buffer } from 'node:buffer';
import { createPrivateKey, createPublicKey, hash, type KeyObject, sign, verify } from 'node:crypto';

import { type Bytes, concatBytes } from '#crypto/bytes.ts';
import { useNativeSha256 } from '#crypto/hash.ts';
import { formatHex, parseHex } from '#crypto/hex.ts';
import { useNativeEd25519 } from '#crypto/webcrypto.ts';

/** DER around raw Ed25519 keys, RFC 8410. */
const SPKI_PREFIX = parseHex('302a300506032b6570032100');
const PKCS8_PREFIX = parseHex('302e020100300506032b657004220420');

const MAX_CACHED_KEYS = 512;
const publicKeys = new Map<string, KeyObject>();

/** Puts the runtime's implementations in. Each is checked against known answers. */
export function useNativeCrypto(): void {
  useNativeSha256(digestBytes, (text) => hash('sha256', text, 'base64url'));
  useNativeEd25519({
    signerOf(seed) {
      const key = createPrivateKey({
        key: Buffer.from(concatBytes(PKCS8_PREFIX, seed)),
        format: 'der',
        type: 'pkcs8',
      });
      return (message) => new Uint8Array(sign(null, message, key));
    },
    isSignature: (publicKey, { signature, message }) =>
      verify(null, message, importPublicKey(publicKey), signature),
  });
}

/** The digest comes as a string of bytes, because making a Buffer of it would cost more than hashing. */
function digestBytes(bytes: Uint8Array): Uint8Array {
  const text = hash('sha256', bytes, 'binary');
  const digest = new Uint8Array(text.length);
  for (let i = 0; i < digest.length; i++) digest[i] = text.charCodeAt(i);
  return digest;
}

function importPublicKey(publicKey: Bytes): KeyObject {
  const name = formatHex(publicKey);
  const cached = publicKeys.get(name);
  if (cached !== undefined) return cached;
  const key = createPublicKey({
    key: Buffer.from(concatBytes(SPKI_PREFIX, publicKey)),
    format: 'der',
    type: 'spki',
  });
  if (publicKeys.size >= MAX_CACHED_KEYS) publicKeys.clear();
  publicKeys.set(name, key);
  return key;
}
