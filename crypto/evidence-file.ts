// The evidence file, `*.evidence.json`: one session, as far as it is shown, with every proof that it needs. One
// JCS document without white space, so that there is no byte in it that says nothing:
//
//   {"attestation":null | PROVED,
//    "checkpoint":"<signed note with its cosignatures>",
//    "earlier":[PROVED…],                       what the session leans on, ascending by index
//    "entries":[{"disclosures":[…],"index":i,"texts":[{"field":"text","segments":[SEGMENT…]}]}…],
//    "format":"caisey/evidence/v1",
//    "range":{"leaves":["<leaf>"…],"left":[HASH…],"right":[HASH…],"start":i},
//    "session":"<id>"}
//
//   PROVED  = {"disclosures":[…],"leaf":"<leaf>","proof":[HASH…]}
//   SEGMENT = {"salt":…,"text":…} | {"base64":…,"salt":…} | {"hash":HASH}      base64: bytes that are not UTF-8
//
// `range` holds every leaf of the log from the session's opening to its closing, of other sessions too;
// `entries` holds what is shown of this session's, one for each. Hashes and salts are base64url.

import * as z from 'zod';

import { encodeBase64, encodeBase64url, parseBase64, parseBase64url } from './base64.ts';
import { type Bytes, concatBytes, decodeUtf8, encodeUtf8 } from './bytes.ts';
import { FormatError } from './error.ts';
import { HASH_BYTES, type Hash, leafHash, sha256 } from './hash.ts';
import { describeIssue } from './issue.ts';
import { encodeJcs, type Json, parseJcs } from './json.ts';
import { fieldNamesOf, type Kind } from './kind.ts';
import { MAX_LEAF_BYTES, parseLeaf } from './leaf.ts';
import { BLOCK_BYTES, SEGMENT_SALT_BYTES, type ShownSegment } from './segment.ts';

export const EVIDENCE_FORMAT = 'caisey/evidence/v1';
export const MAX_EVIDENCE_BYTES = 256 * 1024 * 1024;
export const MAX_RANGE_LEAVES = 1_000_000;
const MAX_DISCLOSURE_CHARS = 1_500_000;
const MAX_EARLIER = 4096;

const hash = z.string().length(43);
const leaf = z.string().max(MAX_LEAF_BYTES);
const disclosures = z.array(z.string().max(MAX_DISCLOSURE_CHARS)).max(32);
const salt = z.string().length(22);

const segmentSchema = z.union([
  z.strictObject({ salt, text: z.string().max(BLOCK_BYTES) }),
  z.strictObject({ salt, base64: z.string().max(2 * BLOCK_BYTES) }),
  z.strictObject({ hash }),
]);

const textSchema = z.strictObject({
  field: z.string().max(64),
  segments: z.array(segmentSchema).max(MAX_RANGE_LEAVES),
});

const entrySchema = z.strictObject({
  index: z.int().min(0),
  disclosures,
  texts: z.array(textSchema).max(4),
});

const provedSchema = z.strictObject({ leaf, proof: z.array(hash).max(64), disclosures });

const evidenceSchema = z.strictObject({
  format: z.literal(EVIDENCE_FORMAT),
  checkpoint: z.string().max(65_536),
  session: z.string().length(22),
  range: z.strictObject({
    start: z.int().min(0),
    leaves: z.array(leaf).max(MAX_RANGE_LEAVES),
    left: z.array(hash).max(64),
    right: z.array(hash).max(64),
  }),
  entries: z.array(entrySchema).max(MAX_RANGE_LEAVES),
  earlier: z.array(provedSchema).max(MAX_EARLIER),
  attestation: provedSchema.nullable(),
});

/** An evidence file in its parts. Well formed; nothing in it is proved. */
export type EvidenceFile = z.infer<typeof evidenceSchema>;
export type EvidenceEntry = EvidenceFile['entries'][number];
export type ProvedPart = EvidenceFile['earlier'][number];
export type EvidenceSegment = z.infer<typeof segmentSchema>;

/** Parses an evidence file. @throws {FormatError} code `evidence` on any other form */
export function parseEvidenceFile(bytes: Uint8Array): EvidenceFile {
  if (bytes.length > MAX_EVIDENCE_BYTES) throw malformed(`over ${MAX_EVIDENCE_BYTES} bytes`);
  let value: Json;
  try {
    value = parseJcs(bytes);
  } catch (cause) {
    throw new FormatError('evidence', 'Cannot parse evidence: not canonical JSON', { cause });
  }
  const parsed = evidenceSchema.safeParse(value);
  if (!parsed.success) {
    throw new FormatError('evidence', `Cannot parse evidence: ${describeIssue(parsed.error)}`, {
      cause: parsed.error,
    });
  }
  return parsed.data;
}

/** Formats an evidence file. @throws {FormatError} code `evidence` when `parseEvidenceFile` would refuse it */
export function formatEvidenceFile(file: EvidenceFile): Bytes {
  const bytes = encodeJcs(file);
  parseEvidenceFile(bytes);
  return bytes;
}

