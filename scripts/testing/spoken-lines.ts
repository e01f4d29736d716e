// What processes say, line by line, to be waited for: a story goes on at the fact, not after a time.

/** Lines as they come in, of as many processes as speak here. */
export class SpokenLines {
  readonly all: string[] = [];
  readonly #waiting = new Set<() => void>();

  /** Takes the lines of one process, with its name before each. */
  of(name: string): (line: string) => void {
    return (line) => {
      this.all.push(`${name}: ${line}`);
      for (const look of this.#waiting) look();
    };
  }

  /**
   * Waits for a line, among those said since `from` (all of them, without).
   * @throws {Error} with what was said instead, when it takes too long
   */
  async when(
    pattern: RegExp,
    { from = 0, timeoutMs = 60_000 }: { from?: number; timeoutMs?: number } = {},
  ): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const look = (): void => {
      for (const line of this.all.slice(from)) {
        const match = pattern.exec(line);
        if (match !== null) resolve(match);
      }
    };
    const timer = setTimeout(() => {
      reject(new Error(`Cannot wait for ${String(pattern)}: not said\n${this.all.join('\n')}`));
    }, timeoutMs);
    this.#waiting.add(look);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(look);
    }
  }
}
