// One list out of many sites: each is asked in its turn, page by page, and says for itself when it is away.

import { wordsOf } from '#ui/lib/words-of.ts';
import type { SiteState } from './site.svelte.ts';
import type { SitesState } from './sites.svelte.ts';

/** A page of a site's list, newest first. */
export interface ListPage<T> {
  readonly items: readonly T[];
  /** `before` of the next page; null: there is none. */
  readonly next: number | null;
}

/** How far a site's list is. */
export interface SiteList<T> extends ListPage<T> {
  readonly id: string;
  readonly phase: 'waiting' | 'looking' | 'listed' | 'failed';
  /** Why it failed; null when it did not. */
  readonly why: string | null;
}

export interface SiteListsOptions<T> {
  /** In the order in which they are asked. */
  readonly ids: readonly string[];
  readonly sites: Pick<SitesState, 'visit' | 'isKept'>;
  /** Asks a site for a page; `before` is null for the first. */
  readonly list: (
    site: SiteState,
    options: { readonly before: number | null; readonly signal: AbortSignal },
  ) => Promise<ListPage<T>>;
}

export class SiteLists<T> {
  readonly #options: SiteListsOptions<T>;
  readonly #busy = new Map<string, { isAgain: boolean }>();
  #lists = $state.raw<ReadonlyMap<string, SiteList<T>>>(new Map());
  readonly all = $derived([...this.#lists.values()]);
  readonly failed = $derived(this.all.filter(({ phase }) => phase === 'failed'));
  /** How many were asked and have not answered. */
  readonly pending = $derived(
    this.all.filter(({ phase }) => phase === 'waiting' || phase === 'looking').length,
  );
  readonly hasOlder = $derived(this.all.some(({ next }) => next !== null));

  constructor(options: SiteListsOptions<T>) {
    this.#options = options;
    this.#lists = new Map(options.ids.map((id) => [id, waiting<T>(id)]));
  }

  /** Asks all sites for their first page. */
  async look(): Promise<void> {
    await Promise.all(this.#options.ids.map((id) => this.lookAt(id)));
  }

  /** Asks one site for its first page; what is shown of it stays until it has answered. */
  async lookAt(id: string): Promise<void> {
    const busy = this.#busy.get(id);
    if (busy !== undefined) {
      busy.isAgain = true;
      return;
    }
    const mine = { isAgain: false };
    this.#busy.set(id, mine);
    try {
      do {
        mine.isAgain = false;
        await this.#ask(id, { before: null });
      } while (mine.isAgain);
    } finally {
      this.#busy.delete(id);
    }
  }

  /** Something happened at a site: it is asked again when that costs no new link, or when it was away. */
  heardOf(id: string): void {
    const isFailed = this.#lists.get(id)?.phase === 'failed';
    if (isFailed || (this.#lists.has(id) && this.#options.sites.isKept(id))) void this.lookAt(id);
  }

  /** Asks every site that has more for its next page. */
  async older(): Promise<void> {
    await Promise.all(
      this.all.map(async ({ id, next }) => {
        if (next === null || this.#busy.has(id)) return;
        this.#busy.set(id, { isAgain: false });
        try {
          await this.#ask(id, { before: next });
        } finally {
          this.#busy.delete(id);
        }
      }),
    );
  }

  /** Never rejects: each site says for itself what went wrong. */
  async #ask(id: string, { before }: { before: number | null }): Promise<void> {
    const known = this.#lists.get(id) ?? waiting<T>(id);
    try {
      const page = await this.#options.sites.visit(id, (site, signal) => {
        if (before !== null || known.phase !== 'listed') this.#put({ ...known, phase: 'looking' });
        return this.#options.list(site, { before, signal });
      });
      const items = before === null ? page.items : [...known.items, ...page.items];
      this.#put({ id, items, next: page.next, phase: 'listed', why: null });
    } catch (cause) {
      this.#put({ ...known, phase: 'failed', why: wordsOf(cause) });
    }
  }

  #put(list: SiteList<T>): void {
    this.#lists = new Map(this.#lists).set(list.id, list);
  }
}

function waiting<T>(id: string): SiteList<T> {
  return { id, phase: 'waiting', items: [], next: null, why: null };
}
