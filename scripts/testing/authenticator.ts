// A small honest authenticator: passkeys of each algorithm that `parseCoseKey` takes, which sign whatever they
// are told that they and a browser saw, the unheard of included. For tests of assertions, on Node and Deno.

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { type Bytes, concatBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { encodeCoseKey } from '#crypto/cose.ts';
import { sha256 } from '#crypto/hash.ts';
import { parseHex } from '#crypto/hex.ts';
import type { Assertion } from '#crypto/webauthn.ts';
import { door } from '#crypto/webcrypto.ts';

/** The flags of authenticator data, WebAuthn Level 3 §6.1. */
export const FLAG = { UP: 0x01, UV: 0x04, BE: 0x08, BS: 0x10, AT: 0x40, ED: 0x80 } as const;

export interface Authenticator {
  readonly name: string;
  readonly cose: Bytes;
  /** Signs as the algorithm says; ES256 in DER. */
  sign(message: Bytes): Promise<Bytes>;
}

/** What an authenticator is made to sign: client data as it is, and the parts of authenticator data. */
export interface Seen {
  readonly rpId: string;
  readonly clientData: Bytes;
  /** UP and UV unless told. */
  readonly flags?: number;
  /** Bytes behind the counter. */
  readonly tail?: Bytes;
}

/** Signs what was seen, true or not. */
export async function signAssertion(
  authenticator: Authenticator,
  { rpId, clientData, flags = FLAG.UP | FLAG.UV, tail = new Uint8Array(0) }: Seen,
): Promise<Assertion> {
  const header = Uint8Array.of(flags, 0, 0, 0, 1);
  const authenticatorData = concatBytes(sha256(encodeUtf8(rpId)), header, tail);
  const signature = await authenticator.sign(concatBytes(authenticatorData, sha256(clientData)));
  return { authenticatorData, clientData, signature };
}

/** Client data as Chrome writes it, for an honest page at `origin`; `members` are put over it. */
export function formatClientData(
  { challenge, origin }: { challenge: Bytes; origin: string },
  members: Readonly<Record<string, unknown>> = {},
): string {
  const seen = { type: 'webauthn.get', challenge: encodeBase64url(challenge), origin };
  return JSON.stringify({ ...seen, crossOrigin: false, ...members });
}

/** Makes a passkey of ECDSA on P-256. */
export async function createEs256(): Promise<Authenticator> {
  const subtle = await door();
  const curve = { name: 'ECDSA', namedCurve: 'P-256' };
  const { privateKey, publicKey } = await subtle.generateKey(curve, true, ['sign', 'verify']);
  const { x = '', y = '' } = await subtle.exportKey('jwk', publicKey);
  return {
    name: 'ES256',
    cose: encodeCoseKey({ kind: 'ES256', x: parseBase64url(x), y: parseBase64url(y) }),
    sign: async (message) => {
      const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
      const raw = new Uint8Array(await subtle.sign(algorithm, privateKey, message));
      return formatDer(toBigInt(raw.slice(0, 32)), toBigInt(raw.slice(32)));
    },
  };
}

/** Makes a passkey of Ed25519. */
export async function createEddsa(): Promise<Authenticator> {
  const subtle = await door();
  const pair = await subtle.generateKey('Ed25519', true, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new Error('unreachable: Ed25519 keys come in pairs');
  const { x = '' } = await subtle.exportKey('jwk', pair.publicKey);
  return {
    name: 'EdDSA',
    cose: encodeCoseKey({ kind: 'EdDSA', publicKey: parseBase64url(x) }),
    sign: async (message) => new Uint8Array(await subtle.sign('Ed25519', pair.privateKey, message)),
  };
}

/** Makes a passkey of RSA with this many bits, also too few. */
export async function createRs256(bits: number): Promise<Authenticator> {
  const subtle = await door();
  const name = 'RSASSA-PKCS1-v1_5';
  const publicExponent = Uint8Array.of(1, 0, 1);
  const { privateKey, publicKey } = await subtle.generateKey(
    { name, hash: 'SHA-256', modulusLength: bits, publicExponent },
    true,
    ['sign', 'verify'],
  );
  const { n = '' } = await subtle.exportKey('jwk', publicKey);
  return {
    name: `RS256 of ${bits} bits`,
    cose: encodeCoseKey({ kind: 'RS256', modulus: parseBase64url(n) }),
    sign: async (message) => new Uint8Array(await subtle.sign(name, privateKey, message)),
  };
}

/** ECDSA-Sig-Value in DER. */
export function formatDer(r: bigint, s: bigint): Bytes {
  return sequence(concatBytes(formatInteger(r), formatInteger(s)));
}

/** A DER sequence of fewer than 128 bytes. */
export function sequence(body: Bytes): Bytes {
  return concatBytes(Uint8Array.of(0x30, body.length), body);
}

/** A DER integer that is not negative. */
export function formatInteger(value: bigint): Bytes {
  const hex = value.toString(16);
  const even = hex.length % 2 === 0 ? hex : `0${hex}`;
  const digits = parseHex(/^[89a-f]/.test(even) ? `00${even}` : even);
  return concatBytes(Uint8Array.of(2, digits.length), digits);
}

/** Big-endian bytes to a number. */
export function toBigInt(bytes: Bytes): bigint {
  let value = 0n;
  for (const byte of bytes) value = value * 256n + BigInt(byte);
  return value;
}
