// An entry: what somebody wants on record, sealed into the digests that its leaf will hold, and opened again
// from a leaf and what is disclosed of it. Position, time and chain are the ledger's to add.

import type { Bytes } from './bytes.ts';
import { createDisclosure, type Disclosure, parseDisclosure } from './disclosure.ts';
import { FormatError, VerifyError } from './error.ts';
import type { Json } from './json.ts';
import { type FieldsOf, fieldNamesOf, type Kind, shapeOf } from './kind.ts';
import type { Leaf } from './leaf.ts';
import { cutSegments, ENTRY_KEY_BYTES, referenceText, type TextReference } from './segment.ts';
import { randomBytes } from './webcrypto.ts';

/** A long text before it is sealed; `offset` is where it begins in one command's whole output, in bytes. */
export interface TextInput {
  readonly bytes: Uint8Array;
  readonly offset?: number;
}

/** The fields of an entry before it is sealed: as `FieldsOf`, with the texts themselves. */
export type EntryFields<K extends Kind> = {
  readonly [N in keyof FieldsOf<K>]: FieldsOf<K>[N] extends TextReference
    ? TextInput
    : FieldsOf<K>[N];
};

/** A long text of a sealed entry: its 32-byte entry key and its segments, joined the text. */
export interface SealedText {
  readonly field: string;
  readonly key: Bytes;
  readonly segments: readonly Bytes[];
}

/** What the ledger stores of an entry beside its leaf, and the digests for the leaf. */
export interface SealedEntry {
  readonly kind: Kind;
  /** base64url SHA-256, sorted: the leaf's `_sd`. */
  readonly digests: readonly string[];
  readonly disclosures: readonly string[];
  readonly texts: readonly SealedText[];
}

/**
 * Seals an entry: every field becomes a disclosure with its own salt, every text is cut and referenced.
 * Fields that somebody else already disclosed, and signed by digest, are taken as they are by `disclosed`.
 * @throws {FormatError} code `entry` when the fields are not exactly those of the kind
 */
export function sealEntry<K extends Kind, D extends string = never>(
  kind: K,
  fields: Omit<EntryFields<K>, D>,
  { disclosed }: { disclosed?: Readonly<Record<D, Disclosure>> } = {},
): SealedEntry {
  const given = fields as Readonly<Record<string, unknown>>; // every member is checked by the schema below
  const taken: Readonly<Record<string, Disclosure>> = disclosed ?? {};
  const { values, texts } = referenceTexts(kind, given);
  for (const [name, disclosure] of Object.entries(taken)) {
    if (disclosure.name !== name)
      throw new FormatError('entry', `Cannot seal: "${name}" is not it`);
    values[name] = disclosure.value;
  }
  const parsed = shapeOf(kind).fields.safeParse(values);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    throw new FormatError('entry', `Cannot seal ${kind}: bad field "${where}"`, {
      cause: parsed.error,
    });
  }
  const disclosures = fieldNamesOf(kind).map(
    (name) => taken[name] ?? createDisclosure(name, values[name] as Json), // the schema admits JSON only
  );
  return {
    kind,
    digests: disclosures.map(({ digest }) => digest).sort(),
    disclosures: disclosures.map(({ text }) => text),
    texts,
  };
}

/** What a leaf and some of its disclosures say: values by field name, and the names not shown. */
export interface OpenedEntry<K extends Kind = Kind> {
  readonly kind: K;
  readonly fields: Readonly<Partial<FieldsOf<K>>>;
  readonly withheld: readonly string[];
}

/**
 * Opens a leaf's entry by what is disclosed of it. Every disclosure is bound to the leaf (RFC 9901 §7.1).
 * @throws {FormatError} code `disclosure` for a malformed one
 * @throws {VerifyError} code `binding` for one that the leaf does not hold, twice given, or not of the kind
 */
export function openEntry(leaf: Leaf, disclosures: readonly string[]): OpenedEntry {
  const held = new Set(leaf._sd);
  const shape = shapeOf(leaf.k).fields.shape;
  const fields: Record<string, Json> = {};
  for (const text of disclosures) {
    const disclosure = parseDisclosure(text);
    if (!held.delete(disclosure.digest)) {
      throw new VerifyError('binding', `Cannot open entry ${leaf.i}: a value is not in its leaf`);
    }
    const schema: unknown = Object.hasOwn(shape, disclosure.name)
      ? shape[disclosure.name]
      : undefined;
    if (schema === undefined || Object.hasOwn(fields, disclosure.name)) {
      throw new VerifyError('binding', `Cannot open entry ${leaf.i}: field not of its kind`);
    }
    if (!isValid(schema, disclosure.value)) {
      throw new VerifyError('binding', `Cannot open entry ${leaf.i}: bad "${disclosure.name}"`);
    }
    fields[disclosure.name] = disclosure.value;
  }
  const withheld = fieldNamesOf(leaf.k).filter((name) => !Object.hasOwn(fields, name));
  return { kind: leaf.k, fields, withheld };
}

/** Whether an opened entry is of this kind, for narrowing. */
export function isOpenedAs<K extends Kind>(opened: OpenedEntry, kind: K): opened is OpenedEntry<K> {
  return opened.kind === kind;
}

/**
 * Opens an entry of which every field must be shown.
 * @throws {VerifyError} code `wrong-kind` for another kind, `binding` when a field is withheld
 */
export function openWhole<K extends Kind>(
  kind: K,
  { leaf, disclosures }: { leaf: Leaf; disclosures: readonly string[] },
): FieldsOf<K> {
  if (leaf.k !== kind) {
    throw new VerifyError(
      'wrong-kind',
      `Cannot open entry ${leaf.i}: expected ${kind}, is ${leaf.k}`,
    );
  }
  const { fields, withheld } = openEntry(leaf, disclosures);
  if (withheld.length > 0) {
    throw new VerifyError('binding', `Cannot open entry ${leaf.i}: "${withheld[0]}" is withheld`);
  }
  return fields as FieldsOf<K>; // of this kind, and none withheld
}

function referenceTexts(
  kind: Kind,
  given: Readonly<Record<string, unknown>>,
): { values: Record<string, unknown>; texts: SealedText[] } {
  const values: Record<string, unknown> = { ...given };
  const texts: SealedText[] = [];
  for (const field of shapeOf(kind).texts) {
    const input = given[field] as TextInput | undefined; // EntryFields says so
    if (!(input?.bytes instanceof Uint8Array)) {
      throw new FormatError('entry', `Cannot seal ${kind}: "${field}" is not text`);
    }
    const key = randomBytes(ENTRY_KEY_BYTES);
    const segments = cutSegments(input.bytes, { offset: input.offset ?? 0 });
    values[field] = referenceText(segments, key);
    texts.push({ field, key, segments });
  }
  return { values, texts };
}

function isValid(schema: unknown, value: Json): boolean {
  return (schema as { safeParse(value: Json): { success: boolean } }).safeParse(value).success; // a zod schema
}
