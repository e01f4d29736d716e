// Assertions of passkeys (WebAuthn Level 3 §7.2), as far as they can be verified offline and years later: by
// the bytes that were kept and the enrolled key alone. The challenge is what was signed for, so a replayed
// assertion says only what it said before. Counters and credential ids are an online server's business.
//
//   signature over  authenticatorData || SHA-256(clientData)
//   authenticatorData = SHA-256(rp id) [32]  flags [1]  counter [4]  extensions [CBOR map, when flag ED]
//
// Trusted: the relying party id, the key and the challenge, which the caller has from signed statements. The
// assertion is hostile.

import { decodeCBOR } from '@levischuck/tiny-cbor';

import { encodeBase64url } from './base64.ts';
import { type Bytes, concatBytes, decodeUtf8, encodeUtf8, equalBytes } from './bytes.ts';
import { type CoseKey, parseCoseKey } from './cose.ts';
import { VerifyError } from './error.ts';
import { HASH_BYTES, sha256 } from './hash.ts';
import { door, isEd25519Signature } from './webcrypto.ts';

export const MAX_AUTHENTICATOR_DATA_BYTES = 1536;
export const MAX_CLIENT_DATA_BYTES = 6144;

/** What an authenticator and a browser made of one challenge; `clientData` byte for byte as it came. */
export interface Assertion {
  readonly authenticatorData: Bytes;
  readonly clientData: Bytes;
  readonly signature: Bytes;
}

/**
 * Checks that the holder of the passkey `cose` was present, was verified (PIN, finger or face) and signed this
 * 32-byte challenge on a page of this relying party. An ECDSA signature may have a high or a low s, as
 * authenticators make both: never tell two assertions apart by their signature bytes.
 * @throws {VerifyError} code `webauthn`, the message naming the step that failed
 */
export async function checkAssertion(
  assertion: Assertion,
  claim: { rpId: string; cose: Bytes; challenge: Bytes },
): Promise<void> {
  const key = readKey(claim.cose);
  checkClientData(assertion.clientData, claim);
  checkAuthenticatorData(assertion.authenticatorData, claim.rpId);
  // Joined before anything is awaited: what was checked is what is verified.
  const message = concatBytes(assertion.authenticatorData, sha256(assertion.clientData));
  await checkSignature(key, { signature: assertion.signature, message });
}

function readKey(cose: Bytes): CoseKey {
  try {
    return parseCoseKey(cose);
  } catch (cause) {
    throw refused('public key: malformed, weak or of another algorithm', { cause });
  }
}

/** The members of CollectedClientData (§5.8.1) that mean something to us; browsers add others. */
function checkClientData(
  clientData: Uint8Array,
  { rpId, challenge }: { rpId: string; challenge: Uint8Array },
): void {
  const members = parseClientData(clientData);
  if (members.get('type') !== 'webauthn.get') throw refused('type: is not webauthn.get');
  if (challenge.length !== HASH_BYTES || members.get('challenge') !== encodeBase64url(challenge)) {
    throw refused('challenge: is not what was to be signed');
  }
  const crossOrigin = members.get('crossOrigin');
  if (crossOrigin !== undefined && crossOrigin !== false) {
    throw refused('crossOrigin: signed inside a page of another origin');
  }
  if (members.has('topOrigin')) {
    throw refused('topOrigin: signed inside a page of another origin');
  }
  if (!isOriginOf(rpId, members.get('origin'))) {
    throw refused(`origin: is not a secure page of "${rpId}"`);
  }
}

/** Parses any JSON object, canonical or not, whose names are unique: readers disagree on which double wins. */
function parseClientData(clientData: Uint8Array): ReadonlyMap<string, unknown> {
  if (clientData.length > MAX_CLIENT_DATA_BYTES) throw refused('client data: too long');
  let text: string;
  let value: unknown;
  try {
    text = decodeUtf8(clientData);
    value = JSON.parse(text);
  } catch (cause) {
    throw refused('client data: not JSON', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refused('client data: not an object');
  }
  const members = new Map<string, unknown>(Object.entries(value));
  if (countMembers(text) !== members.size) throw refused('client data: a name stands twice');
  return members;
}

/** How many members the outermost object of a valid JSON text has, doubles included. */
function countMembers(text: string): number {
  let depth = 0;
  let members = 0;
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:]/g)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    else if (token === ':' && depth === 1) members += 1;
  }
  return members;
}

/**
 * Whether text is the serialised origin (HTML, "ASCII serialization of an origin") of a page that may use this
 * relying party id: https on its host or a host below it, or http on localhost. Related origins (§5.11) and
 * apps are not accepted: nothing offline says whose they are.
 */
function isOriginOf(rpId: string, origin: unknown): boolean {
  if (typeof origin !== 'string' || !URL.canParse(origin)) return false;
  const url = new URL(origin);
  if (url.origin !== origin) return false;
  if (url.hostname !== rpId && !url.hostname.endsWith(`.${rpId}`)) return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === 'localhost');
}

