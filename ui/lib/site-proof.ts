// Proofs of what a page shows, one question at a time: each begins where the one before ended. What was seen is
// remembered by the browser, so that a log which is rewritten between two visits is caught, too.

import { MAX_PROVED } from '#appliance/protocol/log-proof.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import type { Keeper } from './keeper.ts';
import { type Claim, LogView } from './log-view.ts';
import type { SiteLink } from './site.ts';

/** What a proof came to: the checkpoint that holds the entries. */
export interface Proved {
  readonly size: number;
  /** The signed note, to keep or to compare. */
  readonly note: string;
}

export interface SiteProofOptions {
  readonly link: Pick<SiteLink, 'call'>;
  readonly keeper: Pick<Keeper, 'checkpoint' | 'keepCheckpoint'>;
  readonly site: string;
  /** The log's C2SP verifier key, as this browser pinned it. */
  readonly logKey: string;
}

export class SiteProof {
  readonly #options: SiteProofOptions;
  readonly #view: LogView;
  /** Nothing is proved before what was seen earlier is known, and nothing ever when it does not hold. */
  readonly #restored: Promise<void>;
  #turn: Promise<unknown> = Promise.resolve();

  /** @throws {FormatError} when the log's key is none */
  constructor(options: SiteProofOptions) {
    this.#options = options;
    this.#view = new LogView(parseVerifierKey(options.logKey));
    this.#restored = this.#restore();
    this.#restored.catch(() => undefined); // told to whoever asks for a proof
  }

  /**
   * Proves entries to be in the site's signed log, which extends all that this browser has seen of it.
   * @throws {VerifyError} when it does not hold: the log cannot be trusted
   * @throws {ClientError} when the site cannot be asked
   */
  prove(claims: readonly Claim[]): Promise<Proved> {
    const turn = this.#turn.then(() => this.#prove(claims));
    this.#turn = turn.then(
      () => undefined,
      () => undefined,
    );
    return turn;
  }

  async #prove(claims: readonly Claim[]): Promise<Proved> {
    await this.#restored;
    const { link, keeper, site } = this.#options;
    for (let from = 0; from === 0 || from < claims.length; from += MAX_PROVED) {
      const part = claims.slice(from, from + MAX_PROVED);
      const indices = part.map(({ index }) => index);
      const seen = this.#view.seen?.note ?? null;
      await this.#view.accept(await link.call('log.prove', { indices, seen }), part);
    }
    const seen = this.#view.seen;
    if (seen === null) throw new Error('unreachable: a proof was accepted without its checkpoint');
    await keeper.keepCheckpoint(site, seen.note);
    return { size: seen.size, note: seen.note };
  }

  async #restore(): Promise<void> {
    const note = await this.#options.keeper.checkpoint(this.#options.site);
    if (note !== undefined) await this.#view.restore(note);
  }
}
