// Signed notes (C2SP signed-note): a text that ends in a newline, a blank line, then one line a signature.
//
//   note = text "\n" 1*( "— " name " " base64(key id[4] || signature) "\n" )
//
// The signature is over the text. Lines by unknown keys are ignored, so that keys can be added without
// breaking readers; whoever reads a note must therefore know its keys from elsewhere.

import { encodeBase64, parseBase64 } from './base64.ts';
import { type Bytes, concatBytes, encodeUtf8, equalBytes } from './bytes.ts';
import { FormatError, VerifyError } from './error.ts';
import { isKeyName, isSameKey, type VerifierKey } from './key.ts';
import { isEd25519Signature, type Signer } from './webcrypto.ts';

export const MAX_NOTE_BYTES = 1_000_000;
export const MAX_NOTE_SIGNATURES = 64;

/** One signature line: who claims to have signed, and the bytes after the key id. */
export interface NoteSignature {
  readonly name: string;
  /** 4 bytes. */
  readonly keyId: Bytes;
  readonly signature: Bytes;
}

/** A note in its parts. Parsed says nothing about who signed. */
export interface Note {
  /** Ends in a newline. */
  readonly text: string;
  /** At least one. */
  readonly signatures: readonly NoteSignature[];
}

declare const verified: unique symbol;

/** A note that at least one known key signed; minted by `verifyNote` alone. */
export type VerifiedNote = Note & {
  readonly signedBy: readonly VerifierKey[];
  readonly [verified]: 'VerifiedNote';
};

/** Parses a note. @throws {FormatError} code `note` on any other form, over 64 signatures or 1,000,000 bytes */
export function parseNote(text: string): Note {
  if (text.length > MAX_NOTE_BYTES) throw malformed('too long');
  if (!text.isWellFormed()) throw malformed('lone surrogate');
  if (CONTROL.test(text)) throw malformed('control character');
  if (encodeUtf8(text).length > MAX_NOTE_BYTES) throw malformed('too long');
  const blank = text.lastIndexOf('\n\n'); // the text may itself hold blank lines
  if (blank < 0) throw malformed('no blank line');
  const lines = text.slice(blank + 2).split('\n');
  if (lines.pop() !== '' || lines.length === 0) throw malformed('no signature line at the end');
  if (lines.length > MAX_NOTE_SIGNATURES) throw malformed(`${lines.length} signatures`);
  return { text: text.slice(0, blank + 1), signatures: lines.map(parseSignatureLine) };
}

/** Formats a note. @throws {FormatError} code `note` when `parseNote` would not give the same note back */
export function formatNote(note: Note): string {
  const text = `${note.text}\n${note.signatures.map((s) => `${formatSignatureLine(s)}\n`).join('')}`;
  if (parseNote(text).text !== note.text) throw malformed('text does not end in a newline');
  return text;
}

/** Formats one signature line, without its newline. @throws {FormatError} code `note` for a key id that is not 4 bytes */
export function formatSignatureLine(signature: NoteSignature): string {
  if (signature.keyId.length !== KEY_ID_BYTES) throw malformed('key id is not 4 bytes');
  const blob = concatBytes(signature.keyId, signature.signature);
  return `${DASH}${signature.name} ${encodeBase64(blob)}`;
}

/** Parses one signature line, without its newline. @throws {FormatError} code `note` */
export function parseSignatureLine(line: string): NoteSignature {
  const space = line.indexOf(' ', DASH.length);
  if (!line.startsWith(DASH) || space < 0) throw malformed('bad signature line');
  const name = line.slice(DASH.length, space);
  if (!isKeyName(name)) throw malformed('bad name in signature line');
  const blob = parseBlob(line.slice(space + 1));
  if (blob.length <= KEY_ID_BYTES) throw malformed('signature line without signature');
  return { name, keyId: blob.slice(0, KEY_ID_BYTES), signature: blob.slice(KEY_ID_BYTES) };
}

