// The words of a line that no parser understood, guessed widely: for deny and ask, which may match too
// much, never for allow.

import type { ShellName } from '#crypto/policy.ts';

import { knowsAliases, namesOf } from './name.ts';

export interface ScannedWords {
  readonly words: ReadonlySet<string>;
  /** All names, lower-case, that the words could stand for as programs. */
  readonly names: ReadonlySet<string>;
}

/** What a line holds that needs no scan. */
export const NO_WORDS: ScannedWords = { words: new Set(), names: new Set() };

/**
 * Every run of characters that could be a name or an argument, however it is quoted, escaped or dressed in
 * look-alike characters.
 */
export function scanWords(text: string, shell: ShellName): ScannedWords {
  const aliases = knowsAliases(shell, text);
  const plain = text.normalize('NFKC').replace(/[\p{Cf}\p{Mn}]/gu, '');
  const variants = [
    text,
    plain,
    plain.replace(/['"`^]|\$(?=['"])/g, ''), // mk''fs, mk^fs, $'mkfs'
    plain.replace(/\\\r?\n|['"`^\\]/g, ''), // m\kfs, and line continuations
    plain.replace(/['"`^]/g, ' '),
  ];
  const words = new Set<string>();
  for (const variant of variants) {
    for (const word of variant.split(/[\s\u0085|&;<>(){}$!,@#]+/)) if (word !== '') words.add(word);
    for (const word of variant.split(/[\s\u0085|&;<>(){}$!,@#=[\]]+/))
      if (word !== '') words.add(word);
  }
  return { words, names: new Set([...words].flatMap((word) => namesOf(word, { aliases }))) };
}
