// values-bound: every value and every segment that the file shows is the one that its leaf committed to.

import { parseDisclosure } from './disclosure.ts';
import { type OpenedEntry, openEntry } from './entry.ts';
import { VerifyError } from './error.ts';
import { at, Fault, type Held } from './evidence-check.ts';
import { decodeSegment, type EvidenceEntry, type EvidenceFile } from './evidence-file.ts';
import type { ReadLeaf, ReadLeaves } from './evidence-range.ts';
import { type FieldsOf, fieldNamesOf, type Kind, shapeOf } from './kind.ts';
import type { Leaf } from './leaf.ts';
import {
  checkSegments,
  type ShownSegment,
  type TextReference,
  textReferenceSchema,
} from './segment.ts';

/** A long text as far as it is shown. */
export interface BoundText {
  readonly field: string;
  readonly segments: readonly ShownSegment[];
}

/** An entry of which every shown value was found in its leaf. `name` is its leaf hash, base64url. */
export interface BoundEntry {
  readonly leaf: Leaf;
  readonly name: string;
  readonly disclosures: readonly string[];
  readonly opened: OpenedEntry;
  readonly texts: readonly BoundText[];
}

/** The bound entries of a file: this session's by its own order, and those that it leans on. */
export interface BoundValues {
  readonly session: readonly BoundEntry[];
  readonly earlier: readonly BoundEntry[];
  readonly attestation: BoundEntry | null;
}

/** Binds what the file shows, entry by entry. @throws {Fault} at the first that is not in its leaf */
export function checkValues(file: EvidenceFile, leaves: ReadLeaves): Held<BoundValues> {
  let segments = 0;
  const session = file.entries.map((entry) => {
    const read = leaves.range[entry.index - file.range.start];
    if (read === undefined) {
      throw new Fault(entry.index, `Entry ${entry.index} is not in the range`);
    }
    const bound = at(entry.index, () => bindEntry(entry, read));
    for (const text of bound.texts) segments += text.segments.length;
    return bound;
  });
  const earlier = file.earlier.map((part, i) => bindPart(part, leaves.earlier[i]));
  const attestation =
    file.attestation === null ? null : bindPart(file.attestation, leaves.attestation ?? undefined);
  const values = session.reduce((sum, { disclosures }) => sum + disclosures.length, 0);
  return {
    detail: `${values} values and ${segments} segments are those of their entries`,
    value: { session, earlier, attestation },
  };
}

/** The fields of a bound entry of one kind; undefined when it is of another. */
export function fieldsAs<K extends Kind>(
  kind: K,
  { opened }: BoundEntry,
): Readonly<Partial<FieldsOf<K>>> | undefined {
  return opened.kind === kind ? (opened as OpenedEntry<K>).fields : undefined; // of this kind
}

function bindPart(
  { disclosures }: { disclosures: readonly string[] },
  read: ReadLeaf | undefined,
): BoundEntry {
  if (read === undefined) throw new Error('unreachable: every leaf of the file was read');
  return at(read.leaf.i, () => bindDisclosures(disclosures, read));
}

function bindEntry({ disclosures, texts }: EvidenceEntry, read: ReadLeaf): BoundEntry {
  const bound = bindDisclosures(disclosures, read);
  const { leaf } = read;
  const values: Readonly<Record<string, unknown>> = bound.opened.fields;
  const expected = shapeOf(leaf.k).texts.filter((field) => Object.hasOwn(values, field));
  if (expected.join() !== texts.map(({ field }) => field).join()) {
    throw new Fault(leaf.i, `Entry ${leaf.i} does not show its texts, each once`);
  }
  const boundTexts = texts.map(({ field, segments }) => {
    const shown = segments.map(decodeSegment);
    checkText(textReferenceSchema.parse(values[field]), shown, leaf); // its field's schema held already
    return { field, segments: shown };
  });
  return { ...bound, texts: boundTexts };
}

function checkText(reference: TextReference, shown: readonly ShownSegment[], leaf: Leaf): void {
  try {
    checkSegments(reference, shown);
  } catch (cause) {
    if (!(cause instanceof VerifyError)) throw cause;
    const said = `The text of entry ${leaf.i}, ${leaf.k}, is not the one in the log: it was changed, or is not whole`;
    throw new Fault(leaf.i, said, { cause });
  }
}

function bindDisclosures(disclosures: readonly string[], { leaf, name }: ReadLeaf): BoundEntry {
  const opened = openEntry(leaf, disclosures);
  const shown = disclosures.map((text) => parseDisclosure(text).name);
  const ordered = fieldNamesOf(leaf.k).filter((field) => shown.includes(field));
  if (ordered.join() !== shown.join()) {
    throw new Fault(leaf.i, `Entry ${leaf.i} shows its values out of order`);
  }
  return { leaf, name, disclosures, opened, texts: [] };
}
