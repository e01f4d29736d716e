// What a program says, a line at a time, to a stream whose reader may go away: the pipe is closed, the terminal hangs
// up. Who reads no log any more stops no program. For every program of this house.

/** What is asked of `process.stdout`, `process.stderr` and their like. */
interface Writable {
  write(data: string | Uint8Array, done: (error?: Error | null) => void): unknown;
  on(event: 'error', listener: () => void): unknown;
}

/**
 * Makes a stream that is written to with a promise each: it resolves when the stream has taken the bytes, and rejects
 * when nobody reads them. That is told there alone: the stream's own event would end the process.
 */
export function streamWriter(stream: Writable): (data: string | Uint8Array) => Promise<void> {
  stream.on('error', () => undefined);
  return (data) =>
    new Promise((resolve, reject) => {
      stream.write(data, (error) => {
        if (error == null) resolve();
        else reject(error);
      });
    });
}

/** Lines in their order, dropped when nobody reads them. */
export interface LineWriter {
  write(line: string): void;
  /** Resolves when the last line was taken, or dropped. Never rejects. */
  written(): Promise<void>;
}

/** Makes a writer of lines. It remembers the last write only: a stream takes them one after another. */
export function lineWriter(write: (text: string) => Promise<void>): LineWriter {
  let last = Promise.resolve();
  return {
    write(line) {
      last = write(`${line}\n`).catch(() => undefined); // nobody is there to be told
    },
    written: () => last,
  };
}
