// Keys of signed notes in text (C2SP signed-note; the signer's form is golang.org/x/mod's convention):
//
//   vkey  = name "+" hex(id) "+" base64(type || public key)
//   skey  = "PRIVATE+KEY+" name "+" hex(id) "+" base64(type || seed)
//   id    = SHA-256(name || "\n" || type || public key)[0:4]
//   type  = 0x01 Ed25519 over a note's text, 0x04 Ed25519 over a timestamped checkpoint
//
// One key pair for one name and one type: a signature made for one purpose must not count for another.

import { encodeBase64, parseBase64 } from './base64.ts';
import { type Bytes, concatBytes, copyBytes, encodeUtf8, equalBytes } from './bytes.ts';
import { FormatError } from './error.ts';
import { sha256 } from './hash.ts';
import { formatHex } from './hex.ts';
import {
  checkEd25519PublicKey,
  ED25519_KEY_BYTES,
  importSigner,
  type Signer,
} from './webcrypto.ts';

/** 0x01 signs the text of a note, 0x04 cosigns a checkpoint at a time. */
export type KeyType = 0x01 | 0x04;

/** A name of at most this many bytes fits every C2SP message. */
export const MAX_NAME_BYTES = 255;

/** A public key with the name that it signs under. */
export interface VerifierKey {
  readonly name: string;
  /** The first 4 bytes of SHA-256 over name, type and key: a hint which key made a line, no more. */
  readonly id: Bytes;
  readonly type: KeyType;
  /** 32 bytes. */
  readonly publicKey: Bytes;
}

/** A private key as a file keeps it, and what follows from it. */
export interface SignerKey {
  readonly name: string;
  readonly type: KeyType;
  /** 32 bytes, secret. */
  readonly seed: Bytes;
  readonly key: VerifierKey;
  readonly signer: Signer;
}

/**
 * Names a public key.
 * @throws {FormatError} code `key` for a bad name or length
 * @throws {VerifyError} code `weak-key` for a point of small order
 */
export function verifierKey(name: string, type: KeyType, publicKey: Uint8Array): VerifierKey {
  if (!isKeyName(name)) throw malformed('bad name');
  checkEd25519PublicKey(publicKey);
  const id = keyId(name, concatBytes(Uint8Array.of(type), publicKey));
  return { name, id, type, publicKey: copyBytes(publicKey) };
}

/** Formats a vkey. */
export function formatVerifierKey(key: VerifierKey): string {
  return `${key.name}+${formatHex(key.id)}+${encodeBase64(concatBytes(Uint8Array.of(key.type), key.publicKey))}`;
}

/**
 * Parses a vkey.
 * @throws {FormatError} code `key` on any other form, type or id
 * @throws {VerifyError} code `weak-key` for a point of small order
 */
export function parseVerifierKey(text: string): VerifierKey {
  const { name, id, type, bytes } = parseKeyText(text);
  const key = verifierKey(name, type, bytes);
  if (formatHex(key.id) !== id) throw malformed('id does not match');
  return key;
}

/**
 * Formats an skey. Asynchronous, for the id is over the public key, which only signing code can derive.
 * @throws {FormatError} code `key` for a bad name or length
 */
export async function formatSignerKey(
  name: string,
  type: KeyType,
  seed: Uint8Array,
): Promise<string> {
  const { publicKey } = await importSigner(seed);
  const { id } = verifierKey(name, type, publicKey);
  return `${SIGNER_PREFIX}${name}+${formatHex(id)}+${encodeBase64(concatBytes(Uint8Array.of(type), seed))}`;
}

/**
 * Parses an skey and derives its public key.
 * @throws {FormatError} code `key` on any other form, type or id; the message never quotes the text
 */
export async function parseSignerKey(text: string): Promise<SignerKey> {
  if (!text.startsWith(SIGNER_PREFIX)) throw malformed('no private key');
  const { name, id, type, bytes: seed } = parseKeyText(text.slice(SIGNER_PREFIX.length));
  const signer = await importSigner(seed);
  const key = verifierKey(name, type, signer.publicKey);
  if (formatHex(key.id) !== id) throw malformed('id does not match');
  return { name, type, seed, key, signer };
}

/** Whether a text can name a key: not empty, no spaces of any script, no plus, no controls. */
export function isKeyName(name: string): boolean {
  // A UTF-16 unit is at least a byte, so a long text is refused before it is encoded.
  if (name.length === 0 || name.length > MAX_NAME_BYTES || !name.isWellFormed()) return false;
  return !NOT_IN_NAME.test(name) && encodeUtf8(name).length <= MAX_NAME_BYTES;
}

/** Whether two keys are one: the same name, type and bytes. */
export function isSameKey(a: VerifierKey, b: VerifierKey): boolean {
  return a.name === b.name && a.type === b.type && equalBytes(a.publicKey, b.publicKey);
}

const SIGNER_PREFIX = 'PRIVATE+KEY+';

// The control characters are the point: signed-note forbids them.
// eslint-disable-next-line no-control-regex
const NOT_IN_NAME = /[+\u0000-\u001f\p{White_Space}]/u;

function parseKeyText(text: string): { name: string; id: string; type: KeyType; bytes: Bytes } {
  const first = text.indexOf('+');
  const second = text.indexOf('+', first + 1);
  if (first < 0 || second < 0) throw malformed('expected name+id+key');
  const keyBytes = parseKeyBytes(text.slice(second + 1));
  const [type, ...rest] = keyBytes;
  if (type !== 0x01 && type !== 0x04) throw malformed('unknown type');
  if (rest.length !== ED25519_KEY_BYTES) throw malformed(`expected 32 bytes, got ${rest.length}`);
  return {
    name: text.slice(0, first),
    id: text.slice(first + 1, second),
    type,
    bytes: Uint8Array.from(rest),
  };
}

function parseKeyBytes(text: string): Bytes {
  if (text.length > MAX_KEY_TEXT) throw malformed('too long');
  try {
    return parseBase64(text);
  } catch (cause) {
    throw new FormatError('key', 'Cannot parse key: not base64', { cause });
  }
}

const MAX_KEY_TEXT = 1024;

function keyId(name: string, typeAndKey: Uint8Array): Bytes {
  return sha256(concatBytes(encodeUtf8(`${name}\n`), typeAndKey)).slice(0, 4);
}

function malformed(state: string): FormatError {
  return new FormatError('key', `Cannot parse key: ${state}`);
}
