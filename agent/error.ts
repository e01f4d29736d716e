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

/** What to do about a journal that is gone or does not add up. */
export const JOURNAL_WORDS =
  'An endpoint that cannot say what it ran runs nothing, and an old copy of its journal will not do. To let this ' +
  'machine in again, have the endpoint removed at the site (caisey endpoint rm NAME), ask for a new token, and enrol ' +
  'in an empty folder: caisey agent enrol --token-file FILE --dir DIR';

/** Whether an error of the system has this code: `ENOENT`, `EEXIST`. */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
