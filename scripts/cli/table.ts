// Tables and lists of facts for people. Every cell is made visible here: names, reasons and host names come from
// other machines, and none of them may move the cursor or look like another cell.

import { visibleText } from '#crypto/visible.ts';

/** Paints text for a terminal, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;
export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** A cell: text, or text with a style. */
export type Cell = string | { readonly text: string; readonly style: Style };

export interface TableOptions {
  readonly paint: Paint;
  /** Characters on a line: what goes beyond is cut in the last column. Null: nothing is cut. */
  readonly width: number | null;
}

const GAP = '  ';

/** Formats a table that ends in a newline. */
export function formatTable(
  titles: readonly string[],
  rows: readonly (readonly Cell[])[],
  { paint, width }: TableOptions,
): string {
  const header: Cell[] = titles.map((text) => ({ text, style: 'bold' }));
  const all = [header, ...rows];
  const widths = titles.map((_, i) => Math.max(...all.map((row) => widthOf(textOf(row[i] ?? '')))));
  const lines = all.map((row) => {
    let room = width ?? Infinity;
    const cells = titles.map((_, i) => {
      const cell = row[i] ?? '';
      const isLast = i === titles.length - 1;
      const text = isLast ? cut(textOf(cell), Math.max(room, 8)) : textOf(cell);
      room -= (widths[i] ?? 0) + GAP.length;
      const padding = isLast ? '' : ' '.repeat((widths[i] ?? 0) - widthOf(text));
      return (typeof cell === 'string' ? text : paint(cell.style, text)) + padding;
    });
    return cells.join(GAP).trimEnd();
  });
  return `${lines.join('\n')}\n`;
}

/** Formats facts as lines of name and value; null is shown as a dash. Values of several lines are set in. */
export function formatFacts(
  facts: readonly (readonly [name: string, value: Cell | null])[],
): string {
  const width = Math.max(...facts.map(([name]) => name.length)) + GAP.length;
  const lines = facts.map(([name, value]) => {
    const text = value === null ? '-' : typeof value === 'string' ? value : value.text;
    const shown = visibleText(text, { keepNewlines: true }).trimEnd();
    return name.padEnd(width) + shown.replaceAll('\n', `\n${' '.repeat(width)}`);
  });
  return `${lines.join('\n')}\n`;
}

/** How many columns a visible text takes: wide characters are two, marks that join are none. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += MARK.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return width;
}

const MARK = /^\p{M}$/u;
const WIDE =
  /^(?:[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation})$/u;

function textOf(cell: Cell): string {
  return visibleText(typeof cell === 'string' ? cell : cell.text);
}

function cut(text: string, room: number): string {
  if (widthOf(text) <= room) return text;
  let kept = '';
  for (const char of text) {
    if (widthOf(kept + char) > room - 1) break;
    kept += char;
  }
  return `${kept}…`;
}
