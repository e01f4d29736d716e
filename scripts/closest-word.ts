// What somebody probably meant by a word that we do not know.

/** The word nearest to `typed` by edits, or null when none is near: at most a third of the letters differ. */
export function closestWord(typed: string, words: readonly string[]): string | null {
  let closest: string | null = null;
  let fewest = Infinity;
  for (const word of words) {
    const edits = countEdits(typed, word);
    const allowed = Math.max(1, Math.floor(Math.max(typed.length, word.length) / 3));
    if (edits > allowed || edits >= fewest) continue;
    closest = word;
    fewest = edits;
  }
  return closest;
}

/** Counts insertions, deletions and replacements: Levenshtein's distance, a row at a time. */
function countEdits(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const replaced = at(row, j) + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(replaced, at(row, j + 1) + 1, at(next, j) + 1));
    }
    row = next;
  }
  return at(row, to.length);
}

function at(row: readonly number[], index: number): number {
  const value = row[index];
  if (value === undefined) throw new Error('unreachable: the row is as long as the word');
  return value;
}
