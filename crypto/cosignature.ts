// Cosignatures (C2SP tlog-cosignature, Ed25519): a witness's word that, at a time, this was the largest
// consistent tree it had seen of this log. A line of the checkpoint's note, by a key of type 0x04:
//
//   signature = u64be timestamp (POSIX seconds) || Ed25519 over
//               "cosignature/v1\n" "time " timestamp "\n" checkpoint
//
// The message does not say who cosigns: a witness has one key for one name.

import { type Bytes, concatBytes, encodeUtf8 } from './bytes.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { FormatError, VerifyError } from './error.ts';
import type { VerifierKey } from './key.ts';
import { checkSigner, findSignature, formatNote, isLineOf, parseNote } from './note.ts';
import { ED25519_SIGNATURE_BYTES, isEd25519Signature, type Signer } from './webcrypto.ts';

/**
 * Cosigns a checkpoint at a time in POSIX seconds; answers the note with the witness's line at its end. A line
 * that already claims to be the witness's is replaced: it is an older one, or forged to be in the way. The
 * log's signature and the consistency with what was cosigned before are for the caller to verify, first.
 * @throws {FormatError} code `note` or `checkpoint`
 * @throws {RangeError} for a time that is not a positive safe integer
 * @throws {TypeError} for a key of another type, or a signer that holds another key
 */
export async function cosignCheckpoint(
  note: string,
  options: { key: VerifierKey; signer: Signer; timestampS: number },
): Promise<string> {
  const { key, signer, timestampS } = options;
  checkType(key);
  checkSigner(key, signer);
  if (!Number.isSafeInteger(timestampS) || timestampS <= 0) {
    throw new RangeError(`Cannot cosign checkpoint: time ${timestampS}`);
  }
  const { text, signatures } = parseNote(note);
  const signature = concatBytes(
    encodeTime(timestampS),
    await signer.sign(cosignedMessage(text, timestampS)),
  );
  const others = signatures.filter((line) => !isLineOf(line, key));
  return formatNote({
    text,
    signatures: [...others, { name: key.name, keyId: key.id, signature }],
  });
}

/**
 * Verifies that a witness cosigned a checkpoint, and answers when it says it did.
 * @throws {FormatError} code `note`, `checkpoint`, or `cosignature` when its line has another form
 * @throws {VerifyError} code `unknown-key` when it did not cosign, `signature` when its line does not hold
 * @throws {TypeError} for a key of another type
 */
export async function verifyCosignature(
  note: string,
  key: VerifierKey,
): Promise<{ timestampS: number }> {
  checkType(key);
  const parsed = parseNote(note);
  const line = findSignature(parsed, key);
  if (line === undefined) {
    throw new VerifyError('unknown-key', `Cannot verify cosignature: none by "${key.name}"`);
  }
  const { timestampS, signature } = parseCosignature(line.signature);
  const message = cosignedMessage(parsed.text, timestampS);
  if (!(await isEd25519Signature(key.publicKey, { signature, message }))) {
    throw new VerifyError('signature', `Cannot verify cosignature: bad one by "${key.name}"`);
  }
  return { timestampS };
}

const TIME_BYTES = 8;

/** What a witness signs. @throws {FormatError} code `checkpoint` when the text is none */
function cosignedMessage(text: string, timestampS: number): Bytes {
  parseCheckpoint(text);
  return encodeUtf8(`cosignature/v1\ntime ${timestampS}\n${text}`);
}

function encodeTime(timestampS: number): Bytes {
  const bytes = new Uint8Array(TIME_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(timestampS));
  return bytes;
}

function parseCosignature(bytes: Bytes): { timestampS: number; signature: Bytes } {
  if (bytes.length !== TIME_BYTES + ED25519_SIGNATURE_BYTES) {
    throw malformed(`expected 72 bytes, got ${bytes.length}`);
  }
  const timestampS = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
  if (timestampS === 0 || !Number.isSafeInteger(timestampS)) throw malformed(`time ${timestampS}`);
  return { timestampS, signature: bytes.slice(TIME_BYTES) };
}

function checkType(key: VerifierKey): void {
  if (key.type !== 0x04) {
    throw new TypeError(`Cannot use key of "${key.name}" to cosign: type ${key.type}, not 4`);
  }
}

function malformed(state: string): FormatError {
  return new FormatError('cosignature', `Cannot parse cosignature: ${state}`);
}
