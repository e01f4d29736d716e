// The one door to WebCrypto: the runtime's own, or @peculiar/webcrypto where that lacks Ed25519. Nothing else
// in the house touches `crypto.subtle`. Ed25519 is RFC 8032; keys are raw 32 bytes, private keys 32-byte seeds.

import { type Bytes, concatBytes, copyBytes, equalBytes } from './bytes.ts';
import { FormatError, VerifyError } from './error.ts';
import { parseHex } from './hex.ts';

export const ED25519_KEY_BYTES = 32;
export const ED25519_SIGNATURE_BYTES = 64;

/** Something that signs with one Ed25519 key, wherever the key lives. */
export interface Signer {
  readonly publicKey: Bytes;
  sign(message: Bytes): Promise<Bytes>;
}

/**
 * Random bytes from the runtime's CSPRNG. Short ones are cut from a pool, because a call for each of an
 * entry's salts costs more than hashing the entry; what was handed out is wiped from the pool.
 */
export function randomBytes(length: number): Bytes {
  if (length > POOL_BYTES / 8) return globalThis.crypto.getRandomValues(new Uint8Array(length));
  if (poolUsed + length > POOL_BYTES) {
    globalThis.crypto.getRandomValues(pool);
    poolUsed = 0;
  }
  const bytes = pool.slice(poolUsed, poolUsed + length);
  pool.fill(0, poolUsed, poolUsed + length);
  poolUsed += length;
  return bytes;
}

const POOL_BYTES = 4096;
const pool = new Uint8Array(POOL_BYTES);
let poolUsed = POOL_BYTES; // empty

/** Ed25519 done at once, by the platform: for shells where a promise for each signature costs more than it. */
export interface NativeEd25519 {
  /** Makes what signs with a 32-byte seed: message to 64-byte signature. */
  readonly signerOf: (seed: Bytes) => (message: Uint8Array) => Bytes;
  /** Whether a signature holds. The key is 32 bytes and no point of small order; any doubt is false. */
  readonly isSignature: (
    publicKey: Bytes,
    claim: { readonly signature: Uint8Array; readonly message: Uint8Array },
  ) => boolean;
}

let native: NativeEd25519 | null = null;

/** Puts in a native Ed25519. The caller promises that it is RFC 8032's; a known answer is checked. */
export function useNativeEd25519(implementation: NativeEd25519): void {
  const { seed, publicKey, signature } = KNOWN_ANSWER;
  const message = new Uint8Array(0);
  const made = implementation.signerOf(seed)(message);
  const isGood = implementation.isSignature(publicKey, { signature, message });
  const isBad = implementation.isSignature(publicKey, { signature, message: seed });
  if (!equalBytes(made, signature) || !isGood || isBad) {
    throw new Error('unreachable: the native Ed25519 gives wrong answers');
  }
  native = implementation;
}

/** Makes a signer from a 32-byte Ed25519 seed. @throws {FormatError} code `key` for any other length */
export async function importSigner(seed: Uint8Array): Promise<Signer> {
  if (seed.length !== ED25519_KEY_BYTES) {
    throw new FormatError('key', `Cannot import seed: expected 32 bytes, got ${seed.length}`);
  }
  const subtle = await door();
  const key = await subtle.importKey('pkcs8', concatBytes(PKCS8_PREFIX, seed), 'Ed25519', true, [
    'sign',
  ]);
  const { x } = await subtle.exportKey('jwk', key);
  if (x === undefined) throw new Error('unreachable: an Ed25519 JWK has x');
  const publicKey = parseJwkCoordinate(x);
  if (native !== null) {
    const signNow = native.signerOf(copyBytes(seed));
    return { publicKey, sign: (message) => Promise.resolve(signNow(message)) };
  }
  return {
    publicKey,
    sign: async (message) => new Uint8Array(await subtle.sign('Ed25519', key, message)),
  };
}

/** Refuses a public key that is no strong Ed25519 key: wrong length, or one of the small-order points, on
 * which runtimes disagree whether signatures verify.
 * @throws {FormatError} code `key` for a wrong length
 * @throws {VerifyError} code `weak-key` for a small-order point in any encoding */
export function checkEd25519PublicKey(publicKey: Uint8Array): void {
  if (publicKey.length !== ED25519_KEY_BYTES) {
    throw new FormatError('key', `Cannot parse key: expected 32 bytes, got ${publicKey.length}`);
  }
  const unsigned = new Uint8Array(publicKey);
  unsigned[31] = (unsigned[31] ?? 0) & 0x7f; // the sign of x does not change the order of these points
  for (const weak of SMALL_ORDER) {
    if (equalBytes(unsigned, weak)) {
      throw new VerifyError('weak-key', 'Cannot accept key: a point of small order');
    }
  }
}

/** Whether an Ed25519 signature holds. Never throws for a bad signature or key: the answer is false. */
export async function isEd25519Signature(
  publicKey: Uint8Array,
  { signature, message }: { signature: Uint8Array; message: Uint8Array },
): Promise<boolean> {
  if (signature.length !== ED25519_SIGNATURE_BYTES) return false;
  try {
    checkEd25519PublicKey(publicKey);
    if (native !== null) return native.isSignature(copyBytes(publicKey), { signature, message });
    const key = await importPublicKey(publicKey);
    const subtle = await door();
    return await subtle.verify('Ed25519', key, new Uint8Array(signature), new Uint8Array(message));
  } catch {
    return false; // not a point on the curve: no signature by it can hold
  }
}

/** The door itself, for the algorithms of WebAuthn (`webauthn.ts`). */
export async function door(): Promise<SubtleCrypto> {
  opened ??= open();
  return opened;
}

let opened: Promise<SubtleCrypto> | undefined;

async function open(): Promise<SubtleCrypto> {
  const own = globalThis.crypto.subtle;
  try {
    await own.importKey('raw', BASE_POINT, 'Ed25519', false, ['verify']);
    return own;
  } catch {
    // this runtime's WebCrypto does not know Ed25519; loaded only here, for it needs Node and no browser has it
    const { Crypto } = await import('@peculiar/webcrypto');
    return new Crypto().subtle;
  }
}

const MAX_CACHED_KEYS = 512;
const cachedKeys = new Map<string, CryptoKey>();

async function importPublicKey(publicKey: Uint8Array): Promise<CryptoKey> {
  const name = String.fromCharCode(...publicKey);
  const cached = cachedKeys.get(name);
  if (cached !== undefined) return cached;
  const subtle = await door();
  const key = await subtle.importKey('raw', new Uint8Array(publicKey), 'Ed25519', false, [
    'verify',
  ]);
  if (cachedKeys.size >= MAX_CACHED_KEYS) cachedKeys.clear();
  cachedKeys.set(name, key);
  return key;
}

function parseJwkCoordinate(text: string): Bytes {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (char) => char.charCodeAt(0));
}

/** PKCS #8 around a raw Ed25519 seed, RFC 8410 §7. */
const PKCS8_PREFIX = parseHex('302e020100300506032b657004220420');

const BASE_POINT = parseHex('5866666666666666666666666666666666666666666666666666666666666666');

/** RFC 8032 §7.1, test 1: the signature of the empty message. */
const KNOWN_ANSWER = {
  seed: parseHex('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60'),
  publicKey: parseHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'),
  signature: parseHex(
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ),
};

/** Every encoding, sign bit cleared, of the points whose order divides 8: canonical and not. */
const SMALL_ORDER: readonly Bytes[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(parseHex);
