// A strict reader of the part of the POSIX shell language that means the same in every shell: plain
// words, whole quotes, pipes, `;`, `&&`, `||`, new lines, and redirections to nowhere. It is the first of
// two opinions: a command line is clean only when this reader and the bash parser see the same words.

import { plainWord, type Word } from './word.ts';

/** The simple commands of a line, each a list of at least one word; null when it holds anything else. */
export function readPosixWords(text: string): readonly (readonly Word[])[] | null {
  const commands: Word[][] = [];
  let words: Word[] = [];
  let open = false; // a `|`, `&&` or `||` waits for its right side
  let at = 0;
  while (at < text.length) {
    const blank = match(BLANK, text, at);
    if (blank !== null) {
      at += blank.length;
      continue;
    }
    const separator = match(SEPARATOR, text, at);
    if (separator !== null) {
      at += separator.length;
      if (words.length === 0) {
        if (separator !== '\n') return null;
        continue;
      }
      commands.push(words);
      words = [];
      open = separator !== ';' && separator !== '\n';
      continue;
    }
    const redirect = words.length > 0 ? match(NOWHERE, text, at) : null;
    if (redirect !== null) {
      at += redirect.length;
      continue;
    }
    const source = match(WORD, text, at);
    if (source === null) return null;
    at += source.length;
    if (/^[0-9]+$/.test(source) && /[<>]/.test(text.charAt(at))) return null; // it would be a descriptor
    const word = readWord(source);
    if (word === null || (words.length === 0 && !isProgram(word, source))) return null;
    words.push(word);
  }
  if (words.length > 0) commands.push(words);
  else if (open) return null;
  return commands;
}

const BLANK = /[ \t]+/y;
const SEPARATOR = /&&|\|\||[|;\n]/y;
const NOWHERE = /(?:[12]?>[ \t]*\/dev\/null|<[ \t]*\/dev\/null|[12]?>&[12])(?=[ \t\n;|]|&&|$)/y;
const WORD = /(?:[\w@%+=:,./~*?[\]-]|'[^'\n\t]*'|"(?:[^"$`\\!\n\t]|\\[\w.(){}|+*?^-])*")+/y;
const PIECE = /'([^']*)'|"([^"]*)"|([^'"]+)/g;

function match(pattern: RegExp, text: string, at: number): string | null {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? null;
}

/** Takes the quotes off. A glob that could expand to an option is refused: `sort *` may mean `sort -o x`. */
function readWord(source: string): Word | null {
  if (source === '[') return plainWord(source); // nothing closes it: it stands for itself
  let text = '';
  let glob = false;
  for (const [, single, double, bare] of source.matchAll(PIECE)) {
    if (bare !== undefined && /[*?[]/.test(bare)) {
      if (!glob && !/^[\w./~@%+:,]/.test(text + bare.replace(/[*?[].*$/, ''))) return null;
      glob = true;
    }
    text += single ?? double ?? bare ?? '';
  }
  return { text, glob };
}

const RESERVED = new Set(
  'if then elif else fi for while until do done case esac in select function time coproc namespace'.split(
    ' ',
  ),
);

/** A word that can only name a program: no assignment, no reserved word, nothing that expands. */
function isProgram({ text, glob }: Word, source: string): boolean {
  return !glob && !RESERVED.has(source) && /^(?:[\w./][\w.+/-]*|\[|:)$/.test(text);
}
