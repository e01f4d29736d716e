// The words of a line that no parser understood, guessed widely: for deny and ask, which may match too
// much, never for allow.

/**
 * Every run of characters that could be a name or an argument, however it is quoted, escaped or dressed in
 * look-alike characters.
 */
export function scanWords(text: string): ReadonlySet<string> {
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
  return words;
}
