// What can go wrong between two peers. Callers switch on `code`; messages are for people.

export type ProtocolErrorCode =
  | 'frame-too-large'
  | 'frame-malformed'
  | 'message-unknown'
  | 'message-invalid'
  | 'peer-unknown'
  | 'peer-unreachable'
  | 'peer-closed'
  | 'protocol-unsupported'
  | 'stream-lost'
  | 'closed'
  | 'timeout';

/** Something that a peer, or the way to it, did wrong. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
  readonly code: ProtocolErrorCode;

  constructor(code: ProtocolErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** Whether this is a ProtocolError of one of the codes. */
export function isProtocolError(
  error: unknown,
  ...codes: readonly ProtocolErrorCode[]
): error is ProtocolError {
  if (!(error instanceof ProtocolError)) return false;
  return codes.length === 0 || codes.includes(error.code);
}
