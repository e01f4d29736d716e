// The public keys of passkeys: COSE_Key (RFC 9052 §7) as WebAuthn Level 3 §6.5.1.1 narrows it: `alg` stands in
// it, nothing optional does, and it is in CTAP2 canonical CBOR. So each key has exactly one encoding, which is
// written down here whole; what does not re-encode to itself is refused.
//
//   ES256   a5 01 02 03 26 20 01 21 58 20 x 22 58 20 y        RFC 9053 §7.1.1   {1:2, 3:-7, -1:1, -2:x, -3:y}
//   EdDSA   a4 01 01 03 27 20 06 21 58 20 x                   RFC 9053 §7.2     {1:1, 3:-8, -1:6, -2:x}
//   RS256   a4 01 03 03 39 01 00 20 59 length n 21 43 01 00 01  RFC 8230 §4   {1:3, 3:-257, -1:n, -2:e}
//
// Only these three: what Windows, Apple, Android and security keys make, and what every verifier's runtime
// knows. ML-DSA (-48 …) is refused, since a signature must be checkable in an insurer's browser of any age.

import { type CBORType, decodeCBOR } from '@levischuck/tiny-cbor';

import { type Bytes, concatBytes, copyBytes, equalBytes } from './bytes.ts';
import { FormatError } from './error.ts';
import { parseHex } from './hex.ts';
import { checkEd25519PublicKey } from './webcrypto.ts';

export const MAX_COSE_KEY_BYTES = 1024;

/** A passkey's public key: a point of P-256, an Ed25519 key, or an RSA modulus whose exponent is 65537. */
export type CoseKey =
  | { readonly kind: 'ES256'; readonly x: Bytes; readonly y: Bytes }
  | { readonly kind: 'EdDSA'; readonly publicKey: Bytes }
  | { readonly kind: 'RS256'; readonly modulus: Bytes };

/** Encodes a key in its one form. The caller owns the values; `parseCoseKey` is what checks them. */
export function encodeCoseKey(key: CoseKey): Bytes {
  switch (key.kind) {
    case 'ES256':
      return concatBytes(ES256_HEAD, key.x, ES256_MIDDLE, key.y);
    case 'EdDSA':
      return concatBytes(EDDSA_HEAD, key.publicKey);
    case 'RS256': {
      const { length } = key.modulus;
      const lengthBytes = Uint8Array.of(Math.floor(length / 256), length % 256);
      return concatBytes(RS256_HEAD, lengthBytes, key.modulus, RS256_TAIL);
    }
    default:
      throw new Error(`unreachable: key of kind ${String(key satisfies never)}`);
  }
}

/**
 * Parses a COSE key: ES256 on P-256, EdDSA on Ed25519, or RS256 with 2048 to 4096 bits and e = 65537.
 * @throws {FormatError} code `key` for any other algorithm, curve, size or encoding, or a point off its curve
 * @throws {VerifyError} code `weak-key` for an Ed25519 point of small order
 */
export function parseCoseKey(bytes: Uint8Array): CoseKey {
  const key = readKey(decodeMap(bytes));
  if (!equalBytes(encodeCoseKey(key), bytes)) throw malformed('not in its one form');
  return key;
}

function readKey(map: ReadonlyMap<string | number, CBORType>): CoseKey {
  const algorithm = map.get(ALG);
  switch (algorithm) {
    case -7:
      return checkPoint({ kind: 'ES256', x: bytesAt(map, -2), y: bytesAt(map, -3) });
    case -8: {
      const publicKey = bytesAt(map, -2);
      checkEd25519PublicKey(publicKey);
      return { kind: 'EdDSA', publicKey };
    }
    case -257:
      return checkModulus({ kind: 'RS256', modulus: bytesAt(map, -1) });
    default:
      // Of a hostile value only a number is shown.
      throw malformed(`algorithm ${typeof algorithm === 'number' ? algorithm : 'unknown'}`);
  }
}

/** Refuses coordinates that are no point of P-256, on which runtimes would fail each in its own way. */
function checkPoint(key: CoseKey & { kind: 'ES256' }): CoseKey {
  if (key.x.length !== 32 || key.y.length !== 32) throw malformed('coordinates are not 32 bytes');
  const x = toBigInt(key.x);
  const y = toBigInt(key.y);
  if (x >= P256_PRIME || y >= P256_PRIME) throw malformed('coordinate out of range');
  // y² = x³ − 3x + b, SEC 2 §2.4.2
  if ((y * y - (x * x * x - 3n * x + P256_B)) % P256_PRIME !== 0n) {
    throw malformed('point is not on P-256');
  }
  return key;
}

function checkModulus(key: CoseKey & { kind: 'RS256' }): CoseKey {
  const { modulus } = key;
  const first = modulus[0] ?? 0;
  const last = modulus.at(-1) ?? 0;
  const bits = modulus.length * 8 - (Math.clz32(first) - 24);
  if (first === 0 || bits < 2048 || bits > 4096)
    throw malformed('RSA key is not 2048 to 4096 bits');
  if (last % 2 === 0) throw malformed('RSA modulus is even');
  return key;
}

function decodeMap(bytes: Uint8Array): ReadonlyMap<string | number, CBORType> {
  if (bytes.length > MAX_COSE_KEY_BYTES) throw malformed('too long');
  let decoded: CBORType;
  try {
    decoded = decodeCBOR(copyBytes(bytes));
  } catch (cause) {
    throw new FormatError('key', 'Cannot parse COSE key: not CBOR', { cause });
  }
  if (!(decoded instanceof Map)) throw malformed('not a map');
  return decoded;
}

function bytesAt(map: ReadonlyMap<string | number, CBORType>, label: number): Bytes {
  const value = map.get(label);
  if (!(value instanceof Uint8Array)) throw malformed(`no bytes at label ${label}`);
  return copyBytes(value);
}

function toBigInt(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  return value;
}

function malformed(state: string): FormatError {
  return new FormatError('key', `Cannot parse COSE key: ${state}`);
}

/** The label of the algorithm, RFC 9052 §7.1. */
const ALG = 3;

const ES256_HEAD = parseHex('a5010203262001215820');
const ES256_MIDDLE = parseHex('225820');
const EDDSA_HEAD = parseHex('a4010103272006215820');
const RS256_HEAD = parseHex('a40103033901002059');
const RS256_TAIL = parseHex('2143010001');

const P256_PRIME = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
