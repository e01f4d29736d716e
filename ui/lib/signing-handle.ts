// The user handle of signing keys (WebAuthn Level 3 §5.4.3). It says of a credential that it signs statements: an
// authenticator that makes every passkey discoverable may offer one at a sign-in, and gives its handle with the answer.
// The page then throws that answer away: the host, which chose the challenge, never gets it.

import { type Bytes, concatBytes, encodeUtf8, equalBytes } from '#crypto/bytes.ts';
import { randomBytes } from '#crypto/webcrypto.ts';

const MARK = encodeUtf8('caisey-signs:');

/** Makes the handle of a new signing key: the mark, and 32 random bytes (64 bytes are allowed). */
export function createSigningHandle(): Bytes {
  return concatBytes(MARK, randomBytes(32));
}

/** Whether a credential with this handle is a signing key. */
export function isSigningHandle(handle: Uint8Array): boolean {
  return handle.length >= MARK.length && equalBytes(handle.subarray(0, MARK.length), MARK);
}
