// A list that only grows. Adding gives a new list and leaves the old one as it was, but they share what they have in
// common: ten thousand entries make ten thousand lists without copying any.

export class Grown<T> {
  readonly #shared: T[];
  readonly length: number;

  /** A list of these items, which are its own from now on. `length`: only so many of them. */
  constructor(items: T[] = [], length = items.length) {
    this.#shared = items;
    this.length = length;
  }

  /** This list and one item more. */
  with(item: T): Grown<T> {
    const isNewest = this.#shared.length === this.length;
    const shared = isNewest ? this.#shared : this.#shared.slice(0, this.length);
    shared.push(item);
    return new Grown(shared, this.length + 1);
  }

  get(index: number): T | undefined {
    return index < this.length ? this.#shared[index] : undefined;
  }

  /** The items as an array: a copy. */
  items(from = 0, to = this.length): readonly T[] {
    return this.#shared.slice(from, Math.min(to, this.length));
  }
}
