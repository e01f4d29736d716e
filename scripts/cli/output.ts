// What a verb says: results on stdout, for people or for programs as `--format` says, and notes for the person
// on stderr, so that a pipe carries results alone.

import { visibleText } from '#crypto/visible.ts';
import type { Problem } from './error.ts';
import { asCalled, PROGRAM } from './program-name.ts';
import { type Cell, formatFacts, formatTable, type Paint, type Style } from './table.ts';
import type { OutStream, Terminal } from './terminal.ts';

export const FORMATS = ['table', 'json'] as const;
export type Format = (typeof FORMATS)[number];

const SGR: Readonly<Record<Style, string>> = {
  bold: '1',
  dim: '2',
  red: '31',
  green: '32',
  yellow: '33',
  cyan: '36',
};

/** Says things in one format on one terminal. */
export class Output {
  readonly format: Format;
  readonly #terminal: Terminal;

  constructor(terminal: Terminal, format: Format) {
    this.#terminal = terminal;
    this.format = format;
  }

  get isJson(): boolean {
    return this.format === 'json';
  }

  /** Paints for stdout. */
  readonly paint: Paint = (style, text) => paintOn(this.#terminal.stdout, style, text);

  /** Says a result: one JSON object for programs, what `people` gives for people. */
  result(value: unknown, people: () => string): Promise<void> {
    const text = this.isJson ? `${formatJson(value, 2)}\n` : people();
    return this.#terminal.stdout.write(text);
  }

  /** Says one of many: a line of JSON for programs. */
  item(value: unknown, people: () => string): Promise<void> {
    return this.#terminal.stdout.write(this.isJson ? `${formatJson(value)}\n` : people());
  }

  /** A table for `result`, as wide as the terminal. */
  table(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
    return formatTable(titles, rows, { paint: this.paint, width: this.#terminal.stdout.columns });
  }

  /** Facts for `result`. */
  facts(facts: Parameters<typeof formatFacts>[0]): string {
    return formatFacts(facts);
  }

  /** Tells the person something that is no result. Its text must be visible already, but for newlines. */
  note(text: string, style?: Style): Promise<void> {
    const { stderr } = this.#terminal;
    return stderr.write(`${style === undefined ? text : paintOn(stderr, style, text)}\n`);
  }

  /** As `note`, for a text that names commands of ours, and nothing that others wrote. */
  advice(text: string, style?: Style): Promise<void> {
    return this.note(asCalled(text, this.#terminal.program), style);
  }

  /** A command of ours as the person types it. */
  called(command: string): string {
    return asCalled(`${PROGRAM} ${command}`, this.#terminal.program);
  }

  /** Tells what went wrong, and what to do. */
  async problem({ code, message, hint: written }: Problem): Promise<void> {
    const hint = written === null ? null : asCalled(written, this.#terminal.program);
    if (this.isJson) {
      await this.#terminal.stderr.write(`${formatJson({ error: { code, message, hint } })}\n`);
      return;
    }
    await this.note(visibleText(message), 'red');
    if (hint !== null) await this.note(visibleText(hint));
  }
}

/** JSON in which nothing hides: what a terminal would obey or not show is escaped. The value is the same. */
export function formatJson(value: unknown, indent = 0): string {
  return JSON.stringify(value, null, indent).replace(HIDDEN, (found) =>
    [...found.matchAll(/[\s\S]/g)]
      .map(([unit]) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

const HIDDEN = /(?![\n])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/gu;

function paintOn({ hasColour }: OutStream, style: Style, text: string): string {
  return hasColour ? `\x1b[${SGR[style]}m${text}\x1b[0m` : text;
}
