// A strict reader of a small part of PowerShell: cmdlets and programs with plain parameters, words and
// whole quotes, joined by pipes, `;` and new lines; and script blocks that only compare properties. It is
// the first of two opinions, because the tree-sitter grammar reads some lines wrongly without an error:
// `Get-Process *>x` is one word for it, a redirection for PowerShell.

import type { Word } from './word.ts';

export type PowerShellPart =
  | { readonly kind: 'parameter' | 'word' | 'string'; readonly text: string }
  /** A block that compares properties of `$_` with plain values, and does nothing else. */
  | { readonly kind: 'comparison'; readonly text: string };

export interface PowerShellCommand {
  readonly name: string;
  readonly parts: readonly PowerShellPart[];
}

/** The commands of a line; null when it holds anything that this reader does not know. */
export function readPowerShellWords(text: string): readonly PowerShellCommand[] | null {
  const commands: PowerShellCommand[] = [];
  const pieces = splitCommands(text);
  if (pieces === null) return null;
  for (const piece of pieces) {
    const command = readCommand(piece);
    if (command === null) return null;
    commands.push(command);
  }
  return commands;
}

/** The parts as words, for rules; a comparison counts as one word. */
export function wordsOfParts(parts: readonly PowerShellPart[]): readonly Word[] {
  return parts.map(({ text }) => ({ text, glob: false }));
}

const STRING = /'(?:[^'\n]|'')*'|"[^"$`\n]*"/y;
const VALUE_TEXT = String.raw`'(?:[^'\n]|'')*'|"[^"$\`\n]*"|-?[0-9]+(?:\.[0-9]+)?(?:[kmgt]b)?|\$(?:true|false|null)`;
const TEST_TEXT = String.raw`[ \t]*\$_(?:\.[A-Za-z][A-Za-z0-9]*){1,4}(?:[ \t]+-(?:not)?(?:[ci]?(?:eq|ne|gt|ge|lt|le|like|notlike|match|notmatch|contains|notcontains))[ \t]+(?:${VALUE_TEXT}))?[ \t]*`;
const COMPARISON = new RegExp(String.raw`\{${TEST_TEXT}(?:-(?:and|or)[ \t]${TEST_TEXT})*\}`, 'iy');
const BLANK = /[ \t]+/y;
const SEPARATOR = /[|;\n]/y;
const PARAMETER = /-[A-Za-z]+(?=[ \t\n|;]|$)/y;
const BARE = /(?!-)[A-Za-z0-9_.:\\/*?-]+(?=[ \t\n|;,]|$)/y;
const COMMA = /[ \t]*,[ \t]*/y;
const AFTER = /(?=[ \t\n|;,]|$)/y;

/** The same line with blanks for commas outside quotes: the grammar stumbles over `Name,Id`. */
export function blankCommas(text: string): string {
  let blanked = '';
  for (let at = 0; at < text.length;) {
    const kept = match(STRING, text, at) ?? match(COMPARISON, text, at) ?? text.charAt(at);
    blanked += kept === ',' ? ' ' : kept;
    at += kept.length;
  }
  return blanked;
}

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** Cuts at pipes, semicolons and line ends outside quotes and comparisons. */
function splitCommands(text: string): string[] | null {
  const pieces: string[] = [];
  let start = 0;
  let piped = false;
  for (let at = 0; at <= text.length;) {
    const separator = at === text.length ? '' : match(SEPARATOR, text, at);
    if (separator === null) {
      at += (match(STRING, text, at) ?? match(COMPARISON, text, at))?.length ?? 1;
      continue;
    }
    const piece = text.slice(start, at).trim();
    at += 1;
    start = at;
    if (piece !== '') pieces.push(piece);
    else if (separator === '|' || (piped && separator !== '\n')) return null;
    else continue; // a blank line, or a line end after a pipe, or `;` alone
    piped = separator === '|';
  }
  return pieces;
}

const KEYWORDS = new Set(
  (
    'begin break catch class clean configuration continue data define do dynamicparam else elseif end enum ' +
    'exit filter finally for foreach from function hidden if in inlinescript param parallel process return ' +
    'sequence static switch throw trap try until using var while workflow'
  ).split(' '),
);

function readCommand(text: string): PowerShellCommand | null {
  const name = /^[A-Za-z][A-Za-z0-9-]*(?:\.exe)?(?=[ \t]|$)/.exec(text)?.[0];
  if (name === undefined || KEYWORDS.has(name.toLowerCase())) return null;
  const parts: PowerShellPart[] = [];
  let at = name.length;
  while (at < text.length) {
    const gap = (parts.length > 0 ? match(COMMA, text, at) : null) ?? match(BLANK, text, at);
    if (gap === null) return null;
    at += gap.length;
    const part = readPart(text, at);
    if (part === null) return null;
    at += part.length;
    parts.push(part.part);
  }
  return { name, parts };
}

function readPart(text: string, at: number): { part: PowerShellPart; length: number } | null {
  const parameter = match(PARAMETER, text, at);
  if (parameter !== null)
    return { part: { kind: 'parameter', text: parameter }, length: parameter.length };
  const bare = match(BARE, text, at);
  if (bare !== null) return { part: { kind: 'word', text: bare }, length: bare.length };
  const quoted = match(STRING, text, at);
  if (quoted !== null) {
    if (match(AFTER, text, at + quoted.length) === null) return null;
    const inner = quoted.slice(1, -1);
    const plain = quoted.startsWith("'") ? inner.replaceAll("''", "'") : inner;
    return { part: { kind: 'string', text: plain }, length: quoted.length };
  }
  const block = match(COMPARISON, text, at);
  if (block === null || match(AFTER, text, at + block.length) === null) return null;
  return { part: { kind: 'comparison', text: block }, length: block.length };
}
