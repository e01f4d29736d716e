// The errors of the ground. Callers switch on `code`; messages are for people.

export type FormatErrorCode =
  | 'base64'
  | 'json'
  | 'key'
  | 'note'
  | 'checkpoint'
  | 'cosignature'
  | 'tile'
  | 'proof'
  | 'policy'
  | 'disclosure'
  | 'segment'
  | 'leaf'
  | 'entry'
  | 'statement'
  | 'order'
  | 'evidence'
  | 'trust';

/** Bytes or text that are not in the form that their specification demands. */
export class FormatError extends Error {
  override readonly name = 'FormatError';
  readonly code: FormatErrorCode;

  constructor(code: FormatErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type VerifyErrorCode =
  | 'signature'
  | 'unknown-key'
  | 'weak-key'
  | 'inclusion'
  | 'consistency'
  | 'range'
  | 'quorum'
  | 'binding'
  | 'expired'
  | 'not-yet-valid'
  | 'wrong-log'
  | 'wrong-endpoint'
  | 'wrong-session'
  | 'wrong-command'
  | 'wrong-kind'
  | 'not-authorised'
  | 'rolled-back'
  | 'skipped'
  | 'fork'
  | 'webauthn';

/** Something well formed that claims what is not so. */
export class VerifyError extends Error {
  override readonly name = 'VerifyError';
  readonly code: VerifyErrorCode;

  constructor(code: VerifyErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
