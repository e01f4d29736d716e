// A command, or what a machine printed, on a page where somebody decides about it: uncut, wrapped, every
// character that hides or reorders others shown by its number, marked, and explained in words.

import { html } from 'hono/html';

import { visibleText } from '#crypto/visible.ts';
import type { Html } from './page.ts';

/** Text in full. `isCommand` also points out letters that only look like others. */
export function exactText(text: string, { isCommand = false } = {}): Html {
  const visible = visibleText(text, { keepNewlines: true });
  return html`<pre class="${isCommand ? 'exact' : ''}"><code>${markEscapes(visible)}</code></pre>
    ${explainHidden(visible)}${isCommand ? explainForeign(visible) : ''}`;
}

/** What belongs to a command and stands on one line: its folder, a setting, its user; `after` follows it. */
export function exactLine(text: string, { after = '' } = {}): Html {
  const visible = visibleText(text);
  return html`<code>${markEscapes(visible)}</code>${after}
    ${explainHidden(visible)}${explainForeign(visible)}`;
}

function markEscapes(visible: string): (Html | string)[] {
  return visible
    .split(ESCAPE)
    .map((piece) => (ESCAPE_ONLY.test(piece) ? html`<mark>${piece}</mark>` : piece));
}

/** `1 line`, `3 lines`. */
export function countLines(text: string): string {
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/).length;
  return lines === 1 ? '1 line' : `${lines} lines`;
}

const ESCAPE = /(\\x[0-9a-f]{2}|\\u\{[0-9a-f]{1,6}\})/;
const ESCAPE_ONLY = new RegExp(`^${ESCAPE.source}$`);
const ESCAPES = new RegExp(ESCAPE.source, 'g');
/** More than anybody reads. */
const MAX_EXPLAINED = 12;

function explainHidden(visible: string): Html | '' {
  const found = [...new Set(visible.match(ESCAPES) ?? [])];
  if (found.length === 0) return '';
  return html`<div class="note warn">
    <strong>Marked: characters that could mislead you</strong>
    <p>They cannot be seen, or change how the rest looks. Each is shown by its number instead.</p>
    <ul>
      ${found.slice(0, MAX_EXPLAINED).map(
        (escape) =>
          html`<li>
            <mark><code>${escape}</code></mark> ${meaningOf(escape)}
          </li>`,
      )}
    </ul>
    ${moreOf(found.length)}
  </div>`;
}

function explainForeign(visible: string): Html | '' {
  const found = [...new Set(visible.match(/[^\p{ASCII}]/gu) ?? [])];
  if (found.length === 0) return '';
  return html`<div class="note warn">
    <strong>Letters from outside the plain alphabet</strong>
    <p>Some letters of other alphabets look like plain ones but are not the same.</p>
    <ul>
      ${found
        .slice(0, MAX_EXPLAINED)
        .map(
          (char) => html`<li><code>${char}</code> is ${scriptOf(char)} (${numberOf(char)})</li>`,
        )}
    </ul>
    ${moreOf(found.length)}
  </div>`;
}

function moreOf(count: number): Html | '' {
  return count > MAX_EXPLAINED ? html`<p>And ${count - MAX_EXPLAINED} more.</p>` : '';
}

function meaningOf(escape: string): string {
  const number = Number.parseInt(escape.replace(/[^0-9a-f]/g, ''), 16);
  return MEANINGS.find(([first, last]) => number >= first && number <= last)?.[2] ?? UNSEEN;
}

const UNSEEN = 'a character that cannot be seen';

/** By code point, from the first to the last. */
const MEANINGS: readonly (readonly [first: number, last: number, meaning: string])[] = [
  [0x08, 0x08, 'backspace: deletes what stands before it'],
  [0x0d, 0x0d, 'carriage return: writes over the line from its start'],
  [0x1b, 0x1b, 'escape: can hide or recolour text on a terminal'],
  [0x5c, 0x5c, 'an ordinary backslash, written so because one of these numbers seems to follow'],
  [0x7f, 0x7f, 'delete: removes what stands before it'],
  [0x00, 0x1f, 'a control character, for machines'],
  [0x80, 0x9f, 'a control character, for machines'],
  [0xa0, 0xa0, 'a space that is not the usual one'],
  [0xad, 0xad, 'a hyphen that is mostly not shown'],
  [0x200b, 0x200d, 'has no width: separates or joins letters unseen'],
  [0x1680, 0x200a, 'a space that is not the usual one'],
  [0x200e, 0x200f, 'changes the direction of reading'],
  [0x2028, 0x2029, 'breaks the line in some programs only'],
  [0x202a, 0x202e, 'changes the direction of reading: text after it can appear backwards'],
  [0x202f, 0x205f, 'a space that is not the usual one'],
  [0x2066, 0x2069, 'changes the direction of reading: text after it can appear backwards'],
  [0x3000, 0x3000, 'a space that is not the usual one'],
];

function scriptOf(char: string): string {
  const script = SCRIPTS.find(([, pattern]) => pattern.test(char));
  return script === undefined ? 'a sign' : `a letter of the ${script[0]} alphabet`;
}

const SCRIPTS: readonly (readonly [name: string, pattern: RegExp])[] = [
  ['extended Latin', /\p{Script=Latin}/u],
  ['Cyrillic', /\p{Script=Cyrillic}/u],
  ['Greek', /\p{Script=Greek}/u],
  ['Armenian', /\p{Script=Armenian}/u],
  ['Hebrew', /\p{Script=Hebrew}/u],
  ['Arabic', /\p{Script=Arabic}/u],
  ['Cherokee', /\p{Script=Cherokee}/u],
];

function numberOf(char: string): string {
  return `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}
