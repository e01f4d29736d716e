// Nobody reads what we write any more: the pipe was closed, or the terminal has hung up.

const CODES: readonly unknown[] = ['EPIPE', 'EIO'];

/** Whether writing failed because nobody reads. */
export function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && CODES.includes(error.code);
}