/**
 * Signs a text with Ed25519 keys of type 0x01, a line each.
 * @throws {FormatError} code `note` when the text cannot be a note's
 * @throws {TypeError} for a key of another type, or a signer that holds another key
 */
export async function signNote(
  text: string,
  signers: readonly { key: VerifierKey; signer: Signer }[],
): Promise<string> {
  const message = encodeUtf8(text);
  const signatures: NoteSignature[] = [];
  for (const { key, signer } of signers) {
    checkType(key);
    checkSigner(key, signer);
    signatures.push({ name: key.name, keyId: key.id, signature: await signer.sign(message) });
  }
  return formatNote({ text, signatures });
}

/**
 * Verifies a note by the keys one trusts, all of type 0x01. A line by another key is ignored; a line by a known
 * key that does not hold refuses the whole note, and so do two lines by one key.
 * @throws {FormatError} code `note`
 * @throws {VerifyError} code `signature`, or `unknown-key` when no known key signed
 */
export async function verifyNote(
  note: string,
  keys: readonly VerifierKey[],
): Promise<VerifiedNote> {
  keys.forEach(checkType);
  const parsed = parseNote(note);
  const message = encodeUtf8(parsed.text);
  const signedBy: VerifierKey[] = [];
  for (const key of withoutRepeats(keys)) {
    const line = findSignature(parsed, key);
    if (line === undefined) continue;
    const { signature } = line;
    if (!(await isEd25519Signature(key.publicKey, { signature, message }))) {
      throw new VerifyError('signature', `Cannot verify note: bad signature by "${key.name}"`);
    }
    signedBy.push(key);
  }
  if (signedBy.length === 0) {
    throw new VerifyError('unknown-key', 'Cannot verify note: signed by no known key');
  }
  return { ...parsed, signedBy } as unknown as VerifiedNote; // the brand: minted here, after the check
}

/**
 * The one line that claims to be by this key; undefined when there is none.
 * @throws {VerifyError} code `signature` when there are two: readers would disagree which one counts
 */
export function findSignature(note: Note, key: VerifierKey): NoteSignature | undefined {
  const lines = note.signatures.filter((line) => isLineOf(line, key));
  if (lines.length > 1) {
    throw new VerifyError('signature', `Cannot verify note: two signatures by "${key.name}"`);
  }
  return lines[0];
}

/** Whether a line claims to be by this key. */
export function isLineOf(line: NoteSignature, key: VerifierKey): boolean {
  return line.name === key.name && equalBytes(line.keyId, key.id);
}

/** Refuses a signer that does not hold the key. @throws {TypeError} */
export function checkSigner(key: VerifierKey, signer: Signer): void {
  if (!equalBytes(key.publicKey, signer.publicKey)) {
    throw new TypeError(`Cannot sign note: the signer does not hold the key of "${key.name}"`);
  }
}

const DASH = '\u2014 ';
const KEY_ID_BYTES = 4;

// The control characters are the point: signed-note forbids them.
// eslint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u0009\u000b-\u001f]/;

/** Of a key given twice, one. Two keys with one name and id could vouch for each other's lines: refused. */
function withoutRepeats(keys: readonly VerifierKey[]): VerifierKey[] {
  const distinct: VerifierKey[] = [];
  for (const key of keys) {
    const known = distinct.find(({ name, id }) => name === key.name && equalBytes(id, key.id));
    if (known === undefined) distinct.push(key);
    else if (!isSameKey(known, key)) {
      throw new TypeError(`Cannot verify note: two keys of "${key.name}" share an id`);
    }
  }
  return distinct;
}

function checkType(key: VerifierKey): void {
  if (key.type !== 0x01) {
    throw new TypeError(`Cannot use key of "${key.name}" on a note: type ${key.type}, not 1`);
  }
}

function parseBlob(text: string): Bytes {
  try {
    return parseBase64(text);
  } catch (cause) {
    throw new FormatError('note', 'Cannot parse note: signature is not base64', { cause });
  }
}

function malformed(state: string): FormatError {
  return new FormatError('note', `Cannot parse note: ${state}`);
}
