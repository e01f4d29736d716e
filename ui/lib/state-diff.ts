// What changed between the state before a command and the state after it, line by line.

import { diffLines } from 'diff';

export interface DiffRow {
  readonly sign: '+' | '-' | ' ';
  readonly text: string;
}

/** A stretch of rows; `skipped` stands for so many lines that did not change. */
export type DiffPart = DiffRow | { readonly skipped: number };

/** Unchanged lines that are shown beside a change. */
const CONTEXT_LINES = 3;
/** Two texts that have nothing in common take long to compare, and nobody reads the answer. */
const TIMEOUT_MS = 250;

/** The difference in rows; null when the texts are too different to be compared in time. */
export function diffStates(before: string, after: string): readonly DiffPart[] | null {
  const changes = diffLines(before, after, { timeout: TIMEOUT_MS });
  if (changes === undefined) return null;
  const rows = changes.flatMap(({ value, added, removed }) => {
    const sign: DiffRow['sign'] = added ? '+' : removed ? '-' : ' ';
    return linesOf(value).map((text) => ({ sign, text }));
  });
  return folded(rows);
}

/** Whether any line changed. */
export function hasChanges(parts: readonly DiffPart[]): boolean {
  return parts.some((part) => 'sign' in part && part.sign !== ' ');
}

function linesOf(text: string): readonly string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop(); // the text ended its last line
  return lines;
}

function folded(rows: readonly DiffRow[]): readonly DiffPart[] {
  const isNear = rows.map(() => false);
  rows.forEach(({ sign }, i) => {
    if (sign !== ' ') isNear.fill(true, Math.max(0, i - CONTEXT_LINES), i + CONTEXT_LINES + 1);
  });
  const parts: DiffPart[] = [];
  let skipped = 0;
  const endSkip = (): void => {
    if (skipped > 0) parts.push({ skipped });
    skipped = 0;
  };
  rows.forEach((row, i) => {
    if (isNear[i] !== true) {
      skipped += 1;
      return;
    }
    endSkip();
    parts.push(row);
  });
  endSkip();
  return parts;
}
