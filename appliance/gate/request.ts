// A request for the client's approval, as a state machine:
//
//   waiting ──► granted | denied | expired | withdrawn
//
// Pure: every step takes a request and gives the next one, or says why there is no such step. Decided once, a
// request never changes again; what was granted is used once, because the command it names runs once.

import type { AskTerms } from '#crypto/policy.ts';
import { mayApprove } from '#crypto/authorisation.ts';
import { REQUEST_WORDS, type RequestState } from '../protocol/request-state.ts';
import { WorkError } from '../work/error.ts';

export interface Decided {
  readonly approver: string;
  readonly name: string;
  readonly comment: string | null;
  readonly atMs: number;
}

export interface Request {
  /** Leaf hash of its `approval.requested`, base64url. */
  readonly hash: string;
  readonly ask: AskTerms;
  readonly requestedAtMs: number;
  readonly expiresAtMs: number;
  readonly state: RequestState;
  readonly decided: readonly Decided[];
  /** Who last had its approvers reminded; null when nobody did. */
  readonly reminded: Reminded | null;
  /** Who took it back, and why; null when nobody did. */
  readonly withdrawn: Withdrawn | null;
  readonly endedAtMs: number | null;
}

export interface Withdrawn {
  readonly by: string;
  readonly reason: string | null;
}

export interface Reminded {
  readonly by: string;
  readonly atMs: number;
}

/** Reminders of one request are at least so far apart. */
export const REMIND_EVERY_MS = 60_000;

/** A new request, waiting. */
export function openRequest({
  hash,
  ask,
  atMs,
}: {
  hash: string;
  ask: AskTerms;
  atMs: number;
}): Request {
  return {
    hash,
    ask,
    requestedAtMs: atMs,
    expiresAtMs: atMs + ask.expires_s * 1000,
    state: 'waiting',
    decided: [],
    reminded: null,
    withdrawn: null,
    endedAtMs: null,
  };
}

/** Who is asked at a time: null is any approver; else the named ones and the rungs of the ladder reached. */
export function askedAt({ ask, requestedAtMs }: Request, atMs: number): readonly string[] | null {
  if (ask.approvers === undefined) return null;
  const reached = (ask.ladder ?? []).filter((rung) => atMs - requestedAtMs >= rung.after_s * 1000);
  return [...new Set([...ask.approvers, ...reached.flatMap((rung) => rung.approvers)])];
}

/**
 * One approver's decision. A denial ends the request; so does the last approval that it needs.
 * @throws {WorkError} `request-decided`, `approver-decided`, or `not-allowed` when policy names others
 */
export function decideRequest(
  request: Request,
  { decision, by }: { decision: 'approve' | 'deny'; by: Decided },
): Request {
  checkWaiting(request, by.atMs);
  if (!mayApprove(request.ask, by.approver)) {
    throw new WorkError('not-allowed', `Cannot decide request: policy does not ask ${by.name}`);
  }
  if (request.decided.some(({ approver }) => approver === by.approver)) {
    throw new WorkError(
      'approver-decided',
      `Cannot decide request: ${by.name} already approved it`,
    );
  }
  const decided = [...request.decided, by];
  if (decision === 'deny') return { ...request, decided, state: 'denied', endedAtMs: by.atMs };
  const isEnough = decided.length >= request.ask.approvals;
  return isEnough
    ? { ...request, decided, state: 'granted', endedAtMs: by.atMs }
    : { ...request, decided };
}

/**
 * A reminder of its approvers.
 * @throws {WorkError} `request-decided`; `reminded-lately` with the time until the next one
 */
export function remindRequest(request: Request, reminded: Reminded): Request {
  checkWaiting(request, reminded.atMs);
  const last = request.reminded?.atMs ?? -Infinity;
  const retryAfterMs = last + REMIND_EVERY_MS - reminded.atMs;
  if (retryAfterMs <= 0) return { ...request, reminded };
  throw new WorkError(
    'reminded-lately',
    `Cannot remind: ${request.reminded?.by ?? 'somebody'} did less than a minute ago`,
    { retryAfterMs },
  );
}

/** The end of waiting: it was taken back, or else its time is over. @throws {WorkError} code `request-decided` when it no longer waits */
export function endRequest(
  request: Request,
  { atMs, withdrawn }: { atMs: number; withdrawn: Withdrawn | null },
): Request {
  if (request.state !== 'waiting') throw alreadyDecided(request);
  const state = withdrawn === null ? 'expired' : 'withdrawn';
  return { ...request, state, withdrawn, endedAtMs: atMs };
}

/** @throws {WorkError} code `request-decided` when a request no longer waits, or its time is over */
export function checkWaiting(request: Request, atMs: number): void {
  if (request.state !== 'waiting') throw alreadyDecided(request);
  if (atMs >= request.expiresAtMs) {
    throw new WorkError('request-decided', 'Cannot decide request: it has expired');
  }
}

function alreadyDecided({ state }: Request): WorkError {
  return new WorkError(
    'request-decided',
    `Cannot decide request: it was already ${REQUEST_WORDS[state]}`,
  );
}
