// The quiet proof behind a page: every entry that it shows is proved, soon after it is shown, to stand in the site's
// signed log. What does not hold is said loudly, and the page says no more after it; a site that does not answer, or not
// to this person, leaves its entries unproved, and that is said, too.

import { ClientError } from '#appliance/protocol/client.ts';
import { MAX_PROVED } from '#appliance/protocol/log-proof.ts';
import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { parseBase64url } from '#crypto/base64.ts';
import type { Proved, SiteProof } from '#ui/lib/site-proof.ts';
import { wordsOf } from '#ui/lib/words-of.ts';

/** A command makes several entries in a few moments: they are proved together, and not while it is awaited. */
export const GATHER_MS = 100;

/** Runs its work after so many milliseconds. */
type Later = (work: () => void, ms: number) => unknown;

export class EntryProofs {
  readonly #proof: Pick<SiteProof, 'prove'>;
  readonly #later: Later;
  #waiting: CheckedEntry[] = [];
  #isAsking = false;
  #proved = $state.raw<ReadonlySet<number>>(new Set());
  #last = $state.raw<Proved | null>(null);
  #distrust = $state.raw<string | null>(null);
  #unanswered = $state.raw<string | null>(null);

  constructor(
    proof: Pick<SiteProof, 'prove'>,
    { later = (work, ms) => setTimeout(work, ms) }: { later?: Later } = {},
  ) {
    this.#proof = proof;
    this.#later = later;
  }

  /** Tree indices of the entries that were proved. */
  get proved(): ReadonlySet<number> {
    return this.#proved;
  }

  /** The checkpoint of the newest proof. */
  get last(): Proved | null {
    return this.#last;
  }

  /** Why the site's log cannot be trusted; null while it can. */
  get distrust(): string | null {
    return this.#distrust;
  }

  /** Why the site does not say whether the entries that are left hold; null while it does. */
  get unanswered(): string | null {
    return this.#unanswered;
  }

  /** Has an entry proved. */
  take(entry: CheckedEntry): void {
    this.#waiting.push(entry);
    if (this.#isAsking || this.#distrust !== null) return;
    this.#isAsking = true;
    this.#later(() => void this.#ask(), GATHER_MS);
  }

  /**
   * Never rejects. A question that got lost with the link is asked again over the next one, one for which the site has
   * no time later; what it refuses to answer is asked again with the next entry.
   */
  async #ask(): Promise<void> {
    while (this.#waiting.length > 0) {
      const part = this.#waiting.slice(0, MAX_PROVED);
      const claims = part.map(({ leaf, name }) => ({
        index: leaf.i,
        leafHash: parseBase64url(name),
      }));
      try {
        this.#last = await this.#proof.prove(claims);
        this.#proved = new Set([...this.#proved, ...claims.map(({ index }) => index)]);
        this.#waiting = this.#waiting.slice(part.length);
        this.#unanswered = null;
      } catch (cause) {
        if (!isUnanswered(cause)) {
          this.#distrust = wordsOf(cause);
          break;
        }
        if (cause.code === 'stream-lost') continue;
        if (cause.code === 'closed') break; // the page is left
        this.#unanswered = cause.message;
        const { retryAfterMs } = cause;
        if (retryAfterMs === null) break;
        await new Promise<void>((resolve) => this.#later(resolve, retryAfterMs));
      }
    }
    this.#isAsking = false;
  }
}

/** Whether the site said nothing of the entries. That it does not have them is an answer. */
function isUnanswered(cause: unknown): cause is ClientError {
  return cause instanceof ClientError && cause.code !== 'entry-unknown';
}
