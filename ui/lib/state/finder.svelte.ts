// What the palette finds while somebody types: pages at once, machines and sites as the host answers. One question at
// a time, always for what stands there now.

import { chooseDestinations, type Destination } from '#ui/lib/destination.ts';

export interface FinderOptions {
  /** What is there without asking. */
  readonly pages: readonly Destination[];
  /** Asks the host for machines and sites with these words. */
  readonly find: (text: string) => Promise<readonly Destination[]>;
}

export class Finder {
  readonly #find: FinderOptions['find'];
  #pages = $state.raw<readonly Destination[]>([]);
  #query = $state('');
  #found = $state.raw<readonly Destination[]>([]);
  /** Of what was found; null before the first answer. */
  #answered = $state.raw<string | null>(null);
  #hasFailed = $state.raw(false);
  #isAsking = false;
  readonly destinations = $derived([
    ...chooseDestinations(this.#pages, this.#query),
    ...this.#found,
  ]);
  /** Whether an answer to what stands there is awaited. */
  readonly isLooking = $derived(
    wordsOf(this.#query) !== (this.#answered ?? '') && !this.#hasFailed,
  );

  constructor({ pages, find }: FinderOptions) {
    this.#pages = pages;
    this.#find = find;
  }

  get query(): string {
    return this.#query;
  }

  set query(text: string) {
    this.#query = text;
    void this.#ask();
  }

  /** Whether the host did not answer the last question. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** Never rejects. */
  async #ask(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#hasFailed = false;
    for (let text = wordsOf(this.#query); text !== (this.#answered ?? '');) {
      try {
        const found = text === '' ? [] : await this.#find(text);
        this.#found = found;
        this.#answered = text;
      } catch {
        this.#hasFailed = true; // the palette says so; the next letter asks again
        break;
      }
      text = wordsOf(this.#query);
    }
    this.#isAsking = false;
  }
}

function wordsOf(query: string): string {
  return query.trim();
}
