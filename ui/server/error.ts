// Why the console does not do what it was asked. The code is for programs, the message for the person.

export type ConsoleErrorCode =
  | 'config' // the environment says something that cannot be
  | 'store-newer' // the store was written by a newer version
  | 'store-failed'
  | 'secret-file'
  | 'not-signed-in'
  | 'not-allowed' // known, but of another role
  | 'not-found' // also: of another organisation
  | 'conflict' // there is one already, or it changed meanwhile
  | 'invalid'
  | 'expired'
  | 'too-many'
  | 'identity'; // the provider of identities failed

/** What a person or program asked of the console and did not get. */
export class ConsoleError extends Error {
  override readonly name = 'ConsoleError';
  readonly code: ConsoleErrorCode;

  constructor(code: ConsoleErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
