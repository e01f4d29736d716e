// The errors of the log. Callers switch on `code`; messages are for people.

export type LedgerErrorCode =
  /** The queue is full: come back after `retryAfterMs`. */
  | 'overloaded'
  /** A write, a re-read or a signature failed: nothing is accepted or signed until the process recovers. */
  | 'latched'
  | 'closed'
  /** Space is short: only what ends work already begun is still accepted. */
  | 'disk-low'
  | 'session-closed'
  | 'session-unknown'
  | 'session-exists'
  | 'entry-too-large'
  /** A draft that makes no leaf of its kind. */
  | 'bad-draft'
  | 'not-found'
  /** Stored bytes that are not what the log says they are. */
  | 'damaged'
  /** The store is smaller than a checkpoint that somebody holds. */
  | 'behind'
  /** The store and a checkpoint that somebody holds are different histories. */
  | 'forked'
  /** The second place, without which nobody knows what was signed, is missing or unreadable. */
  | 'second-place'
  | 'wrong-log'
  | 'locked'
  | 'exists'
  | 'missing';

/** Something that the log refuses or cannot do. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError';
  readonly code: LedgerErrorCode;
  /** Milliseconds after which an `overloaded` append is worth another try. */
  readonly retryAfterMs: number | null;

  constructor(
    code: LedgerErrorCode,
    message: string,
    { retryAfterMs, ...options }: ErrorOptions & { retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = retryAfterMs ?? null;
  }
}

/** Stored bytes that do not agree with each other. */
export function damaged(state: string, options?: ErrorOptions): LedgerError {
  return new LedgerError('damaged', `Cannot trust store: ${state}`, options);
}
