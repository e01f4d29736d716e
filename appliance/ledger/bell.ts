// A bell: wakes everybody who waits for news. Who waits looks first, then waits; nothing rings in between.

export interface Bell {
  ring(): void;
  /** Waits for the next ring. @throws the signal's reason when it aborts first */
  wait(signal: AbortSignal | undefined): Promise<void>;
}

export function createBell(): Bell {
  const waiting = new Set<() => void>();
  return {
    ring() {
      for (const wake of waiting) wake();
      waiting.clear();
    },
    async wait(signal) {
      signal?.throwIfAborted();
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const abort = (): void => {
        reject(signal?.reason as Error); // whatever the caller aborts with
      };
      waiting.add(resolve);
      signal?.addEventListener('abort', abort, { once: true });
      try {
        await promise;
      } finally {
        waiting.delete(resolve);
        signal?.removeEventListener('abort', abort);
      }
    },
  };
}
