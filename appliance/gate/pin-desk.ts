// Where a PIN becomes a signature. Tries are taken one at a time, of all approvers: parallel guesses do not
// slip past the limit, and scrypt's memory is asked for once. A wrong PIN is on record in the log before it is
// answered, so nobody guesses unseen.

import type { Bytes } from '#crypto/bytes.ts';
import type { DigestLevel } from '#crypto/digest-level.ts';
import { importSigner, type Signer } from '#crypto/webcrypto.ts';
import { loadJsonFile } from '../json-file.ts';
import { replaceFile } from '../ledger/durable-file.ts';
import { signDigest } from '../protocol/digest-choice.ts';
import { signApproval } from '../protocol/session-key.ts';
import type { Clock } from '../work/clock.ts';
import { WorkError } from '../work/error.ts';
import { record, type Recorded } from '../work/record.ts';
import type { Site } from '../work/site.ts';
import type { SealedApprover } from './approver-file.ts';
import { openSealedKey, PinError } from './pin.ts';
import {
  type Attempts,
  attemptsSchema,
  countWrong,
  forgive,
  lockOf,
  NO_ATTEMPTS,
  triesLeft,
} from './pin-limit.ts';
import type { Request } from './request.ts';
import type { Requests } from './requests.ts';
import { statementSigner } from '#crypto/statement.ts';

/** So many tries may wait for their turn; each takes scrypt's time. */
const MAX_WAITING = 16;

export interface PinDeskOptions {
  readonly site: Site;
  readonly requests: Requests;
  readonly clock: Clock;
  /** Whose keys are kept here, now. */
  readonly approvers: () => readonly SealedApprover[];
  /** The file that remembers wrong PINs. */
  readonly attemptsPath: string;
}

export interface PinDecision {
  /** Leaf hash of the request, base64url. */
  readonly request: string;
  /** The approver's id. */
  readonly approver: string;
  readonly pin: string;
  readonly decision: 'approve' | 'deny';
  readonly comment: string | null;
}

export interface PinChoice {
  /** The approver's id. */
  readonly approver: string;
  readonly pin: string;
  readonly level: DigestLevel;
}

/** An approver who may decide here by PIN. */
export interface PinApprover {
  readonly id: string;
  readonly name: string;
}

