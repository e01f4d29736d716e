// The making of a passkey (WebAuthn Level 3 §7.1), as far as it names a key: what a page got from its own
// authenticator, read by that page. No attestation is asked for and none is judged.
//
//   authenticatorData = SHA-256(rp id) [32]  flags [1]  counter [4]
//                       aaguid [16]  length L [2]  credential id [L]  COSE_Key  extensions [CBOR map, flag ED]

import { decodePartialCBOR } from '@levischuck/tiny-cbor';

import { type Bytes, copyBytes, encodeUtf8, equalBytes } from './bytes.ts';
import { parseCoseKey } from './cose.ts';
import { FormatError } from './error.ts';
import { HASH_BYTES, sha256 } from './hash.ts';

/** The algorithms of `parseCoseKey`, in the order in which an authenticator is asked for them. */
export const PASSKEY_ALGORITHMS = [-7, -8, -257] as const;

/** WebAuthn Level 3 §4: a credential id is at most 1023 bytes long. */
export const MAX_CREDENTIAL_ID_BYTES = 1023;

/** A passkey that was just made. */
export interface Registration {
  readonly credentialId: Bytes;
  /** The public key in its one COSE form. */
  readonly cose: Bytes;
}

/**
 * Parses the authenticator data of a new passkey for this relying party.
 * @throws {FormatError} code `key` when it is malformed, another's, made without verifying the person, or of
 *   an algorithm that is not ours
 * @throws {VerifyError} code `weak-key`
 */
export function parseRegistration(data: Uint8Array, { rpId }: { rpId: string }): Registration {
  if (data.length < CREDENTIAL_ID_AT) throw malformed('too short');
  if (!equalBytes(data.subarray(0, HASH_BYTES), sha256(encodeUtf8(rpId)))) {
    throw malformed(`it is not for "${rpId}"`);
  }
  const flags = data[HASH_BYTES] ?? 0;
  if ((flags & FLAG_UV) === 0) throw malformed('the person was not verified');
  if ((flags & FLAG_AT) === 0) throw malformed('no credential in it');
  const length = (data[CREDENTIAL_ID_AT - 2] ?? 0) * 256 + (data[CREDENTIAL_ID_AT - 1] ?? 0);
  const keyAt = CREDENTIAL_ID_AT + length;
  if (length === 0 || length > MAX_CREDENTIAL_ID_BYTES || keyAt >= data.length) {
    throw malformed('bad length of the credential id');
  }
  const keyEnd = keyAt + lengthOfItem(data.subarray(keyAt));
  if ((flags & FLAG_ED) === 0 && keyEnd !== data.length) throw malformed('trailing bytes');
  const cose = copyBytes(data.subarray(keyAt, keyEnd));
  parseCoseKey(cose);
  return { credentialId: copyBytes(data.subarray(CREDENTIAL_ID_AT, keyAt)), cose };
}

function lengthOfItem(bytes: Uint8Array): number {
  try {
    const [, length] = decodePartialCBOR(copyBytes(bytes), 0);
    return length;
  } catch (cause) {
    throw new FormatError('key', 'Cannot read new passkey: its key is not CBOR', { cause });
  }
}

function malformed(state: string): FormatError {
  return new FormatError('key', `Cannot read new passkey: ${state}`);
}

/** After rp id hash, flags, counter, aaguid and length. */
const CREDENTIAL_ID_AT = 55;

const FLAG_UV = 0x04;
const FLAG_AT = 0x40;
const FLAG_ED = 0x80;
