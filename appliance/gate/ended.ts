// What is kept in memory of requests that have ended: so many of them, and so many bytes, the oldest forgotten
// first. It is for the on-site page's list of the last day; the log has all of every request.

export const MAX_ENDED = 100;
export const MAX_ENDED_BYTES = 4 * 1024 * 1024;

/** The sizes of things that are kept, oldest first. */
export class Ended {
  readonly #bytes = new Map<string, number>();
  #total = 0;

  /** Adds one; answers which must be forgotten for it, itself when it alone is too much. */
  add(name: string, bytes: number): readonly string[] {
    this.#bytes.set(name, bytes);
    this.#total += bytes;
    const forgotten: string[] = [];
    for (const oldest of this.#bytes.keys()) {
      if (this.#bytes.size <= MAX_ENDED && this.#total <= MAX_ENDED_BYTES) break;
      this.delete(oldest);
      forgotten.push(oldest);
    }
    return forgotten;
  }

  /** Says that one is no longer kept. */
  delete(name: string): void {
    this.#total -= this.#bytes.get(name) ?? 0;
    this.#bytes.delete(name);
  }
}
