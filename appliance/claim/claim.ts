// An appliance's claim while it waits: who has claimed it, and who may try. Every change is on disk before anybody
// is told of it.

import { timingSafeEqual } from 'node:crypto';

import { encodeUtf8 } from '#crypto/bytes.ts';
import { FormatError, VerifyError } from '#crypto/error.ts';
import { rootCode } from '#crypto/root-set.ts';
import { verifyRoster } from '#crypto/roster.ts';
import { createClaimSecret } from '../protocol/claim-code.ts';
import type { ClaimAnswer, ClaimOffer, ClaimRequest } from '../protocol/claim-message.ts';
import type { Clock } from '../work/clock.ts';
import { WorkError } from '../work/error.ts';
import { type ClaimState, saveClaimState } from './claim-state.ts';

/** So many wrong secrets, and the code is another. */
export const MAX_WRONG_TRIES = 5;
const FIRST_LOCK_MS = 60_000;
const MAX_LOCK_MS = 3_600_000;

type Refusal = Extract<ClaimAnswer, { kind: 'refused' }>;

/** The claim of a running appliance. */
export class Claim {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #onChange: (what: string) => void;
  #state: ClaimState;
  #turn: Promise<unknown> = Promise.resolve();
  #isFounded = false;

  constructor(
    state: ClaimState,
    {
      folder,
      clock,
      onChange,
    }: {
      folder: string;
      clock: Clock;
      /** Told what happened, for the program's log. */
      onChange: (what: string) => void;
    },
  ) {
    this.#state = state;
    this.#folder = folder;
    this.#clock = clock;
    this.#onChange = onChange;
  }

  get state(): ClaimState {
    return this.#state;
  }

  /** Takes an owner's claim; one after another, so that tries made at once are all counted. */
  take(request: ClaimRequest): Promise<ClaimAnswer> {
    return this.#inTurn(() => this.#take(request));
  }

  /** The contact says that this is not the provider: the code is another, and anybody may claim anew. */
  decline(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#save({ offer: null, secret: createClaimSecret() });
      this.#onChange('the claim was declined on the on-site page; the claim code is a new one');
    });
  }

  /** Founds the site by the claim as it is now. After that nothing is claimed, declined or founded any more. */
  found<T>(step: (state: ClaimState) => Promise<T>): Promise<T> {
    return this.#inTurn(async () => {
      const founded = await step(this.#state);
      this.#isFounded = true;
      return founded;
    });
  }

  async #take({ secret, offer }: ClaimRequest): Promise<ClaimAnswer> {
    const leftMs = this.#state.lockedUntilMs - this.#clock.now();
    if (leftMs > 0) return locked(leftMs);
    if (!isSame(secret, this.#state.secret)) return this.#countWrong();
    const { offer: earlier } = this.#state;
    if (earlier !== null && earlier.root !== offer.root) {
      const message = 'Another provider has claimed this box; the contact on site decides first.';
      return refused('claimed', message);
    }
    const problem = await problemOf(offer, this.#clock.now());
    if (problem !== null) return refused('roster-invalid', problem);
    await this.#save({ offer, wrongTries: 0 });
    this.#onChange(`claimed by "${offer.msp}", root ${rootCode(offer.root)}`);
    return { kind: 'offered', code: rootCode(offer.root) };
  }

  async #countWrong(): Promise<Refusal> {
    const wrongTries = this.#state.wrongTries + 1;
    if (wrongTries < MAX_WRONG_TRIES) {
      await this.#save({ wrongTries });
      this.#onChange(`a wrong claim code was tried (${wrongTries} of ${MAX_WRONG_TRIES})`);
      return refused('wrong-secret', 'That is not the code that the box shows now.');
    }
    const { locks } = this.#state;
    const lockMs = Math.min(FIRST_LOCK_MS * 2 ** locks, MAX_LOCK_MS);
    await this.#save({
      ...{ wrongTries: 0, locks: locks + 1, secret: createClaimSecret() },
      lockedUntilMs: this.#clock.now() + lockMs,
    });
    this.#onChange('too many wrong claim codes were tried; the code is a new one');
    return locked(lockMs);
  }

  async #save(change: Partial<ClaimState>): Promise<void> {
    const state = { ...this.#state, ...change };
    await saveClaimState(this.#folder, state);
    this.#state = state;
  }

  /** @throws {WorkError} code `not-allowed` once the site is founded: it would be undone at the next start */
  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(() => {
      if (!this.#isFounded) return step();
      throw new WorkError('not-allowed', 'Cannot change claim: the site is founded');
    });
    this.#turn = done.catch(() => undefined); // its own caller is told
    return done;
  }
}

/** Why an offer cannot be taken, in words for who made it; null when it can. */
async function problemOf({ msp, root, roster }: ClaimOffer, atMs: number): Promise<string | null> {
  try {
    const { statement } = await verifyRoster(roster, { log: '', root, seen: null, atMs });
    return statement.msp === msp ? null : 'The roster is of another provider than is named.';
  } catch (cause) {
    if (cause instanceof VerifyError || cause instanceof FormatError) return cause.message;
    throw cause;
  }
}

function locked(leftMs: number): Refusal {
  const message = 'Too many wrong codes. The box shows a new one; wait before you try it.';
  return { ...refused('locked', message), retryAfterMs: Math.ceil(leftMs) };
}

function refused(code: Refusal['code'], message: string): Refusal {
  return { kind: 'refused', code, message: message.slice(0, 1024), retryAfterMs: null };
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [encodeUtf8(a), encodeUtf8(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
