// What went wrong, as HTTP says it: one table from the codes of every room below to a status, and the words
// for the few that somebody at the site may meet.

import type { ContentfulStatusCode } from 'hono/utils/http-status';

import {
  FormatError,
  type FormatErrorCode,
  VerifyError,
  type VerifyErrorCode,
} from '#crypto/error.ts';
import { PinError, type PinErrorCode } from '../gate/pin.ts';
import { LedgerError, type LedgerErrorCode } from '../ledger/error.ts';
import { WorkError, type WorkErrorCode } from '../work/error.ts';

export type PageErrorCode =
  | 'page-unknown'
  | 'form-invalid'
  /** The form's token is not of this visit. */
  | 'form-stale'
  /** The form came without the cookie that its page gave. */
  | 'cookie-missing'
  | 'form-too-large'
  /** There is nothing to say in what was typed. */
  | 'text-empty'
  | 'text-too-long'
  | 'cross-site'
  | 'host-unknown';

/** What a page refuses before any work is asked to do something. */
export class PageError extends Error {
  override readonly name = 'PageError';
  readonly code: PageErrorCode;

  constructor(code: PageErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type ProblemCode =
  | PageErrorCode
  | FormatErrorCode
  | VerifyErrorCode
  | WorkErrorCode
  | LedgerErrorCode
  | PinErrorCode;

const STATUS: Readonly<Record<ProblemCode, ContentfulStatusCode>> = {
  'page-unknown': 404,
  'form-invalid': 400,
  'form-stale': 403,
  'cookie-missing': 403,
  'form-too-large': 413,
  'text-empty': 400,
  'text-too-long': 413,
  'cross-site': 403,
  'host-unknown': 421,

  'wrong-pin': 403,
  'pin-locked': 429,
  'weak-pin': 400,
  'sealed-key': 500,

  'not-allowed': 403,
  'endpoint-unknown': 404,
  'endpoint-offline': 409,
  'endpoint-pending': 409,
  'endpoint-removed': 409,
  'shell-missing': 409,
  'name-taken': 409,
  'token-unknown': 404,
  'entry-unknown': 404,
  'session-unknown': 404,
  'session-closed': 409,
  'session-exists': 409,
  'session-busy': 409,
  'request-unknown': 404,
  'request-decided': 409,
  'approver-decided': 409,
  'reminded-lately': 429,
  'command-mismatch': 400,
  'command-replayed': 409,
  'state-not-read-only': 400,
  'statement-invalid': 400,
  'record-incomplete': 500,
  'folder-unusable': 500,
  overloaded: 503,
  'answer-too-large': 500,
  stopping: 503,

  latched: 503,
  closed: 503,
  'disk-low': 503,
  'not-found': 404,
  'entry-too-large': 413,
  'bad-draft': 500,
  damaged: 500,
  behind: 500,
  forked: 500,
  'second-place': 500,
  locked: 500,
  exists: 500,
  missing: 500,

  base64: 400,
  json: 400,
  key: 400,
  note: 400,
  checkpoint: 400,
  cosignature: 400,
  tile: 400,
  proof: 400,
  policy: 400,
  disclosure: 400,
  segment: 400,
  leaf: 400,
  entry: 400,
  statement: 400,
  order: 400,
  evidence: 400,
  trust: 400,

  signature: 403,
  'unknown-key': 403,
  'weak-key': 403,
  inclusion: 403,
  consistency: 403,
  range: 403,
  quorum: 403,
  binding: 403,
  expired: 403,
  'not-yet-valid': 403,
  'wrong-log': 403,
  'wrong-endpoint': 403,
  'wrong-session': 403,
  'wrong-command': 403,
  'wrong-kind': 403,
  'not-authorised': 403,
  'rolled-back': 403,
  skipped: 403,
  fork: 403,
  webauthn: 403,
};

/** A failure as a response tells it. */
export interface Problem {
  readonly status: ContentfulStatusCode;
  /** `unexpected` for what no room has a code for. */
  readonly code: ProblemCode | 'unexpected';
  /** Seconds for `Retry-After`; null when waiting does not help, or nobody knows. */
  readonly retryAfterS: number | null;
}

/** What a failure is over HTTP. Whatever is not one of our errors is a 500 that says nothing of itself. */
export function problemOf(cause: unknown): Problem {
  if (cause instanceof PinError || cause instanceof LedgerError || cause instanceof WorkError) {
    const { code, retryAfterMs } = cause;
    const retryAfterS = retryAfterMs === null ? null : Math.ceil(retryAfterMs / 1000);
    return { status: STATUS[code], code, retryAfterS };
  }
  const isOurs =
    cause instanceof PageError || cause instanceof VerifyError || cause instanceof FormatError;
  if (!isOurs) return { status: 500, code: 'unexpected', retryAfterS: null };
  return { status: STATUS[cause.code], code: cause.code, retryAfterS: null };
}

/** A problem in the words of somebody who has other work to do: what happened, and what to do now. */
export function problemWords({ code, status }: Problem): { title: string; text: string } {
  switch (code) {
    case 'page-unknown':
      return { title: 'There is no such page', text: 'The address may have been copied wrongly.' };
    case 'request-unknown':
      return {
        title: 'This request is not here',
        text: 'The address may have been copied wrongly, or it lies so far back that only the record has it. Nothing can be decided about it here.',
      };
    case 'session-unknown':
      return {
        title: 'This session is not open',
        text: 'It has ended. Nothing runs in it any more.',
      };
    case 'cross-site':
      return {
        title: 'This did not come from this page',
        text: 'Another website tried to decide in your name. Nothing was decided. Please tell your IT provider.',
      };
    case 'host-unknown':
      return {
        title: 'This address is not known here',
        text: 'Open this page by the address that you were given.',
      };
    case 'form-too-large':
      return { title: 'That was too long', text: 'Nothing was decided. Please use fewer words.' };
    case 'disk-low':
    case 'latched':
    case 'closed':
      return {
        title: 'The record cannot be written just now',
        text: 'Without a record nothing is decided and nothing is run. Please tell your IT provider.',
      };
    case 'overloaded':
    case 'stopping':
      return {
        title: 'Too much at once',
        text: 'Nothing was decided. Please try again in a minute.',
      };
    default:
      return status >= 500
        ? {
            title: 'Something went wrong here',
            text: 'Nothing was decided. Please try again, and tell your IT provider when it happens again.',
          }
        : { title: 'That was not possible', text: 'Nothing was decided. Please start again.' };
  }
}
