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

/** Counts insertions, deletions, replacements and neighbours that changed places, a row at a time. */
function countEdits(from: string, to: string): number {
  let before: readonly number[] = [];
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const replaced = at(row, j) + (from[i] === to[j] ? 0 : 1);
      const isSwapped = i > 0 && j > 0 && from[i] === to[j - 1] && from[i - 1] === to[j];
      const swapped = isSwapped ? at(before, j - 1) + 1 : Infinity;
      next.push(Math.min(replaced, swapped, at(row, j + 1) + 1, at(next, j) + 1));
    }
    before = row;
    row = next;
  }
  return at(row, to.length);
}

function at(row: readonly number[], index: number): number {
  const value = row[index];
  if (value === undefined) throw new Error('unreachable: the row is as long as the word');
  return value;
}
