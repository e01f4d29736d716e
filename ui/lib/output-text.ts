// A command's output for people: exact bytes in, lines of styled text out. What a machine printed is hostile: control
// sequences are never obeyed, invisible and reordering characters are shown by number (`crypto/visible.ts`), bytes
// that are not UTF-8 one by one. A line that was overwritten (`\r`) is shown as it was left, and says how often.
// How the bytes were cut into pieces makes no difference to what is shown. An exact view swallows nothing at all.

import { concatBytes } from '#crypto/bytes.ts';
import { visibleBytes } from '#crypto/visible.ts';
import { TerminalStyle } from './terminal-style.ts';
import { readToken } from './terminal-token.ts';

export type StreamName = 'stdout' | 'stderr';

/** Text of one look. `className` is empty for plain text. */
export interface OutputSpan {
  readonly text: string;
  readonly className: string;
}

export interface OutputLine {
  readonly stream: StreamName;
  readonly spans: readonly OutputSpan[];
  /** Whether it goes on from the line of its stream before: the program printed no line end there. */
  readonly isContinued: boolean;
  /** How many texts it replaced: a progress bar's. */
  readonly overwritten: number;
}

/** A longer line is shown as several. */
export const MAX_LINE_BYTES = 4096;

interface Run {
  readonly className: string;
  readonly pieces: Uint8Array[];
}

interface Line {
  readonly stream: StreamName;
  readonly isContinued: boolean;
  runs: Run[];
  bytes: number;
  overwritten: number;
}

/** The output of one command. It grows; what was asked for before stays right except for the streams' last lines. */
export class OutputText {
  readonly #lines: Line[] = [];
  readonly #streams: Readonly<Record<StreamName, Stream>>;
  #waiting: { stream: StreamName; bytes: Uint8Array }[] = [];

