// The quiet proof behind a page: every entry that it shows is proved, soon after it is shown, to stand in the site's
// signed log. What cannot be proved is said loudly, and the page says no more after it.

import { ClientError } from '#appliance/protocol/client.ts';
import { MAX_PROVED } from '#appliance/protocol/log-proof.ts';
import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { parseBase64url } from '#crypto/base64.ts';
import type { Proved, SiteProof } from '#ui/lib/site-proof.ts';

/** A command makes several entries in a few moments: they are proved together, and not while it is awaited. */
export const GATHER_MS = 100;

export class EntryProofs {
  readonly #proof: Pick<SiteProof, 'prove'>;
  readonly #later: (work: () => void) => void;
  #waiting: CheckedEntry[] = [];
  #isAsking = false;
  #proved = $state.raw<ReadonlySet<number>>(new Set());
  #last = $state.raw<Proved | null>(null);
  #distrust = $state.raw<string | null>(null);

  /** `later` runs its work after GATHER_MS. */
  constructor(
    proof: Pick<SiteProof, 'prove'>,
    { later = afterGathering }: { later?: (work: () => void) => void } = {},
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

  /** Has an entry proved. */
  take(entry: CheckedEntry): void {
    this.#waiting.push(entry);
    if (this.#isAsking || this.#distrust !== null) return;
    this.#isAsking = true;
    this.#later(() => void this.#ask());
  }

  /** Never rejects. A question that got lost with the link is asked again over the next one. */
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
      } catch (cause) {
        if (cause instanceof ClientError && cause.code === 'stream-lost') continue;
        if (cause instanceof ClientError && cause.code === 'closed') break; // the page is left
        this.#distrust = cause instanceof Error ? cause.message : String(cause);
        break;
      }
    }
    this.#isAsking = false;
  }
}

function afterGathering(work: () => void): void {
  setTimeout(work, GATHER_MS);
}
