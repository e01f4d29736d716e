// The latch: after the first failed write, re-read or signature nothing more is accepted or signed, because
// nobody knows any longer what is on the disk. The process leaves and recovers by opening again.

import { LedgerError } from './error.ts';

export interface Latch {
  /** What went wrong; null as long as nothing did. */
  readonly error: LedgerError | null;
  /** Resolves when something does. */
  readonly failed: Promise<LedgerError>;
  /** Trips the latch, once; answers the error for everybody who waits. */
  trip(cause: unknown): LedgerError;
  /** @throws {LedgerError} code `latched` after it tripped */
  check(): void;
}

export function createLatch(): Latch {
  const { promise: failed, resolve } = Promise.withResolvers<LedgerError>();
  let error: LedgerError | null = null;
  return {
    get error() {
      return error;
    },
    failed,
    trip(cause) {
      if (error !== null) return error;
      const state = cause instanceof Error ? cause.message : String(cause);
      error = new LedgerError('latched', `Cannot go on: ${state}`, { cause });
      resolve(error);
      return error;
    },
    check() {
      if (error !== null) throw new LedgerError('latched', error.message, { cause: error });
    },
  };
}
