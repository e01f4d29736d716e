// ChaCha20-Poly1305 (RFC 8439) for Noise, by the runtime's own on Node and Deno. libp2p's hands the key over as
// bytes with every message, which costs several times the message; here each connection's key is taken in once.

import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';

import type { ICryptoInterface } from '@chainsafe/libp2p-noise';
import { defaultCrypto } from '@chainsafe/libp2p-noise/crypto';

const CIPHER = 'chacha20-poly1305';
const TAG_BYTES = 16;
const OPTIONS = { authTagLength: TAG_BYTES };

/** By the bytes that libp2p keeps for as long as the connection lives. */
const keys = new WeakMap<Uint8Array, KeyObject>();

/** What Noise is made of: libp2p's own, but for the cipher. */
export const nativeNoiseCrypto: ICryptoInterface = {
  ...defaultCrypto,
  chaCha20Poly1305Encrypt(plaintext, nonce, ad, key) {
    const bytes = plaintext.subarray();
    const cipher = createCipheriv(CIPHER, keyOf(key), nonce, OPTIONS);
    cipher.setAAD(ad, { plaintextLength: bytes.length });
    const encrypted = cipher.update(bytes);
    cipher.final(); // a stream cipher: nothing is left
    return Buffer.concat([encrypted, cipher.getAuthTag()]);
  },
  chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key) {
    const bytes = ciphertext.subarray();
    const end = bytes.length - TAG_BYTES;
    const decipher = createDecipheriv(CIPHER, keyOf(key), nonce, OPTIONS);
    decipher.setAAD(ad, { plaintextLength: end });
    decipher.setAuthTag(bytes.subarray(end));
    const decrypted = decipher.update(bytes.subarray(0, end));
    decipher.final(); // throws when the tag does not hold
    return decrypted;
  },
};

function keyOf(bytes: Uint8Array): KeyObject {
  let key = keys.get(bytes);
  if (key === undefined) {
    key = createSecretKey(bytes);
    keys.set(bytes, key);
  }
  return key;
}
