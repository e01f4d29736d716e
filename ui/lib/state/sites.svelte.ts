// The sites that one page looks at together. So many are linked at once and no more, for the relay lets a browser
// have a few; a link is kept until another site needs its place.

import { ClientError } from '#appliance/protocol/client.ts';
import type { SiteState } from './site.svelte.ts';

/** So many sites are linked at once. */
export const SITES_AT_ONCE = 6;
/** A site that was not reached by then is away. */
const REACH_MS = 30_000;

export interface SitesOptions {
  /** Begins to link a site. */
  readonly open: (id: string) => SiteState;
  readonly atOnce?: number;
}

interface Kept {
  readonly site: SiteState;
  visits: number;
}

export class SitesState implements AsyncDisposable {
  readonly #open: (id: string) => SiteState;
  readonly #atOnce: number;
  /** By id, the one that was visited longest ago first. */
  readonly #kept = new Map<string, Kept>();
  readonly #closing = new AbortController();
  #placeFree = Promise.withResolvers<void>();

  constructor({ open, atOnce = SITES_AT_ONCE }: SitesOptions) {
    this.#open = open;
    this.#atOnce = atOnce;
  }

  /** Whether a visit would find its link as it was left. */
  isKept(id: string): boolean {
    return this.#kept.has(id);
  }

  /** The network is back, or the page is looked at again. */
  hurry(): void {
    for (const { site } of this.#kept.values()) site.link.hurry();
  }

  /**
   * Does something at a site, when there is a place for it and it is reached.
   * @throws {ClientError} code `away`, or that of the site's refusal
   */
  async visit<T>(
    id: string,
    work: (site: SiteState, signal: AbortSignal) => Promise<T>,
  ): Promise<T> {
    const { signal } = this.#closing;
    const kept = await this.#take(id);
    let isReached = false;
    try {
      await untilReached(kept.site, AbortSignal.any([signal, AbortSignal.timeout(REACH_MS)]));
      isReached = true;
      return await work(kept.site, signal);
    } finally {
      kept.visits -= 1;
      if (!isReached && kept.visits === 0) await this.#drop(id, kept);
      this.#tellFree();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ClientError('closed', 'The page let go of its sites'));
    this.#tellFree();
    await Promise.all([...this.#kept].map(([id, kept]) => this.#drop(id, kept)));
  }

  async #take(id: string): Promise<Kept> {
    for (;;) {
      this.#closing.signal.throwIfAborted();
      const known = this.#kept.get(id);
      if (known !== undefined || this.#kept.size < this.#atOnce) {
        const kept = known ?? { site: this.#open(id), visits: 0 };
        kept.visits += 1;
        this.#kept.delete(id);
        this.#kept.set(id, kept);
        return kept;
      }
      const idle = [...this.#kept].find(([, { visits }]) => visits === 0);
      if (idle === undefined) await this.#placeFree.promise;
      else await this.#drop(...idle);
    }
  }

  async #drop(id: string, kept: Kept): Promise<void> {
    if (this.#kept.get(id) === kept) this.#kept.delete(id);
    await kept.site[Symbol.asyncDispose]();
  }

  #tellFree(): void {
    this.#placeFree.resolve();
    this.#placeFree = Promise.withResolvers<void>();
  }
}

/** Resolves when the link is open; one that is lost, or was not had at the first try, is not waited for. */
async function untilReached(site: SiteState, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const onAbort = (): void => reject(new ClientError('away', 'It did not answer in time'));
  signal.addEventListener('abort', onAbort, { once: true });
  const stop = $effect.root(() => {
    $effect(() => {
      const { linkState } = site;
      if (linkState.kind === 'open') resolve();
      else if (linkState.kind === 'away') reject(new ClientError('away', linkState.why));
      else if (linkState.kind === 'refused') reject(new ClientError(linkState.code, linkState.why));
      else if (linkState.kind === 'closed') reject(new ClientError('closed', 'Not linked'));
    });
  });
  try {
    await promise;
  } finally {
    stop();
    signal.removeEventListener('abort', onAbort);
  }
}
