// The text of a key file: one Ed25519 key of a person, a site or an endpoint, in clear. Whoever writes it sees
// to it that only its owner can read it (0600); whoever reads it refuses one that others can read.
//
//   {"format":"caisey/key/v1","key":"ed25519:<public>","name":"…","secret":"<base64url of the 32-byte seed>"}

import * as z from 'zod';

import { encodeBase64url, parseBase64url } from './base64.ts';
import type { Bytes } from './bytes.ts';
import { FormatError } from './error.ts';
import { formatPersonKey } from './person-key.ts';
import { importSigner, type Signer } from './webcrypto.ts';

export const KEY_FORMAT = 'caisey/key/v1';
export const MAX_KEY_FILE_CHARS = 4096;

const keyFileSchema = z.strictObject({
  format: z.literal(KEY_FORMAT),
  key: z.string().max(256),
  name: z.string().max(128),
  secret: z.string().length(43),
});

/** A key out of its file: what it signs with, and its line of text. */
export interface KeyFile {
  readonly name: string;
  /** `ed25519:…` */
  readonly key: string;
  readonly seed: Bytes;
  readonly signer: Signer;
}

/** Formats a key file, ending in a newline. */
export async function formatKeyFile({
  name,
  seed,
}: {
  name: string;
  seed: Uint8Array;
}): Promise<string> {
  const { publicKey } = await importSigner(seed);
  const key = formatPersonKey({ kind: 'ed25519', publicKey });
  const file = { format: KEY_FORMAT, key, name, secret: encodeBase64url(seed) };
  return `${JSON.stringify(keyFileSchema.parse(file), null, 2)}\n`;
}

/**
 * Parses a key file.
 * @throws {FormatError} code `key` when it is malformed, or its secret is not the key's; never quotes it
 */
export async function parseKeyFile(text: string): Promise<KeyFile> {
  if (text.length > MAX_KEY_FILE_CHARS) throw malformed('too long');
  const parsed = keyFileSchema.safeParse(parseJson(text));
  if (!parsed.success) throw malformed('not of this form');
  const { key, name, secret } = parsed.data;
  const seed = parseSeed(secret);
  const signer = await importSigner(seed);
  if (formatPersonKey({ kind: 'ed25519', publicKey: signer.publicKey }) !== key) {
    throw malformed('its secret is of another key');
  }
  return { name, key, seed, signer };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw malformed('not JSON'); // no cause: it would quote the secret
  }
}

function parseSeed(secret: string): Bytes {
  try {
    return parseBase64url(secret);
  } catch {
    throw malformed('bad secret'); // no cause: it would quote the secret
  }
}

function malformed(state: string): FormatError {
  return new FormatError('key', `Cannot parse key file: ${state}`);
}
