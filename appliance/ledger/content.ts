// The content of an entry as it is stored beside the leaf, never inside it.
//
//   1  count(2)  { length(4) disclosure }*  count(1)  { length(1) field  key(32)  count(4) { length(4) segment }* }*
//
// or one zero byte where the content was erased. Numbers are big-endian.

import { parseBase64url } from '#crypto/base64.ts';
import { type Bytes, decodeUtf8, equalBytes } from '#crypto/bytes.ts';
import { digestOf, parseDisclosure } from '#crypto/disclosure.ts';
import type { SealedEntry, SealedText } from '#crypto/entry.ts';
import { shapeOf } from '#crypto/kind.ts';
import type { Leaf } from '#crypto/leaf.ts';
import { ENTRY_KEY_BYTES, referenceText, textReferenceSchema } from '#crypto/segment.ts';

import { damaged } from './error.ts';

/** What is stored of an entry beside its leaf. */
export interface Content {
  readonly disclosures: readonly string[];
  readonly texts: readonly SealedText[];
}

const VERSION = 1;

/** What stands in the place of content that was erased. */
export const ERASED: Bytes = Uint8Array.of(0);

/** Encodes the content of a sealed entry. */
export function encodeContent({ disclosures, texts }: SealedEntry): Bytes {
  const buffer = Buffer.allocUnsafeSlow(sizeOf(disclosures, texts)); // not from the shared pool
  let at = buffer.writeUInt8(VERSION, 0);
  at = buffer.writeUInt16BE(disclosures.length, at);
  for (const text of disclosures) {
    at = buffer.writeUInt32BE(text.length, at);
    at += buffer.write(text, at, 'latin1');
  }
  at = buffer.writeUInt8(texts.length, at);
  for (const { field, key, segments } of texts) {
    at = buffer.writeUInt8(field.length, at);
    at += buffer.write(field, at, 'latin1');
    buffer.set(key, at);
    at = buffer.writeUInt32BE(segments.length, at + ENTRY_KEY_BYTES);
    for (const segment of segments) {
      at = buffer.writeUInt32BE(segment.length, at);
      buffer.set(segment, at);
      at += segment.length;
    }
  }
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

function sizeOf(disclosures: readonly string[], texts: readonly SealedText[]): number {
  let size = 4;
  for (const text of disclosures) size += 4 + text.length;
  for (const { field, segments } of texts) {
    size += 1 + field.length + ENTRY_KEY_BYTES + 4;
    for (const segment of segments) size += 4 + segment.length;
  }
  return size;
}

/**
 * Parses stored content; null when it was erased.
 * @throws {LedgerError} code `damaged` when the bytes are neither
 */
export function parseContent(bytes: Uint8Array): Content | null {
  if (equalBytes(bytes, ERASED)) return null;
  const cursor = { bytes, at: 0 };
  if (takeNumber(cursor, 1) !== VERSION) throw damaged('unknown form of content');
  const disclosures = repeat(takeNumber(cursor, 2), () => takeText(cursor, takeNumber(cursor, 4)));
  const texts = repeat(takeNumber(cursor, 1), () => ({
    field: takeText(cursor, takeNumber(cursor, 1)),
    key: take(cursor, ENTRY_KEY_BYTES),
    segments: repeat(takeNumber(cursor, 4), () => take(cursor, takeNumber(cursor, 4))),
  }));
  if (cursor.at !== bytes.length) throw damaged('content is too long');
  return { disclosures, texts };
}

/**
 * Checks that content is all that its leaf commits to: every digest once, every text to its root.
 * @throws {LedgerError} code `damaged` when it is not
 */
export function checkContent(leaf: Leaf, { disclosures, texts }: Content): void {
  const missing = new Set(leaf._sd);
  for (const disclosure of disclosures) {
    if (!missing.delete(digestOf(disclosure))) {
      throw damaged(`entry ${leaf.i} holds a value that its leaf does not`);
    }
  }
  if (missing.size > 0) throw damaged(`entry ${leaf.i} lacks a value of its leaf`);
  const { texts: fields } = shapeOf(leaf.k);
  if (fields.length !== texts.length) throw damaged(`entry ${leaf.i} lacks a text`);
  for (const text of texts) checkText(leaf, { text, disclosures });
}

function checkText(
  leaf: Leaf,
  { text, disclosures }: { text: SealedText; disclosures: readonly string[] },
): void {
  const field = disclosures.map((each) => parseDisclosure(each)).find((d) => d.name === text.field);
  const reference = textReferenceSchema.safeParse(field?.value);
  if (!reference.success) throw damaged(`entry ${leaf.i} has no field "${text.field}"`);
  const stored = referenceText(text.segments, text.key);
  const same =
    stored.bytes === reference.data.bytes &&
    stored.segments === reference.data.segments &&
    equalBytes(parseBase64url(stored.root), parseBase64url(reference.data.root));
  if (!same) throw damaged(`entry ${leaf.i} has other text than its leaf`);
}

interface Cursor {
  readonly bytes: Uint8Array;
  at: number;
}

function take(cursor: Cursor, length: number): Bytes {
  const end = cursor.at + length;
  if (end > cursor.bytes.length) throw damaged('content is too short');
  const part = new Uint8Array(cursor.bytes.subarray(cursor.at, end));
  cursor.at = end;
  return part;
}

function takeText(cursor: Cursor, length: number): string {
  const bytes = take(cursor, length);
  try {
    return decodeUtf8(bytes);
  } catch (cause) {
    throw damaged('content is not text', { cause });
  }
}

function takeNumber(cursor: Cursor, length: number): number {
  let number = 0;
  for (const byte of take(cursor, length)) number = number * 256 + byte;
  return number;
}

function repeat<T>(count: number, each: () => T): T[] {
  const all: T[] = [];
  for (let i = 0; i < count; i++) all.push(each());
  return all;
}
