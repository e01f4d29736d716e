// The site's requests for approval: asked, told about, decided, expired. Each step is durable in the log before
// it counts, and the steps of one request happen one after another.

import type { FieldsOf } from '#crypto/kind.ts';
import { formatTime } from '#crypto/leaf.ts';
import type { Decision } from '#crypto/policy.ts';
import { approverByKey } from '#crypto/roster.ts';
import { checkInForce, type Envelope, type Signed } from '#crypto/statement.ts';
import type { RequestSummary } from '../protocol/client-message.ts';
import type { Clock } from '../work/clock.ts';
import { WorkError } from '../work/error.ts';
import { record, type Recorded } from '../work/record.ts';
import type { Site } from '../work/site.ts';
import { type Asked, sizeOfAsked, summariseAsked, verifyApproval } from './asked.ts';
import { Ended } from './ended.ts';
import {
  askedAt,
  checkWaiting,
  decideRequest,
  endRequest,
  openRequest,
  remindRequest,
  type Request,
} from './request.ts';

/** How a request ended, with the entries that a work order cites when it was granted. */
export interface Answer {
  readonly state: 'granted' | 'denied' | 'expired' | 'withdrawn';
  readonly requested: Recorded;
  readonly grants: readonly Recorded[];
  /** The entry that ended it. */
  readonly last: Recorded;
}

interface Live {
  readonly asked: Asked;
  /** The list of approvers that its entry cites: who decides must stand in it, and still be one. */
  readonly authority: Signed<'authority'>;
  readonly requested: Recorded;
  request: Request;
  grants: Recorded[];
  readonly viewedBy: Set<string>;
  readonly timers: (() => void)[];
  /** The tail of this request's steps: each waits for the one before. */
  queue: Promise<unknown>;
  readonly answer: PromiseWithResolvers<Answer>;
}

const KEPT_AFTER_END_MS = 24 * 3_600_000;

/** The requests of a running appliance. */
export class Requests {
  readonly #site: Site;
  readonly #clock: Clock;
  readonly #live = new Map<string, Live>();
  readonly #ended = new Ended();
  readonly #listeners = new Set<() => void>();

  constructor(site: Site, clock: Clock) {
    this.#site = site;
    this.#clock = clock;
  }