/** Checks authenticator data, §6.1, as it stands in an assertion. */
function checkAuthenticatorData(data: Uint8Array, rpId: string): void {
  if (data.length < HEADER_BYTES) throw refused('authenticator data: too short');
  if (data.length > MAX_AUTHENTICATOR_DATA_BYTES) throw refused('authenticator data: too long');
  if (!equalBytes(data.subarray(0, HASH_BYTES), sha256(encodeUtf8(rpId)))) {
    throw refused(`relying party: is not "${rpId}"`);
  }
  const flags = data[HASH_BYTES] ?? 0;
  if ((flags & FLAG_UP) === 0) throw refused('flags: nobody was present');
  if ((flags & FLAG_UV) === 0) throw refused('flags: the person was not verified');
  if ((flags & FLAG_BE) === 0 && (flags & FLAG_BS) !== 0) {
    throw refused('flags: backed up, but cannot be');
  }
  // §6.1: AT is for registrations. The other bits are reserved, and signed, so they are let be.
  if ((flags & FLAG_AT) !== 0) throw refused('flags: a credential in an assertion');
  const extensions = data.subarray(HEADER_BYTES);
  if ((flags & FLAG_ED) !== 0) checkExtensions(extensions);
  else if (extensions.length > 0) throw refused('authenticator data: trailing bytes');
}

/** No extension's answer matters to us, but the bytes must be exactly one CBOR map. */
function checkExtensions(bytes: Uint8Array): void {
  let decoded: unknown;
  try {
    decoded = decodeCBOR(new Uint8Array(bytes));
  } catch (cause) {
    throw refused('extensions: not CBOR', { cause });
  }
  if (!(decoded instanceof Map)) throw refused('extensions: not a map');
}

async function checkSignature(
  key: CoseKey,
  { signature, message }: { signature: Bytes; message: Bytes },
): Promise<void> {
  let holds: boolean;
  try {
    holds = await isSignature(key, { signature, message });
  } catch (cause) {
    throw refused('signature: cannot be verified', { cause });
  }
  if (!holds) throw refused('signature: does not hold');
}

async function isSignature(
  key: CoseKey,
  { signature, message }: { signature: Bytes; message: Bytes },
): Promise<boolean> {
  switch (key.kind) {
    case 'ES256': {
      const raw = parseEcdsaSignature(signature);
      if (raw === null) return false;
      const subtle = await door();
      const point = concatBytes(UNCOMPRESSED, key.x, key.y);
      const imported = await subtle.importKey('raw', point, P256, false, ['verify']);
      return subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, imported, raw, message);
    }
    case 'EdDSA':
      return isEd25519Signature(key.publicKey, { signature, message });
    case 'RS256': {
      if (signature.length !== key.modulus.length) return false; // RFC 8017 §8.2.2 step 1
      const subtle = await door();
      const jwk = { kty: 'RSA', n: encodeBase64url(key.modulus), e: 'AQAB' };
      const imported = await subtle.importKey('jwk', jwk, RS256, false, ['verify']);
      return subtle.verify(RS256.name, imported, signature, message);
    }
    default:
      throw new Error(`unreachable: key of kind ${String(key satisfies never)}`);
  }
}

/**
 * ECDSA-Sig-Value (RFC 3279 §2.2.3) in DER to r || s of 32 bytes each, as WebCrypto wants it; null for anything
 * but DER: lengths in short form, positive minimal integers, nothing behind.
 */
function parseEcdsaSignature(der: Uint8Array): Bytes | null {
  if (der[0] !== DER_SEQUENCE || der[1] !== der.length - 2) return null;
  const r = parseInteger(der.subarray(2));
  if (r === null) return null;
  const s = parseInteger(der.subarray(2 + r.taken));
  if (s === null || 2 + r.taken + s.taken !== der.length) return null;
  return concatBytes(r.padded, s.padded);
}

function parseInteger(der: Uint8Array): { padded: Bytes; taken: number } | null {
  const length = der[1] ?? 0;
  if (der[0] !== DER_INTEGER || length === 0 || length > 33 || der.length < 2 + length) return null;
  const [first = 0, second = 0] = der.subarray(2);
  if (first >= 0x80) return null; // negative
  if (first === 0 && (length === 1 || second < 0x80)) return null; // zero, or not minimal
  const digits = der.subarray(first === 0 ? 3 : 2, 2 + length);
  if (digits.length > 32) return null;
  const padded = new Uint8Array(32);
  padded.set(digits, 32 - digits.length);
  return { padded, taken: 2 + length };
}

function refused(state: string, options?: ErrorOptions): VerifyError {
  return new VerifyError('webauthn', `Cannot accept assertion: ${state}`, options);
}

/** SHA-256(rp id), flags, counter. */
const HEADER_BYTES = 37;

const FLAG_UP = 0x01;
const FLAG_UV = 0x04;
const FLAG_BE = 0x08;
const FLAG_BS = 0x10;
const FLAG_AT = 0x40;
const FLAG_ED = 0x80;

const DER_INTEGER = 0x02;
const DER_SEQUENCE = 0x30;
const UNCOMPRESSED = Uint8Array.of(4);
const P256 = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const RS256 = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