  constructor({ isExact = false }: { isExact?: boolean } = {}) {
    this.#streams = {
      stdout: new Stream('stdout', { lines: this.#lines, isExact }),
      stderr: new Stream('stderr', { lines: this.#lines, isExact }),
    };
  }

  /** Takes a piece of output. It is looked at when lines are asked for. */
  push(stream: StreamName, bytes: Uint8Array): void {
    this.#waiting.push({ stream, bytes });
  }

  /** Lines so far, in the order in which they began. */
  get lineCount(): number {
    this.#catchUp();
    return this.#lines.length + this.#beginnings().length;
  }

  /** Lines from `from` up to, not including, `to`; both count from 0. */
  lines(from = 0, to = Infinity): readonly OutputLine[] {
    this.#catchUp();
    const { length } = this.#lines;
    const beginnings = this.#beginnings().slice(Math.max(0, from - length), to - length);
    const lines =
      to > length ? [...this.#lines.slice(from), ...beginnings] : this.#lines.slice(from, to);
    return lines.map((line) => {
      const { stream, isContinued, overwritten } = line;
      const held = this.#streams[stream].heldIn(line);
      const spans = spansOf(held === null ? line.runs : [...line.runs, held]);
      return { stream, spans, isContinued, overwritten };
    });
  }

  /** All of it as plain text, as it is shown. */
  text(): string {
    const lines = this.lines().map(({ spans, isContinued }, i) => {
      const start = i === 0 || isContinued ? '' : '\n';
      return start + spans.map(({ text }) => text).join('');
    });
    return lines.join('');
  }

  /** Lines that hold nothing yet but what may turn out to be a control sequence. */
  #beginnings(): readonly Line[] {
    const { stdout, stderr } = this.#streams;
    return [stdout.beginning, stderr.beginning].filter((line) => line !== null);
  }

  #catchUp(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    for (const { stream, bytes } of waiting) this.#streams[stream].take(bytes);
  }
}

/** One stream's state: its style, its unfinished line, and bytes of which it is not clear yet what they are. */
class Stream {
  readonly #name: StreamName;
  readonly #lines: Line[];
  readonly #isExact: boolean;
  readonly #style = new TerminalStyle();
  #line: Line | null = null;
  #isReturned = false;
  #held: Uint8Array = new Uint8Array(0);

  constructor(name: StreamName, { lines, isExact }: { lines: Line[]; isExact: boolean }) {
    this.#name = name;
    this.#lines = lines;
    this.#isExact = isExact;
  }

  take(piece: Uint8Array): void {
    const bytes = this.#held.length === 0 ? piece : concatBytes(this.#held, piece);
    let at = 0;
    while (at < bytes.length) {
      const token = this.#isExact ? readExact(bytes, at) : readToken(bytes, at);
      if (token === null) break;
      if (token.kind === 'text') this.#text(bytes.subarray(at, token.end));
      else if (token.kind === 'newline') this.#newline();
      else if (token.kind === 'return') this.#isReturned = true;
      else if (token.kind === 'colour') this.#style.apply(token.codes);
      at = token.end;
    }
    this.#held = bytes.subarray(at);
  }

  /** The line that would begin with what is held; null when nothing is, or a line goes on with it. */
  get beginning(): Line | null {
    if (this.#line !== null || this.#held.length === 0) return null;
    return { ...this.#newLine(false), runs: [this.#heldRun] };
  }

  /** What is held, when this is the line that it goes on; null otherwise. */
  heldIn(line: Line): Run | null {
    return line === this.#line && this.#held.length > 0 ? this.#heldRun : null;
  }

  get #heldRun(): Run {
    return { className: '', pieces: [this.#held] };
  }

  #newline(): void {
    this.#line ??= this.#begin(false);
    this.#line = null;
    this.#isReturned = false;
  }

  #text(bytes: Uint8Array): void {
    this.#overwrite();
    let at = 0;
    while (at < bytes.length) {
      this.#line ??= this.#begin(false);
      const end = lineCut(bytes, at, MAX_LINE_BYTES - this.#line.bytes);
      if (end === at) {
        this.#line = this.#begin(true);
        continue;
      }
      append(this.#line, { className: this.#style.className, bytes: bytes.subarray(at, end) });
      at = end;
    }
  }

  /** Text after a carriage return replaces what stood there. */
  #overwrite(): void {
    if (this.#isReturned && this.#line !== null && this.#line.bytes > 0) {
      this.#line.runs = [];
      this.#line.bytes = 0;
      this.#line.overwritten += 1;
    }
    this.#isReturned = false;
  }

  #begin(isContinued: boolean): Line {
    const line = this.#newLine(isContinued);
    this.#lines.push(line);
    return line;
  }

  #newLine(isContinued: boolean): Line {
    return { stream: this.#name, isContinued, runs: [], bytes: 0, overwritten: 0 };
  }
}

function readExact(bytes: Uint8Array, at: number): { kind: 'text' | 'newline'; end: number } {
  const end = bytes.indexOf(0x0a, at);
  if (end === at) return { kind: 'newline', end: at + 1 };
  return { kind: 'text', end: end === -1 ? bytes.length : end };
}

/** Where a line with so much room is cut: not inside a UTF-8 character, if it is one. */
function lineCut(bytes: Uint8Array, start: number, room: number): number {
  let end = Math.min(bytes.length, start + Math.max(0, room));
  const last = start + room + 3;
  while (end < bytes.length && end < last && ((bytes[end] ?? 0) & 0xc0) === 0x80) end += 1;
  return end;
}

function append(line: Line, { className, bytes }: { className: string; bytes: Uint8Array }): void {
  const last = line.runs.at(-1);
  if (last?.className === className) last.pieces.push(bytes);
  else line.runs.push({ className, pieces: [bytes] });
  line.bytes += bytes.length;
}

function spansOf(runs: readonly Run[]): readonly OutputSpan[] {
  return runs.map(({ className, pieces }) => ({
    className,
    text: visibleBytes(concatBytes(...pieces), { keepNewlines: true }),
  }));
}
