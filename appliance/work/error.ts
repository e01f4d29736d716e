// Why the appliance does not do what it was asked. The code is for programs, the message for the person.

export type WorkErrorCode =
  | 'not-allowed'
  | 'endpoint-unknown'
  | 'endpoint-offline'
  | 'endpoint-pending'
  | 'endpoint-removed'
  | 'shell-missing'
  | 'name-taken'
  | 'token-unknown'
  | 'entry-unknown'
  | 'session-unknown'
  | 'session-closed'
  | 'session-exists'
  | 'session-busy'
  | 'request-unknown'
  | 'request-decided'
  | 'approver-decided'
  /** Its approvers were reminded a moment ago: come back after `retryAfterMs`. */
  | 'reminded-lately'
  | 'command-mismatch'
  | 'command-replayed'
  | 'state-not-read-only'
  | 'statement-invalid'
  | 'overloaded'
  | 'answer-too-large'
  | 'record-incomplete'
  /** A file of the appliance's folder is missing, damaged or open to others. */
  | 'folder-unusable'
  | 'stopping';

export class WorkError extends Error {
  override readonly name = 'WorkError';
  readonly code: WorkErrorCode;
  /** Milliseconds until it may be tried again; null when waiting does not help, or nobody knows. */
  readonly retryAfterMs: number | null;

  constructor(
    code: WorkErrorCode,
    message: string,
    { retryAfterMs, ...options }: ErrorOptions & { retryAfterMs?: number } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = retryAfterMs ?? null;
  }
}