/**
 * The digest that a reviewer attests: what is shown and what is withheld, of which leaves, and what the session
 * leans on. Checkpoint and proofs are not in it, for they change as the log grows.
 *
 *   base64url( SHA-256( "caisey/snapshot/v1\0" || JCS
 *     {"earlier":[{"disclosures":…,"leaf":…}…],"entries":…,"range":{"leaves":…,"start":…},"session":…} ) )
 *
 * @throws {FormatError} code `leaf` when a leaf of the file is none
 */
export function snapshotDigest(file: EvidenceFile): string {
  const { entries, session } = file;
  const { leaves, start } = file.range;
  const earlier = leanedOn(file).map(({ disclosures: shown, leaf: text }) => ({
    disclosures: shown,
    leaf: text,
  }));
  const document = encodeJcs({ earlier, entries, range: { leaves, start }, session });
  return encodeBase64url(sha256(concatBytes(encodeUtf8(SNAPSHOT_TAG), document)));
}

/** The earlier entries, without the roster that stands there for the sake of the attestation itself. */
function leanedOn({ earlier, entries, range }: EvidenceFile): readonly ProvedPart[] {
  const cited = new Set(
    entries.flatMap(({ index }) => {
      const { ref = {} } = parseLeaf(encodeUtf8(range.leaves[index - range.start] ?? ''));
      return Object.values(ref);
    }),
  );
  return earlier.filter((part) => {
    const bytes = encodeUtf8(part.leaf);
    return parseLeaf(bytes).k !== 'roster.changed' || cited.has(encodeBase64url(leafHash(bytes)));
  });
}

const SNAPSHOT_TAG = 'caisey/snapshot/v1\0';

/** Fields that carry the proof itself, by kind: who withholds one of these has no evidence. */
const NEVER_WITHHELD: Readonly<Partial<Record<Kind, readonly string[]>>> = {
  'site.claimed': ['msp_root', 'authority_key'],
  'roster.changed': ['statement'],
  'authority.changed': ['statement'],
  'policy.changed': ['statement'],
  'digest.changed': ['statement'],
  'endpoint.enrolled': ['labels'],
  'session.opened': ['statement'],
  'approval.requested': ['decision', 'statement'],
  'approval.granted': ['statement'],
  'approval.denied': ['statement'],
  'command.started': ['purpose', 'decision', 'statement'],
  'command.output': ['stream', 'offset', 'text'],
  'command.exited': ['outcome', 'stdout_bytes', 'stderr_bytes', 'dropped_bytes'],
  'state.captured': ['phase', 'text', 'dropped_bytes'],
  'chat.said': ['from', 'text'],
  'snapshot.attested': ['snapshot', 'statement'],
};

/** Whether a field of a kind may be withheld. A long text's reference may not: its segments may, every one. */
export function isWithholdable(kind: Kind, field: string): boolean {
  return fieldNamesOf(kind).includes(field) && NEVER_WITHHELD[kind]?.includes(field) !== true;
}

/** Encodes a segment for the file: text where its bytes are UTF-8, else base64. */
export function encodeSegment(segment: ShownSegment): EvidenceSegment {
  if (segment.kind === 'withheld') return { hash: encodeBase64url(segment.hash) };
  const encodedSalt = encodeBase64url(segment.salt);
  const text = textOf(segment.bytes);
  return text === null
    ? { salt: encodedSalt, base64: encodeBase64(segment.bytes) }
    : { salt: encodedSalt, text };
}

/** Decodes a segment. @throws {FormatError} code `segment` for bad encodings, or base64 of what is UTF-8 */
export function decodeSegment(segment: EvidenceSegment): ShownSegment {
  try {
    if ('hash' in segment) return { kind: 'withheld', hash: parseHash(segment.hash) };
    const saltBytes = parseBase64url(segment.salt);
    if (saltBytes.length !== SEGMENT_SALT_BYTES) throw malformedSegment('bad salt');
    if ('text' in segment) {
      return { kind: 'shown', salt: saltBytes, bytes: encodeUtf8(segment.text) };
    }
    const bytes = parseBase64(segment.base64);
    if (textOf(bytes) !== null) throw malformedSegment('base64 of what is text');
    return { kind: 'shown', salt: saltBytes, bytes };
  } catch (cause) {
    if (cause instanceof FormatError && cause.code === 'segment') throw cause;
    throw new FormatError('segment', 'Cannot parse segment: bad base64', { cause });
  }
}

/** Parses a hash of the file. @throws {FormatError} code `evidence` */
export function parseHash(text: string): Hash {
  const bytes = parseBase64url(text);
  if (bytes.length !== HASH_BYTES) throw malformed('bad hash');
  return bytes;
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return decodeUtf8(bytes);
  } catch {
    return null; // a TypeError is how the decoder says that it is not UTF-8
  }
}

function malformed(state: string): FormatError {
  return new FormatError('evidence', `Cannot parse evidence: ${state}`);
}

function malformedSegment(state: string): FormatError {
  return new FormatError('segment', `Cannot parse segment: ${state}`);
}
