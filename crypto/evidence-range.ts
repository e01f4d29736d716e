// The log's part of evidence: the checkpoint's signatures, and that the leaves of the file are its leaves.

import { encodeBase64url } from './base64.ts';
import { encodeUtf8 } from './bytes.ts';
import { parseCheckpoint, type VerifiedCheckpoint, verifyCheckpointByAny } from './checkpoint.ts';
import { at, Fault, type Held } from './evidence-check.ts';
import { type EvidenceFile, parseHash, type ProvedPart } from './evidence-file.ts';
import { type Hash, leafHash } from './hash.ts';
import { checkInclusion } from './inclusion.ts';
import { type Leaf, parseLeaf } from './leaf.ts';
import { isLineOf, parseNote } from './note.ts';
import { checkRange } from './range.ts';
import type { Trust, TrustedSite } from './trust-file.ts';
import { verifyWithPolicy } from './trust-policy.ts';

/** A leaf of the file, its hash, and that hash as others cite it. */
export interface ReadLeaf {
  readonly leaf: Leaf;
  readonly hash: Hash;
  readonly name: string;
}

/** The leaves of a file, parsed: nothing says yet that a log holds them. */
export interface ReadLeaves {
  readonly range: readonly ReadLeaf[];
  readonly earlier: readonly ReadLeaf[];
  readonly attestation: ReadLeaf | null;
}

/** Parses every leaf of the file. @throws {Fault} at the place of the first that is none */
export function readLeaves(file: EvidenceFile): ReadLeaves {
  return {
    range: file.range.leaves.map((text, i) => at(file.range.start + i, () => readLeaf(text))),
    earlier: file.earlier.map(({ leaf }) => readLeaf(leaf)),
    attestation: file.attestation === null ? null : readLeaf(file.attestation.leaf),
  };
}

/**
 * log-signature: the checkpoint is by a log that is trusted, of a site whose roots are known.
 * @throws {Fault} for a log that trust does not name, or that another key signed
 * @throws {FormatError | VerifyError} as `verifyCheckpointByAny`
 */
export async function checkLogSignature(
  { checkpoint: note }: EvidenceFile,
  trust: Trust,
): Promise<Held<{ checkpoint: VerifiedCheckpoint; site: TrustedSite }>> {
  const keys = trust.policy.logs.map(({ key }) => key);
  const { origin } = parseCheckpoint(parseNote(note).text);
  const site = trust.sites.find(({ log }) => log === origin);
  if (site === undefined) throw anotherSite(`it says that it is of the log "${origin}"`);
  if (!parseNote(note).signatures.some((line) => keys.some((key) => isLineOf(line, key)))) {
    throw anotherSite(`another key signed it than the one that trust names for "${origin}"`);
  }
  const checkpoint = await verifyCheckpointByAny(note, keys);
  return {
    detail: `Signed by the log "${checkpoint.origin}" at ${checkpoint.size} entries`,
    value: { checkpoint, site },
  };
}

function anotherSite(how: string): Fault {
  return new Fault(null, `This evidence is of another site than the trust file: ${how}`);
}

/**
 * witness-cosignatures: a quorum of the trusted witnesses cosigned. A line by anybody else says nothing, and is
 * ignored (C2SP signed-note); one that claims to be by a trusted key must hold.
 */
export async function checkWitnesses(
  { checkpoint: note }: EvidenceFile,
  { policy }: Trust,
): Promise<Held<readonly string[]>> {
  const { witnesses } = await verifyWithPolicy(note, policy);
  const known = [...policy.logs, ...policy.witnesses].map(({ key }) => key);
  const unknown = parseNote(note).signatures.filter(
    (line) => !known.some((key) => isLineOf(line, key)),
  );
  const others = unknown.length === 0 ? '' : `; lines by keys unknown to trust: ${unknown.length}`;
  if (witnesses.length === 0) {
    const detail = `No witness is asked for, and none that trust names cosigned${others}`;
    return { outcome: 'not-applicable', detail, value: [] };
  }
  const named = witnesses.map(
    ({ name, timestampS }) => `${name} at ${new Date(timestampS * 1000).toISOString()}`,
  );
  return { detail: `Cosigned by ${named.join(', ')}${others}`, value: named };
}

/** range-inclusion: the range, side by side, and each other entry of the file are under the checkpoint. */
export function checkLeaves(
  file: EvidenceFile,
  { leaves, checkpoint }: { leaves: ReadLeaves; checkpoint: VerifiedCheckpoint },
): Held<null> {
  const { start, left, right } = file.range;
  checkRange({
    start,
    leafHashes: leaves.range.map(({ hash }) => hash),
    size: checkpoint.size,
    root: checkpoint.root,
    left: left.map(parseHash),
    right: right.map(parseHash),
  });
  checkPlaces(leaves.range, { start, origin: checkpoint.origin });
  file.earlier.forEach((part, i) => checkProved(part, leaves.earlier[i], checkpoint));
  if (file.attestation !== null) {
    checkProved(file.attestation, leaves.attestation ?? undefined, checkpoint);
  }
  const last = start + leaves.range.length - 1;
  return { detail: `Entries ${start} to ${last} are in the log, none left out`, value: null };
}

/** Each leaf must say where it stands, and time must not go back. */
function checkPlaces(
  range: readonly ReadLeaf[],
  { start, origin }: { start: number; origin: string },
): void {
  let before = '';
  for (const [offset, { leaf }] of range.entries()) {
    const index = start + offset;
    if (leaf.log !== origin) throw new Fault(index, `Entry ${index} is of log "${leaf.log}"`);
    if (leaf.i !== index) throw new Fault(index, `Entry ${index} says that it is ${leaf.i}`);
    if (leaf.t < before) throw new Fault(index, `Entry ${index} is earlier than the one before`);
    before = leaf.t;
  }
}

function checkProved(
  { proof }: ProvedPart,
  read: ReadLeaf | undefined,
  { origin, size, root }: VerifiedCheckpoint,
): void {
  if (read === undefined) throw new Error('unreachable: every leaf of the file was read');
  const { leaf, hash } = read;
  at(leaf.i, () => {
    if (leaf.log !== origin) throw new Fault(leaf.i, `Entry ${leaf.i} is of log "${leaf.log}"`);
    const hashes = proof.map(parseHash);
    checkInclusion({ index: leaf.i, size, leafHash: hash, root, proof: hashes });
  });
}

function readLeaf(text: string): ReadLeaf {
  const bytes = encodeUtf8(text);
  const leaf = parseLeaf(bytes);
  const hash = leafHash(bytes);
  return { leaf, hash, name: encodeBase64url(hash) };
}
