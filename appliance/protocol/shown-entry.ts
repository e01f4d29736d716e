// Checking an entry that an appliance shows: its leaf is canonical, every disclosed value is in the leaf, every
// text hashes to its reference. What passes is what the leaf hash commits to; that the leaf is in the log is a
// matter of its proof.

import * as z from 'zod';

import { parseBase64, parseBase64url, encodeBase64url } from '#crypto/base64.ts';
import { type Bytes, encodeUtf8 } from '#crypto/bytes.ts';
import { openEntry, type OpenedEntry } from '#crypto/entry.ts';
import { FormatError, VerifyError } from '#crypto/error.ts';
import { leafHash } from '#crypto/hash.ts';
import { shapeOf } from '#crypto/kind.ts';
import { type Leaf, parseLeaf } from '#crypto/leaf.ts';
import { referenceText, textReferenceSchema } from '#crypto/segment.ts';

/** An entry as a client gets it: everything needed to check it against its leaf. */
export const shownEntrySchema = z.strictObject({
  leaf: z.string().max(16_384),
  /** Null: the content was erased. */
  disclosures: z.array(z.string()).max(32).nullable(),
  texts: z
    .array(
      z.strictObject({
        field: z.string().max(64),
        /** Entry key, base64url. */
        key: z.string().length(43),
        /** Lengths of the segments in bytes; joined they are `data`, base64. */
        cuts: z.array(z.int().min(1)).max(1 << 19),
        data: z.string(),
      }),
    )
    .max(4),
});

export type ShownEntry = z.infer<typeof shownEntrySchema>;

/** An entry whose shown values are bound to its leaf. */
export interface CheckedEntry {
  readonly leaf: Leaf;
  /** Leaf hash, base64url: the name by which other entries cite it. */
  readonly name: string;
  readonly opened: OpenedEntry;
  /** Long texts by field: exact bytes. */
  readonly texts: ReadonlyMap<string, Bytes>;
  readonly isErased: boolean;
}

/**
 * Checks a shown entry.
 * @throws {FormatError} when it is malformed
 * @throws {VerifyError} code `binding` when something shown is not what its leaf holds
 */
export function checkShownEntry(shown: ShownEntry): CheckedEntry {
  const leafBytes = encodeUtf8(shown.leaf);
  const leaf = parseLeaf(leafBytes);
  const opened = openEntry(leaf, shown.disclosures ?? []);
  const texts = new Map<string, Bytes>();
  for (const text of shown.texts) texts.set(text.field, checkText(text, { leaf, opened }));
  checkAllTexts(opened, { leaf, texts });
  return {
    leaf,
    name: encodeBase64url(leafHash(leafBytes)),
    opened,
    texts,
    isErased: shown.disclosures === null,
  };
}

/** A text that is spoken of, but kept back, would pass for one that is empty. */
function checkAllTexts(
  { kind, fields }: OpenedEntry,
  { leaf, texts }: { leaf: Leaf; texts: ReadonlyMap<string, Bytes> },
): void {
  for (const field of shapeOf(kind).texts) {
    if (!Object.hasOwn(fields, field) || texts.has(field)) continue;
    throw new VerifyError(
      'binding',
      `Cannot show entry ${leaf.i}: the text of "${field}" is missing`,
    );
  }
}

function checkText(
  { field, key, cuts, data }: ShownEntry['texts'][number],
  { leaf, opened }: { leaf: Leaf; opened: OpenedEntry },
): Bytes {
  const fields: Readonly<Record<string, unknown>> = opened.fields;
  const reference = textReferenceSchema.safeParse(fields[field]);
  if (!reference.success) {
    throw new VerifyError('binding', `Cannot show entry ${leaf.i}: "${field}" is no text of it`);
  }
  const bytes = parseBase64(data);
  const segments = cut(bytes, cuts);
  const { root, segments: count, bytes: length } = referenceText(segments, parseBase64url(key));
  const { data: said } = reference;
  if (root !== said.root || count !== said.segments || length !== said.bytes) {
    throw new VerifyError(
      'binding',
      `Cannot show entry ${leaf.i}: "${field}" is not what it holds`,
    );
  }
  return bytes;
}

function cut(bytes: Bytes, cuts: readonly number[]): Bytes[] {
  const segments: Bytes[] = [];
  let start = 0;
  for (const length of cuts) {
    segments.push(bytes.subarray(start, start + length));
    start += length;
  }
  if (start !== bytes.length) {
    throw new FormatError('segment', 'Cannot show text: its segments are not all of it');
  }
  return segments;
}
