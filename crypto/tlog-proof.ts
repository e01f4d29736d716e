// Proofs for one entry, in a file that needs nothing else (C2SP tlog-proof, `*.tlog-proof`):
//
//   c2sp.org/tlog-proof@v1
//   [extra <base64>]          authenticated by nothing: never trust it
//   index <decimal>
//   <base64 hash>...          the inclusion proof, sibling first
//
//   <checkpoint, the whole note>

import { encodeBase64, parseBase64 } from './base64.ts';
import type { Bytes } from './bytes.ts';
import { parseCheckpoint } from './checkpoint.ts';
import { FormatError } from './error.ts';
import { HASH_BYTES, type Hash } from './hash.ts';
import { checkInclusion } from './inclusion.ts';
import { MAX_NOTE_BYTES, parseNote } from './note.ts';
import { type TrustPolicy, verifyWithPolicy, type WitnessedCheckpoint } from './trust-policy.ts';

/** A tree of 2^53−1 leaves is 53 high. */
export const MAX_PROOF_HASHES = 53;
export const MAX_EXTRA_BYTES = 65_536;

/** One entry's proof. The leaf is not in it: a verifier recomputes its hash from the entry at hand. */
export interface TlogProof {
  readonly index: number;
  /** The inclusion proof, sibling first. */
  readonly proof: readonly Hash[];
  /** The checkpoint as a whole note, verbatim. */
  readonly checkpoint: string;
  /** Whatever the maker put in. Nothing vouches for it. */
  readonly extra?: Bytes;
}

/** Formats a proof. @throws {FormatError} code `proof`, `note` or `checkpoint` when it is none */
export function formatTlogProof(tlogProof: TlogProof): string {
  const { index, proof, checkpoint, extra } = tlogProof;
  const lines = [
    HEADER,
    ...(extra === undefined ? [] : [`${EXTRA}${encodeBase64(extra)}`]),
    `${INDEX}${index}`,
    ...proof.map(encodeBase64),
  ];
  const text = `${lines.join('\n')}\n\n${checkpoint}`;
  parseTlogProof(text);
  return text;
}

/**
 * Parses a proof; its checkpoint is parsed but not verified.
 * @throws {FormatError} code `proof`, `note` or `checkpoint` on any other form, or an index past the tree
 */
export function parseTlogProof(text: string): TlogProof {
  if (text.length > MAX_TEXT) throw malformed('too long');
  const blank = text.indexOf('\n\n');
  if (blank < 0) throw malformed('no blank line');
  const [header, ...lines] = text.slice(0, blank).split('\n');
  if (header !== HEADER) throw malformed('not a tlog-proof@v1');
  const extra = lines[0]?.startsWith(EXTRA) === true ? parseExtra(lines.shift() ?? '') : undefined;
  const index = parseIndex(lines.shift());
  if (lines.length > MAX_PROOF_HASHES) throw malformed(`${lines.length} hashes`);
  const proof = lines.map(parseHash);
  const checkpoint = text.slice(blank + 2);
  const { size } = parseCheckpoint(parseNote(checkpoint).text);
  if (index >= size) throw malformed(`no leaf ${index} in a tree of ${size}`);
  return extra === undefined ? { index, proof, checkpoint } : { index, proof, checkpoint, extra };
}

/**
 * Verifies that an entry, by the leaf hash that the caller computed from it, is in a log of the policy.
 * @throws {FormatError} as `parseTlogProof`
 * @throws {VerifyError} as `verifyWithPolicy`, or code `inclusion`
 */
export async function verifyTlogProof(
  text: string,
  options: { leafHash: Hash; policy: TrustPolicy },
): Promise<{ index: number; checkpoint: WitnessedCheckpoint }> {
  const { leafHash, policy } = options;
  const { index, proof, checkpoint: note } = parseTlogProof(text);
  const checkpoint = await verifyWithPolicy(note, policy);
  checkInclusion({ index, size: checkpoint.size, leafHash, root: checkpoint.root, proof });
  return { index, checkpoint };
}

const HEADER = 'c2sp.org/tlog-proof@v1';
const EXTRA = 'extra ';
const INDEX = 'index ';

/** The checkpoint, the extra data in base64, and room for 53 hashes. */
const MAX_TEXT = MAX_NOTE_BYTES + 2 * MAX_EXTRA_BYTES + 4096;

function parseExtra(line: string): Bytes {
  const extra = parseBase64Line(line.slice(EXTRA.length));
  if (extra.length > MAX_EXTRA_BYTES) throw malformed('too much extra data');
  return extra;
}

function parseIndex(line = ''): number {
  const index = /^index (0|[1-9]\d{0,15})$/.exec(line)?.[1];
  if (index === undefined) throw malformed('no index line');
  return Number(index); // a checkpoint's size is a safe integer, and the index must be below it
}

function parseHash(line: string): Hash {
  const hash = parseBase64Line(line);
  if (hash.length !== HASH_BYTES) throw malformed(`a hash of ${hash.length} bytes`);
  return hash;
}

function parseBase64Line(text: string): Bytes {
  try {
    return parseBase64(text);
  } catch (cause) {
    throw new FormatError('proof', 'Cannot parse proof: not base64', { cause });
  }
}

function malformed(state: string): FormatError {
  return new FormatError('proof', `Cannot parse proof: ${state}`);
}
