// What can go wrong with an endpoint itself: its folder, its journal, its enrolment. Callers switch on `code`.

export type AgentErrorCode =
  | 'folder-unusable'
  | 'folder-busy'
  | 'identity-missing'
  | 'identity-exists'
  | 'identity-exposed'
  | 'identity-malformed'
  | 'journal-missing'
  | 'journal-damaged'
  | 'journal-failed'
  | 'token-unusable'
  | 'token-expired'
  | 'token-used'
  | 'proof-invalid'
  | 'name-taken'
  | 'unavailable'
  | 'answer-invalid'
  | 'replayed'
  | 'wrong-run'
  | 'time-went-back'
  | 'busy'
  | 'fork'
  | 'removed';

/** Something that the endpoint will not go on with. */
export class AgentError extends Error {
  override readonly name = 'AgentError';
  readonly code: AgentErrorCode;

  constructor(code: AgentErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What a removal means, and what to do about it: for the word of the appliance, and for every later start. */
export const REMOVED_WORDS =
  'the site removed this endpoint, and nothing runs here any more. To let this machine in again, move this folder ' +
  'away, ask the site for a new token, and enrol: caisey agent enrol --token-file FILE';

/** Whether an error of the system has this code: `ENOENT`, `EEXIST`. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
