// Builds an evidence file from what a ledger keeps: pure, so that the same entries and the same choice of what
// to withhold always give the same bytes.

import { encodeBase64url } from './base64.ts';
import { type Bytes, decodeUtf8 } from './bytes.ts';
import { digestOf, parseDisclosure } from './disclosure.ts';
import type { SealedText } from './entry.ts';
import { FormatError } from './error.ts';
import {
  encodeSegment,
  EVIDENCE_FORMAT,
  type EvidenceEntry,
  type EvidenceFile,
  formatEvidenceFile,
  isWithholdable,
  type ProvedPart,
} from './evidence-file.ts';
import type { Hash } from './hash.ts';
import { fieldNamesOf } from './kind.ts';
import { type Leaf, parseLeaf } from './leaf.ts';
import { segmentHash, segmentSalt } from './segment.ts';

/** An entry outside the session, or the attestation, with its inclusion proof under the checkpoint. */
export interface ProvedSource {
  readonly leaf: Uint8Array;
  readonly proof: readonly Hash[];
  readonly disclosures: readonly string[];
}

/** What is not shown. Fields that carry the proof cannot be withheld; of a long text, segments can. */
export interface Withholding {
  readonly fields?: (index: number, name: string) => boolean;
  readonly segments?: (index: number, field: string, segment: number) => boolean;
}

export interface EvidenceSource {
  /** The checkpoint's whole note, with the cosignatures that the reader's trust names, and no others. */
  readonly checkpoint: string;
  readonly session: string;
  /** Every leaf from the session's opening to its closing, and the range proof under the checkpoint. */
  readonly range: {
    readonly start: number;
    readonly leaves: readonly Uint8Array[];
    readonly left: readonly Hash[];
    readonly right: readonly Hash[];
  };
  /** The content of the session's own entries, ascending. */
  readonly entries: readonly {
    readonly index: number;
    readonly disclosures: readonly string[];
    readonly texts: readonly SealedText[];
  }[];
  /** The rosters, authorities, policies and the enrolment that the session's entries cite, and the claim. */
  readonly earlier: readonly ProvedSource[];
  readonly withhold?: Withholding;
  readonly attestation?: ProvedSource | null;
}

/**
 * Builds an evidence file. It is not verified here: run `verifyEvidence` on the answer before handing it on.
 * @throws {FormatError} code `evidence` when a field that carries the proof would be withheld, or an entry is
 *   not of the range
 */
export function buildEvidence(source: EvidenceSource): Bytes {
  return formatEvidenceFile(gatherEvidence(source));
}

/** As `buildEvidence`, before it is formatted: for `snapshotDigest`. @throws {FormatError} code `evidence` */
export function gatherEvidence({
  checkpoint,
  session,
  range,
  entries,
  earlier,
  withhold = {},
  attestation = null,
}: EvidenceSource): EvidenceFile {
  const leaves = range.leaves.map((leaf) => decodeUtf8(leaf));
  const ascending = earlier
    .map((part) => ({ part: provedPart(part, withhold), index: parseLeaf(part.leaf).i }))
    .sort((a, b) => a.index - b.index);
  return {
    format: EVIDENCE_FORMAT,
    checkpoint,
    session,
    range: {
      start: range.start,
      leaves,
      left: range.left.map((hash) => encodeBase64url(hash)),
      right: range.right.map((hash) => encodeBase64url(hash)),
    },
    entries: entries.map((entry) => {
      const leaf = range.leaves[entry.index - range.start];
      if (leaf === undefined) throw unfit(`entry ${entry.index} is not in the range`);
      return evidenceEntry(parseLeaf(leaf), { ...entry, withhold });
    }),
    earlier: ascending.map(({ part }) => part),
    attestation: attestation === null ? null : provedPart(attestation, {}),
  };
}

function evidenceEntry(
  leaf: Leaf,
  {
    disclosures,
    texts,
    withhold,
  }: {
    disclosures: readonly string[];
    texts: readonly SealedText[];
    withhold: Withholding;
  },
): EvidenceEntry {
  const shown = shownDisclosures(leaf, { disclosures, withhold });
  return {
    index: leaf.i,
    disclosures: shown,
    texts: texts.map(({ field, key, segments }) => ({
      field,
      segments: segments.map((bytes, i) => {
        const salt = segmentSalt(key, i);
        return withhold.segments?.(leaf.i, field, i) === true
          ? encodeSegment({ kind: 'withheld', hash: segmentHash(salt, bytes) })
          : encodeSegment({ kind: 'shown', salt, bytes });
      }),
    })),
  };
}

function provedPart({ leaf, proof, disclosures }: ProvedSource, withhold: Withholding): ProvedPart {
  return {
    leaf: decodeUtf8(leaf),
    proof: proof.map((hash) => encodeBase64url(hash)),
    disclosures: shownDisclosures(parseLeaf(leaf), { disclosures, withhold }),
  };
}

/** The disclosures that are shown, in the order of the kind's fields. */
function shownDisclosures(
  leaf: Leaf,
  { disclosures, withhold }: { disclosures: readonly string[]; withhold: Withholding },
): string[] {
  const byName = new Map(disclosures.map((text) => [parseDisclosure(text).name, text]));
  const shown: string[] = [];
  for (const name of fieldNamesOf(leaf.k)) {
    const text = byName.get(name);
    if (text === undefined) continue;
    if (!leaf._sd.includes(digestOf(text))) throw unfit(`"${name}" is not of entry ${leaf.i}`);
    if (withhold.fields?.(leaf.i, name) !== true) shown.push(text);
    else if (!isWithholdable(leaf.k, name)) throw unfit(`"${name}" of ${leaf.k} carries the proof`);
  }
  return shown;
}

function unfit(state: string): FormatError {
  return new FormatError('evidence', `Cannot build evidence: ${state}`);
}
