// Checkpoints (C2SP tlog-checkpoint): a log's signed word that its tree of `size` leaves has this root. Three
// lines, no more: extension lines are refused, since no cosigner vouches for them.
//
//   checkpoint = origin "\n" size "\n" base64(root) "\n"
//
// In a note, signed by a key whose name is the origin. The signature covers the origin, so a checkpoint of one
// log never passes for one of another.

import { encodeBase64, parseBase64 } from './base64.ts';
import { type Bytes, encodeUtf8 } from './bytes.ts';
import { FormatError, VerifyError } from './error.ts';
import { HASH_BYTES, type Hash } from './hash.ts';
import { MAX_NAME_BYTES, type VerifierKey, verifierKey } from './key.ts';
import { parseNote, signNote, verifyNote } from './note.ts';
import type { Signer } from './webcrypto.ts';

/** The state of a log: the root over its first `size` leaves. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Hash;
}

declare const verified: unique symbol;

/** A checkpoint that its log signed. Minted by `verifyCheckpointByAny` alone. */
export type VerifiedCheckpoint = Checkpoint & {
  /** The whole note, with every signature line as it came. */
  readonly note: string;
  readonly [verified]: 'VerifiedCheckpoint';
};

/** Formats the three lines. @throws {FormatError} code `checkpoint` for values that have no such form */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  const { origin, size, root } = checkpoint;
  if (!isOrigin(origin)) throw malformed('bad origin');
  if (!Number.isSafeInteger(size) || size < 0) throw malformed(`size ${size}`);
  if (root.length !== HASH_BYTES) throw malformed(`root of ${root.length} bytes`);
  return `${origin}\n${size}\n${encodeBase64(root)}\n`;
}

/**
 * Parses the three lines, which are a note's text.
 * @throws {FormatError} code `checkpoint` on any other form, a size over 2^53−1, or extension lines
 */
export function parseCheckpoint(text: string): Checkpoint {
  if (text.length > MAX_CHECKPOINT_TEXT) throw malformed('too long');
  const lines = text.split('\n');
  const [origin, size, root] = lines;
  if (lines.length !== 4 || origin === undefined || size === undefined || root === undefined) {
    throw malformed(`expected 3 lines, got ${lines.length - 1}`);
  }
  if (!/^\d{1,16}$/.test(size)) throw malformed('size is not a number');
  const checkpoint = { origin, size: Number(size), root: parseRoot(root) };
  if (formatCheckpoint(checkpoint) !== text) throw malformed('not in its one form');
  return checkpoint;
}

/** Signs a checkpoint as its log: key type 0x01, key name = origin. Answers the whole note. */
export async function signCheckpoint(checkpoint: Checkpoint, signer: Signer): Promise<string> {
  const key = verifierKey(checkpoint.origin, 0x01, signer.publicKey);
  return signNote(formatCheckpoint(checkpoint), [{ key, signer }]);
}

/**
 * Verifies that a note is a checkpoint signed by this log.
 * @throws {FormatError} code `note` or `checkpoint`
 * @throws {VerifyError} code `wrong-log` when the origin is not the key's name, `unknown-key` when the log did
 *   not sign, `signature` when its signature does not hold
 */
export function verifyCheckpoint(note: string, logKey: VerifierKey): Promise<VerifiedCheckpoint> {
  return verifyCheckpointByAny(note, [logKey]);
}

/**
 * As `verifyCheckpoint`, by whichever of the keys has the origin's name.
 * @throws {FormatError | VerifyError} the same
 */
export async function verifyCheckpointByAny(
  note: string,
  logKeys: readonly VerifierKey[],
): Promise<VerifiedCheckpoint> {
  const checkpoint = parseCheckpoint(parseNote(note).text);
  const keys = logKeys.filter(({ name }) => name === checkpoint.origin);
  if (keys.length === 0) {
    const state = `no known log has origin "${checkpoint.origin}"`;
    throw new VerifyError('wrong-log', `Cannot verify checkpoint: ${state}`);
  }
  await verifyNote(note, keys);
  return { ...checkpoint, note } as unknown as VerifiedCheckpoint; // the brand: minted here, after the check
}

/** An origin of 255 bytes, a size of 16 digits, a root of 44 characters, three newlines. */
const MAX_CHECKPOINT_TEXT = MAX_NAME_BYTES + 16 + 44 + 3;

// The control characters are the point: an origin is one line of a note.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f]/;

function isOrigin(origin: string): boolean {
  if (origin.length === 0 || origin.length > MAX_NAME_BYTES || !origin.isWellFormed()) return false;
  return !CONTROL.test(origin) && encodeUtf8(origin).length <= MAX_NAME_BYTES;
}

function parseRoot(text: string): Bytes {
  try {
    return parseBase64(text);
  } catch (cause) {
    throw new FormatError('checkpoint', 'Cannot parse checkpoint: root is not base64', { cause });
  }
}

function malformed(state: string): FormatError {
  return new FormatError('checkpoint', `Cannot parse checkpoint: ${state}`);
}
