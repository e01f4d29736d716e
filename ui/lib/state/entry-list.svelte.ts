// Entries of some kinds on a page, the newest first: read from the site page by page, and looked for anew when
// something happened there.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import type { Kind } from '#crypto/kind.ts';
import { askAgain } from '#ui/lib/ask-again.ts';
import { checkListed } from '#ui/lib/listed-entries.ts';
import { withFirstPage } from '#ui/lib/newest-first.ts';
import { problemWords } from '#ui/lib/session-problem.ts';
import type { SiteLink } from '#ui/lib/site.ts';

/** A site reads so much of its log for one page; a machine that was quiet for long is looked for in several. */
const PAGES_AT_ONCE = 8;

export interface EntryListOptions {
  readonly link: Pick<SiteLink, 'call'>;
  /** Of the log that the entries must be in. */
  readonly origin: string;
  readonly kinds: readonly Kind[];
  /** Only those of this endpoint; null: all. */
  readonly endpoint: string | null;
  readonly limit: number;
  /** Told each entry that is taken up, once. */
  readonly onEntry?: (entry: CheckedEntry) => void;
}

interface Page {
  readonly entries: readonly CheckedEntry[];
  readonly next: number | null;
}

export class EntryList implements Disposable {
  readonly #options: EntryListOptions;
  readonly #closing = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #entries = $state.raw<readonly CheckedEntry[] | null>(null);
  #next = $state.raw<number | null>(null);
  #isAsking = $state.raw(false);
  #problem = $state.raw<string | null>(null);

  constructor(options: EntryListOptions) {
    this.#options = options;
  }

  /** Newest first; null before the site has answered. */
  get entries(): readonly CheckedEntry[] | null {
    return this.#entries;
  }

  get hasMore(): boolean {
    return this.#next !== null;
  }

  get isAsking(): boolean {
    return this.#isAsking;
  }

  /** Why the last question was not answered; null when it was. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Looks for the newest entries. Never rejects. */
  look(): Promise<void> {
    return this.#inTurn(async () => {
      const page = await this.#find(null);
      const known = this.#entries ?? [];
      if (page.entries.length === 0 && known.length > 0) return; // they stand too far back to be found at once
      const { items, isJoined } = withFirstPage(known, page.entries, ({ leaf }) => leaf.i);
      if (!isJoined) this.#next = page.next;
      const names = new Set(known.map(({ name }) => name));
      this.#entries = items;
      this.#tell(page.entries.filter(({ name }) => !names.has(name)));
    });
  }

  /** Looks for older ones. Never rejects. */
  more(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#next === null) return;
      const page = await this.#find(this.#next);
      this.#entries = [...(this.#entries ?? []), ...page.entries];
      this.#next = page.next;
      this.#tell(page.entries);
    });
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
  }

  /** Asks until there is something, or the log has no more, or that takes too long. */
  async #find(from: number | null): Promise<Page> {
    const { link, origin, kinds, endpoint, limit } = this.#options;
    const { signal } = this.#closing;
    let before = from;
    for (let asked = 1; ; asked++) {
      const wanted = {
        ...{ kinds: [...kinds], limit },
        ...(endpoint === null ? {} : { endpoint }),
        ...(before === null ? {} : { before }),
      };
      const answer = await askAgain(() => link.call('log.entries', wanted, { signal }));
      const entries = checkListed(answer, { origin, kinds, endpoint, before });
      const { next } = answer;
      if (entries.length > 0 || next === null || asked === PAGES_AT_ONCE) return { entries, next };
      before = next;
    }
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#isAsking = true;
    const turn = this.#turn.then(async () => {
      try {
        await work();
        this.#problem = null;
      } catch (cause) {
        if (!this.#closing.signal.aborted) this.#problem = problemWords(cause);
      }
      if (this.#turn === turn) this.#isAsking = false;
    });
    this.#turn = turn;
    return turn;
  }

  #tell(entries: readonly CheckedEntry[]): void {
    for (const entry of entries) this.#options.onEntry?.(entry);
  }
}
