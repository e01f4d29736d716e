// What governs a site, on its page: the newest entries that put something in force, looked up and judged anew whenever
// the site says that something changed.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import type { Keeper } from '#ui/lib/keeper.ts';
import { askAgain } from '#ui/lib/ask-again.ts';
import { checkListed } from '#ui/lib/listed-entries.ts';
import { problemWords } from '#ui/lib/session-problem.ts';
import type { SiteLink } from '#ui/lib/site.ts';
import {
  approversBefore,
  judgeRules,
  RULING_KINDS,
  type RulingEntries,
  type SiteRules,
} from '#ui/lib/site-rules.ts';

export interface SiteRulesOptions {
  readonly link: Pick<SiteLink, 'call'>;
  /** Of the log that the entries must be in. */
  readonly origin: string;
  readonly keeper: Pick<Keeper, 'pinned'>;
  readonly now: () => number;
  /** Told each entry that is judged, once. */
  readonly onEntry: (entry: CheckedEntry) => void;
}

export class SiteRulesState implements Disposable {
  readonly #options: SiteRulesOptions;
  readonly #closing = new AbortController();
  readonly #told = new Map<string, number>();
  #current = $state.raw<SiteRules | null>(null);
  #indices = $state.raw<readonly number[]>([]);
  #problem = $state.raw<string | null>(null);

  constructor(options: SiteRulesOptions) {
    this.#options = options;
  }

  /** Null before the site has answered. */
  get current(): SiteRules | null {
    return this.#current;
  }

  /** Tree indices of the entries that were judged. */
  get indices(): readonly number[] {
    return this.#indices;
  }

  /** Why the last question was not answered; null when it was. */
  get problem(): string | null {
    return this.#problem;
  }

  /** Looks up what is in force. Never rejects. */
  async look(): Promise<void> {
    const { origin, keeper, now, onEntry } = this.#options;
    try {
      const asked = await Promise.all(RULING_KINDS.map((kind) => this.#newest(kind)));
      const found = asked.filter((entry) => entry !== null);
      const entries: RulingEntries = Object.fromEntries(found);
      const before = approversBefore(entries);
      const then = before === null ? null : await this.#newest('authority.changed', { before });
      const pinned = await keeper.pinned();
      this.#current = await judgeRules(entries, {
        ...{ origin, pinned, atMs: now() },
        ...(then && { approversThen: then[1] }),
      });
      this.#problem = null;
      for (const [, entry] of then === null ? found : [...found, then]) {
        if (this.#told.has(entry.name)) continue;
        this.#told.set(entry.name, entry.leaf.i);
        onEntry(entry);
      }
      this.#indices = [...this.#told.values()];
    } catch (cause) {
      if (!this.#closing.signal.aborted) this.#problem = problemWords(cause);
    }
  }

  [Symbol.dispose](): void {
    this.#closing.abort();
  }

  async #newest(
    kind: (typeof RULING_KINDS)[number],
    { before = null }: { before?: number | null } = {},
  ): Promise<readonly [typeof kind, CheckedEntry] | null> {
    const { link, origin } = this.#options;
    const { signal } = this.#closing;
    const wanted = { kinds: [kind], limit: 1, ...(before !== null && { before }) };
    const answer = await askAgain(() => link.call('log.entries', wanted, { signal }));
    const question = { origin, kinds: [kind], endpoint: null, before };
    const [entry] = checkListed(answer, question);
    return entry === undefined ? null : [kind, entry];
  }
}