  /** Records a request and has it wait. `answer` resolves with its end; it never rejects for a denial. */
  async ask(asked: Asked): Promise<{ requested: Recorded; answer: Promise<Answer> }> {
    const atMs = this.#clock.now();
    const { ask, decision } = asked;
    const authority = this.#site.authority.signed;
    const requested = await record(this.#site.ledger, {
      kind: 'approval.requested',
      ...placeOf(asked),
      ref: asked.refs,
      disclosed: asked.disclosed,
      fields: {
        decision: recordedDecision(decision),
        why: asked.why,
        approvals: ask.approvals,
        approvers: ask.approvers ?? null,
        expires: formatTime(atMs + ask.expires_s * 1000),
        statement: asked.statement,
      },
    });
    const live: Live = {
      asked,
      authority,
      requested,
      request: openRequest({ hash: requested.name, ask, atMs }),
      grants: [],
      viewedBy: new Set(),
      timers: [],
      queue: Promise.resolve(),
      answer: Promise.withResolvers(),
    };
    this.#live.set(requested.name, live);
    this.#schedule(live);
    try {
      await this.#notify(live, { atMs, by: null });
    } catch (cause) {
      await this.withdraw(requested.name, { by: 'appliance', reason: 'Nobody could be told.' });
      throw cause;
    }
    this.#tell();
    return { requested, answer: live.answer.promise };
  }

  /** Told whenever a request appears or changes; returns how to stop listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Requests that wait, and those that ended lately, newest first. */
  list(): readonly RequestSummary[] {
    return [...this.#live.values()].reverse().map((live) => summariseAsked(live, this.#site.facts));
  }

  /** Requests that wait, newest first. */
  waiting(): readonly RequestSummary[] {
    return this.list().filter(({ state }) => state === 'waiting');
  }

  /** A request that waits or ended lately; null when it is not known any more, or never was. */
  find(hash: string): RequestSummary | null {
    const live = this.#live.get(hash);
    return live === undefined ? null : summariseAsked(live, this.#site.facts);
  }

  /** @throws {WorkError} code `request-unknown` */
  show(hash: string): RequestSummary {
    return summariseAsked(this.#find(hash), this.#site.facts);
  }

  /** Records, once for each viewer, that somebody looked at a waiting request. */
  async view(hash: string, { channel, by }: { channel: string; by: string | null }): Promise<void> {
    const live = this.#find(hash);
    const viewer = `${channel} ${by ?? ''}`;
    if (live.request.state !== 'waiting' || live.viewedBy.has(viewer)) return;
    live.viewedBy.add(viewer);
    try {
      await record(this.#site.ledger, {
        kind: 'approval.viewed',
        ...placeOf(live.asked),
        ref: { request: hash },
        fields: { channel, by },
      });
    } catch (cause) {
      live.viewedBy.delete(viewer); // the next look is to be on record
      throw cause;
    }
  }

  /**
   * Takes an approver's signed decision.
   * @throws {WorkError} `request-unknown`, `request-decided`, `approver-decided`, `not-allowed`
   * @throws {VerifyError} when the statement is not over this request, or not by an approver of this site, now and
   *   when it was asked
   */
  async decide(
    hash: string,
    {
      envelope,
      method,
      comment,
    }: { envelope: Envelope; method: 'pin' | 'key-file' | 'passkey'; comment: string | null },
  ): Promise<{ request: Request; entry: Recorded }> {
    const live = this.#find(hash);
    return this.#step(live, async () => {
      const atMs = this.#clock.now();
      checkWaiting(live.request, atMs);
      const { origin } = this.#site.ledger;
      const { statement } = await verifyApproval(envelope, { ...live, log: origin, atMs });
      approverByKey(this.#site.authority.signed.statement, statement.by);
      checkInForce(live.authority.statement, atMs);
      const approver = approverByKey(live.authority.statement, statement.by);
      const by = { approver: approver.id, name: approver.name, comment, atMs };
      const next = decideRequest(live.request, { decision: statement.decision, by });
      const entry = await record(this.#site.ledger, {
        kind: statement.decision === 'approve' ? 'approval.granted' : 'approval.denied',
        ...placeOf(live.asked),
        ref: { request: hash },
        fields: {
          approver: approver.name,
          approver_id: approver.id,
          method,
          comment,
          statement: envelope,
        },
      });
      if (statement.decision === 'approve') live.grants.push(entry);
      this.#advance(live, next, entry);
      return { request: next, entry };
    });
  }

  /** Takes a request back. @throws {WorkError} `request-unknown`, `request-decided` */
  async withdraw(
    hash: string,
    { by, reason }: { by: string; reason: string | null },
  ): Promise<Recorded> {
    const live = this.#find(hash);
    return this.#step(live, async () => {
      const atMs = this.#clock.now();
      const next = endRequest(live.request, { atMs, withdrawn: { by, reason } });
      const entry = await record(this.#site.ledger, {
        kind: 'approval.withdrawn',
        ...placeOf(live.asked),
        ref: { request: hash },
        fields: { by, reason },
        isEssential: true,
      });
      this.#advance(live, next, entry);
      return entry;
    });
  }

  /**
   * Tells the approvers of a waiting request once more. `to` names them; null when there is nobody to tell.
   * @throws {WorkError} `request-unknown`, `request-decided`, `reminded-lately`
   */
  async remind(
    hash: string,
    { by }: { by: string },
  ): Promise<{ entry: Recorded; to: string | null }> {
    const live = this.#find(hash);
    return this.#step(live, async () => {
      const atMs = this.#clock.now();
      const next = remindRequest(live.request, { by, atMs });
      const told = await this.#notify(live, { atMs, by });
      live.request = next;
      this.#tell();
      return told;
    });
  }

  /** Takes back the request for a command, by its statement's hash, when it still waits. */
  async withdrawOf(command: string, why: { by: string; reason: string | null }): Promise<void> {
    for (const [hash, live] of this.#live) {
      if (live.asked.command.hash !== command || live.request.state !== 'waiting') continue;
      await this.withdraw(hash, why).catch(ignoreDecided);
    }
  }

  /** Takes back whatever still waits in a session: it is being closed. */
  async withdrawAll(session: string, why: { by: string; reason: string | null }): Promise<void> {
    for (const [hash, live] of this.#live) {
      if (live.asked.session !== session || live.request.state !== 'waiting') continue;
      await this.withdraw(hash, why).catch(ignoreDecided);
    }
  }

  #advance(live: Live, next: Request, last: Recorded): void {
    live.request = next;
    const { state } = next;
    if (state !== 'waiting') {
      for (const stop of live.timers.splice(0)) stop();
      live.answer.resolve({ state, requested: live.requested, grants: live.grants, last });
      this.#keep(live);
    }
    this.#tell();
  }

  /** Keeps what has ended for a while, as long as it is not too much. */
  #keep(live: Live): void {
    const { hash } = live.request;
    for (const oldest of this.#ended.add(hash, sizeOfAsked(live.asked))) this.#live.delete(oldest);
    this.#clock.after(KEPT_AFTER_END_MS, () => {
      this.#ended.delete(hash);
      this.#live.delete(hash);
    });
  }

  #schedule(live: Live): void {
    const { ask, expiresAtMs } = live.request;
    for (const rung of ask.ladder ?? []) {
      const wake = (): void => {
        this.#inBackground(live, async () => {
          const told = { approvers: rung.approvers, atMs: this.#clock.now(), by: null };
          if (live.request.state === 'waiting') await this.#notify(live, told);
        });
      };
      live.timers.push(this.#clock.after(rung.after_s * 1000, wake));
    }
    live.timers.push(
      this.#clock.after(expiresAtMs - this.#clock.now(), () => {
        this.#inBackground(live, () => this.#expire(live));
      }),
    );
  }

  async #expire(live: Live): Promise<void> {
    if (live.request.state !== 'waiting') return;
    const atMs = this.#clock.now();
    const next = endRequest(live.request, { atMs, withdrawn: null });
    const entry = await record(this.#site.ledger, {
      kind: 'approval.expired',
      ...placeOf(live.asked),
      ref: { request: live.request.hash },
      fields: { after_s: live.request.ask.expires_s },
      isEssential: true,
    });
    this.#advance(live, next, entry);
  }

  /**
   * Tells approvers by what the site has: its own page, which lists what waits. Without `approvers`, those whom
   * policy asks by then and who have not approved yet.
   */
  async #notify(
    { asked, request }: Live,
    {
      atMs,
      by,
      approvers = askedAt(request, atMs),
    }: { atMs: number; by: string | null; approvers?: readonly string[] | null },
  ): Promise<{ entry: Recorded; to: string | null }> {
    const hasApproved = (id: string): boolean =>
      request.decided.some(({ approver }) => approver === id);
    const names = this.#site.authority.signed.statement.approvers
      .filter(({ id }) => (approvers?.includes(id) ?? true) && !hasApproved(id))
      .map(({ name }) => name);
    const to = names.join(', ').slice(0, 256).toWellFormed() || null;
    const entry = await record(this.#site.ledger, {
      kind: 'approval.notified',
      ...placeOf(asked),
      ref: { request: request.hash },
      fields: { channel: 'on-site page', to, by },
    });
    return { entry, to };
  }

  #step<T>(live: Live, step: () => Promise<T>): Promise<T> {
    const done = live.queue.then(step);
    live.queue = done.catch(() => undefined); // the step's own caller is told
    return done;
  }

  /** A step that nobody waits for: its failure is the request's. */
  #inBackground(live: Live, step: () => Promise<void>): void {
    this.#step(live, step).catch((cause: unknown) => {
      live.answer.reject(cause);
    });
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #find(hash: string): Live {
    const live = this.#live.get(hash);
    if (live === undefined) {
      throw new WorkError('request-unknown', 'Cannot find request: none with this id waits here');
    }
    return live;
  }
}

/** A decision as entries hold it. */
export function recordedDecision({
  effect,
  access,
  rule,
  why,
}: Decision): FieldsOf<'command.started'>['decision'] {
  return { effect, access, rule, why };
}

function placeOf({ session, endpoint }: Asked): { session: string; endpoint: string } {
  return { session, endpoint };
}

function ignoreDecided(cause: unknown): void {
  if (cause instanceof WorkError && cause.code === 'request-decided') return;
  throw cause;
}
