// Hostile text made visible. What a machine printed, or a person typed, can hide, reorder or overwrite what
// somebody else reads: terminal escapes, bidi overrides, invisible characters, foreign spaces. Each of them is
// shown by its number instead:
//
//   \x1b        a control character below U+0080, or one byte that is not UTF-8 (\x80 to \xff)
//   \u{202e}    any other character that shows nothing of itself
//   \x5c        a backslash that would otherwise read as one of these
//
// So different texts never look alike by an escape that one of them only spells out; a Windows path stays as
// it is. The same text gives the same characters on every runtime.

import { decodeUtf8 } from './bytes.ts';

/** With `keepNewlines`, line ends (LF and CRLF) and tabs stand as they are; without it the answer is one line. */
export interface VisibleOptions {
  readonly keepNewlines?: boolean;
}

/** Makes every character of a text visible. Lone surrogates too: the answer is always well formed. */
export function visibleText(text: string, { keepNewlines = false }: VisibleOptions = {}): string {
  return text.replace(keepNewlines ? UNSEEN_IN_LINES : UNSEEN, (found) => {
    if (found === '\r\n') return '\n';
    return visibleCharacter(found.codePointAt(0) ?? 0);
  });
}

/** As `visibleText`, for bytes that should be UTF-8: what is not is shown byte by byte. */
export function visibleBytes(bytes: Uint8Array, options: VisibleOptions = {}): string {
  let shown = '';
  let start = 0;
  let at = 0;
  while (at < bytes.length) {
    const length = sequenceLength(bytes, at);
    if (length > 0) {
      at += length;
      continue;
    }
    shown += visibleText(decodeUtf8(bytes.subarray(start, at)), options);
    shown += visibleByte(bytes[at] ?? 0);
    at += 1;
    start = at;
  }
  return shown + visibleText(decodeUtf8(bytes.subarray(start)), options);
}

/** Whether a text shows everything that it holds, on one line: nothing in it that `visibleText` would change. */
export function isVisible(text: string): boolean {
  return text.search(UNSEEN) < 0;
}

// Controls, formats, lone surrogates, private use, line and paragraph separators, every space but U+0020, what
// renderers may ignore, and the Braille blank. Unassigned characters stay: runtimes differ on which they are.
const HIDDEN = String.raw`\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\p{DI}\u2800`;
const SPELLED_ESCAPE = String.raw`\\(?=x[0-9a-f]{2}|u\{)`;
const UNSEEN = new RegExp(`${SPELLED_ESCAPE}|[${HIDDEN}]`, 'gu');
const UNSEEN_IN_LINES = new RegExp(`${SPELLED_ESCAPE}|\\r\\n|(?![\\n\\t])[${HIDDEN}]`, 'gu');

function visibleCharacter(codePoint: number): string {
  return codePoint < 0x80 ? visibleByte(codePoint) : `\\u{${codePoint.toString(16)}}`;
}

function visibleByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, '0')}`;
}

/** The length of the well-formed UTF-8 sequence at a place, Unicode table 3-7; 0 when there is none. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  if (lead < 0x80) return 1;
  const length = lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i] ?? 0;
    const [lowest, highest] = i === 1 ? secondByteRange(lead) : [0x80, 0xbf];
    if (byte < lowest || byte > highest) return 0;
  }
  return length;
}

/** Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte. */
function secondByteRange(lead: number): readonly [lowest: number, highest: number] {
  switch (lead) {
    case 0xe0:
      return [0xa0, 0xbf];
    case 0xed:
      return [0x80, 0x9f];
    case 0xf0:
      return [0x90, 0xbf];
    case 0xf4:
      return [0x80, 0x8f];
    default:
      return [0x80, 0xbf];
  }
}
