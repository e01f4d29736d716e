// What a program's bytes are to a terminal (ECMA-48): text, line ends, colours, and control sequences. They are told
// apart here so that none of them is ever obeyed. A sequence that has no proper end is text, so that what begins
// like one hides nothing of what follows.

/** A stretch of bytes up to `end`. `control` is what a terminal would have swallowed: titles, links, cursor moves. */
export type TerminalToken =
  | { readonly kind: 'text'; readonly end: number }
  | { readonly kind: 'newline'; readonly end: number }
  | { readonly kind: 'return'; readonly end: number }
  | { readonly kind: 'colour'; readonly end: number; readonly codes: string }
  | { readonly kind: 'control'; readonly end: number };

/** Longest colour or cursor sequence, and longest title or link: what is longer is shown as the text it is. */
const MAX_SEQUENCE_BYTES = 64;
const MAX_STRING_BYTES = 4096;

const BELL = 0x07;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const ESCAPE = 0x1b;
const BRACKET = 0x5b;
const BACKSLASH = 0x5c;

/** OSC, DCS, SOS, PM, APC: what opens a string, after ESC. */
const STRING_OPENERS: ReadonlySet<number> = new Set([0x5d, 0x50, 0x58, 0x5e, 0x5f]);

/** Reads the token at a place; null when the bytes end before it is clear what it is. */
export function readToken(bytes: Uint8Array, at: number): TerminalToken | null {
  switch (bytes[at]) {
    case LINE_FEED:
      return { kind: 'newline', end: at + 1 };
    case CARRIAGE_RETURN:
      return { kind: 'return', end: at + 1 };
    case ESCAPE:
      return readEscape(bytes, at);
    default:
      return { kind: 'text', end: textEnd(bytes, at) };
  }
}

function textEnd(bytes: Uint8Array, start: number): number {
  let at = start;
  while (at < bytes.length && !isSpecial(bytes[at])) at += 1;
  return at;
}

function isSpecial(byte: number | undefined): boolean {
  return byte === LINE_FEED || byte === CARRIAGE_RETURN || byte === ESCAPE;
}

function readEscape(bytes: Uint8Array, start: number): TerminalToken | null {
  const next = bytes[start + 1];
  if (next === undefined) return null;
  if (next === BRACKET) return readSequence(bytes, start);
  if (STRING_OPENERS.has(next)) return readString(bytes, start);
  return readShort(bytes, start);
}

// ESC [ parameters 0x30–0x3f, intermediates 0x20–0x2f, final 0x40–0x7e
function readSequence(bytes: Uint8Array, start: number): TerminalToken | null {
  let at = start + 2;
  while (isBetween(bytes[at], 0x30, 0x3f)) at += 1;
  const codesEnd = at;
  while (isBetween(bytes[at], 0x20, 0x2f)) at += 1;
  if (at - start > MAX_SEQUENCE_BYTES) return plain(start);
  if (at >= bytes.length) return null;
  if (!isBetween(bytes[at], 0x40, 0x7e)) return plain(start);
  const codes = String.fromCharCode(...bytes.subarray(start + 2, codesEnd));
  const isColour = bytes[at] === 0x6d && at === codesEnd && /^[\d;]*$/.test(codes);
  return isColour ? { kind: 'colour', end: at + 1, codes } : { kind: 'control', end: at + 1 };
}

// ESC ] … up to BEL, or ESC \ (ST); never over a line's end
function readString(bytes: Uint8Array, start: number): TerminalToken | null {
  const limit = Math.min(bytes.length, start + MAX_STRING_BYTES);
  for (let at = start + 2; at < limit; at++) {
    const byte = bytes[at];
    if (byte === BELL) return { kind: 'control', end: at + 1 };
    if (byte === LINE_FEED) return plain(start);
    if (byte !== ESCAPE) continue;
    if (at + 1 >= bytes.length) return null;
    return bytes[at + 1] === BACKSLASH ? { kind: 'control', end: at + 2 } : plain(start);
  }
  return limit < start + MAX_STRING_BYTES ? null : plain(start);
}

// ESC, intermediates 0x20–0x2f, final 0x30–0x7e
function readShort(bytes: Uint8Array, start: number): TerminalToken | null {
  let at = start + 1;
  while (isBetween(bytes[at], 0x20, 0x2f)) at += 1;
  if (at - start > MAX_SEQUENCE_BYTES) return plain(start);
  if (at >= bytes.length) return null;
  return isBetween(bytes[at], 0x30, 0x7e) ? { kind: 'control', end: at + 1 } : plain(start);
}

/** The escape alone, as text: it will be seen. */
function plain(start: number): TerminalToken {
  return { kind: 'text', end: start + 1 };
}

function isBetween(byte: number | undefined, low: number, high: number): boolean {
  return byte !== undefined && byte >= low && byte <= high;
}