/** The desk of a running appliance. Opened by `openPinDesk`; holds no key between two decisions. */
export class PinDesk {
  readonly #options: PinDeskOptions;
  #attempts: Attempts;
  #waiting = 0;
  /** The tail of the tries: each waits for the one before. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(options: PinDeskOptions, attempts: Attempts) {
    this.#options = options;
    this.#attempts = attempts;
  }

  /** Who can decide here: the authority in force names them, and their key is kept here. */
  approvers(): readonly PinApprover[] {
    const { approvers } = this.#options.site.authority.signed.statement;
    const kept = new Set(this.#options.approvers().map(({ key }) => key));
    return approvers.filter(({ key }) => kept.has(key)).map(({ id, name }) => ({ id, name }));
  }

  /**
   * Signs and records an approver's decision over a request.
   * @throws {PinError} `wrong-pin`, `pin-locked`
   * @throws {WorkError} `not-allowed`, `request-unknown`, `request-decided`, `approver-decided`, `overloaded`
   */
  async decide(wanted: PinDecision): Promise<{ request: Request; entry: Recorded }> {
    const { requests, clock, site } = this.#options;
    const shown = requests.show(wanted.request);
    if (shown.state !== 'waiting') {
      throw new WorkError(
        'request-decided',
        `Cannot decide request: it was already ${shown.state}`,
      );
    }
    return this.#withKey(wanted, async (signer) => {
      const envelope = await signApproval(
        {
          log: site.ledger.origin,
          request: shown.request,
          order: shown.order,
          command: shown.commandDigest,
          endpoint: shown.endpoint,
          session: shown.session,
          state: shown.stateHash,
        },
        { decision: wanted.decision, approver: statementSigner(signer), nowMs: clock.now() },
      );
      const { comment } = wanted;
      return requests.decide(shown.request, { envelope, method: 'pin', comment });
    });
  }

  /**
   * Checks that it is an approver who asks, for what needs no signature: to stop a session, or to speak in it.
   * @throws {PinError} `wrong-pin`, `pin-locked`
   * @throws {WorkError} `not-allowed`, `overloaded`
   */
  confirm(wanted: { approver: string; pin: string }): Promise<PinApprover> {
    return this.#withKey(wanted, (_signer, { id, name }) => Promise.resolve({ id, name }));
  }

  /**
   * Signs and records an approver's word on what the console may know; it counts at once.
   * @throws {PinError} `wrong-pin`, `pin-locked`
   * @throws {WorkError} `not-allowed`, `overloaded`
   */
  chooseLevel({ level, ...wanted }: PinChoice): Promise<void> {
    return this.#withKey(wanted, async (signer) => {
      const { clock, site } = this.#options;
      const version = (site.digest?.signed.statement.version ?? 0) + 1;
      const envelope = await signDigest(
        { log: site.ledger.origin, version, level },
        { approver: statementSigner(signer), nowMs: clock.now() },
      );
      await site.changeDigest(envelope, { method: 'pin' });
    });
  }

  async #withKey<T>(
    { approver: id, pin }: { approver: string; pin: string },
    use: (signer: Signer, approver: SealedApprover) => Promise<T>,
  ): Promise<T> {
    return this.#turn(async () => {
      const approver = this.#find(id);
      const seed = await this.#try(approver, pin);
      let signer: Signer;
      try {
        signer = await importSigner(seed);
      } finally {
        seed.fill(0);
      }
      return use(signer, approver);
    });
  }

  async #try(approver: SealedApprover, pin: string): Promise<Bytes> {
    const at = { approver: approver.id, nowMs: this.#options.clock.now() };
    const { waitMs } = lockOf(this.#attempts, at);
    if (waitMs > 0) throw locked(waitMs);
    await this.#remember(countWrong(this.#attempts, at));
    let seed: Bytes;
    try {
      seed = await openSealedKey(approver.sealed, pin);
    } catch (cause) {
      if (!(cause instanceof PinError) || cause.code !== 'wrong-pin') throw cause;
      return this.#refuse(approver, cause);
    }
    await this.#remember(forgive(this.#attempts, approver.id));
    return seed;
  }

  /** Puts a wrong PIN on record, and what it led to; only then says so. */
  async #refuse({ id, name }: SealedApprover, cause: PinError): Promise<never> {
    const nowMs = this.#options.clock.now();
    const wrong = this.#attempts.approvers[id]?.wrong ?? 0;
    await this.#alert(
      'wrong-pin',
      id,
      `Wrong PIN for ${name} on the site's page, ${wrong} in a row`,
    );
    const { waitMs, isOfAll } = lockOf(this.#attempts, { approver: id, nowMs });
    if (waitMs > 0) {
      const who = isOfAll ? 'PINs of all approvers are' : `The PIN of ${name} is`;
      const detail = `${who} not taken for ${Math.ceil(waitMs / 1000)} s`;
      await this.#alert('pin-locked', isOfAll ? null : id, detail);
      throw locked(waitMs, { cause });
    }
    throw new PinError('wrong-pin', cause.message, {
      triesLeft: triesLeft(this.#attempts, id),
      cause,
    });
  }

  async #alert(code: string, subject: string | null, detail: string): Promise<void> {
    await record(this.#options.site.ledger, {
      kind: 'alert.raised',
      fields: { code, severity: 'warning', subject, detail },
    });
  }

  #find(id: string): SealedApprover {
    const { approvers } = this.#options.site.authority.signed.statement;
    const named = approvers.find((approver) => approver.id === id);
    const kept = this.#options.approvers().find(({ key }) => key === named?.key);
    if (named === undefined || kept === undefined) {
      throw new WorkError('not-allowed', 'Cannot decide here: no such approver at this site');
    }
    return { ...kept, id, name: named.name };
  }

  async #remember(attempts: Attempts): Promise<void> {
    await replaceFile(this.#options.attemptsPath, `${JSON.stringify(attempts)}\n`);
    this.#attempts = attempts;
  }

  #turn<T>(step: () => Promise<T>): Promise<T> {
    if (this.#waiting >= MAX_WAITING) {
      throw new WorkError('overloaded', 'Cannot check PIN: too many wait for their turn');
    }
    this.#waiting += 1;
    const done = this.#queue.then(step).finally(() => {
      this.#waiting -= 1;
    });
    this.#queue = done.catch(() => undefined); // the try's own caller is told
    return done;
  }
}

/**
 * Opens the desk with the wrong PINs that are remembered.
 * @throws {WorkError} code `folder-unusable` when that file is not one of ours: a broken one is not a clean slate
 */
export async function openPinDesk(options: PinDeskOptions): Promise<PinDesk> {
  const attempts = await loadJsonFile(options.attemptsPath, { schema: attemptsSchema });
  return new PinDesk(options, attempts ?? NO_ATTEMPTS);
}

function locked(waitMs: number, options: ErrorOptions = {}): PinError {
  return new PinError('pin-locked', 'Cannot check PIN: too many wrong ones', {
    retryAfterMs: waitMs,
    ...options,
  });
}
