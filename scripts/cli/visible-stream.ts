// A command's output on a terminal: what would move the cursor, paint, reorder or hide is shown by its number
// instead. Chunks may cut a character in two; the pieces wait for each other.

import { type Bytes, concatBytes } from '#crypto/bytes.ts';
import { visibleBytes } from '#crypto/visible.ts';

/** Makes a stream of bytes visible, chunk by chunk. Newlines, tabs and carriage returns stand as they are. */
export class VisibleStream {
  #held: Bytes = new Uint8Array(0);

  /** Takes a chunk; gives what can be shown of it. */
  push(chunk: Uint8Array): string {
    const bytes = concatBytes(this.#held, chunk);
    const end = bytes.length - unfinishedLength(bytes);
    this.#held = bytes.slice(end);
    return visible(bytes.subarray(0, end));
  }

  /** The rest: a character that never got its end. */
  end(): string {
    const rest = visible(this.#held);
    this.#held = new Uint8Array(0);
    return rest;
  }
}

const CARRIAGE_RETURN = 0x0d;

function visible(bytes: Uint8Array): string {
  const lines: string[] = [];
  let start = 0;
  for (;;) {
    const at = bytes.indexOf(CARRIAGE_RETURN, start);
    const end = at === -1 ? bytes.length : at;
    lines.push(visibleBytes(bytes.subarray(start, end), { keepNewlines: true }));
    if (at === -1) return lines.join('\r');
    start = at + 1;
  }
}

/** How many bytes at the end begin a UTF-8 character that is not complete: 0 to 3. */
function unfinishedLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back++) {
    const byte = bytes[bytes.length - back] ?? 0;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}

function sequenceLength(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}
