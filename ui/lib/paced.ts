// Work that many events ask for, done at once for the first of them and then no oftener than it is of use.

/** Runs its work after a while. */
export type Later = (work: () => void, delayMs: number) => void;

/**
 * Makes `ask`: the first runs `work` at once; what is asked until `gapMs` after its end is done once, then. Resolves
 * when the work that answers it is done.
 */
export function paced(
  work: () => Promise<void>,
  { gapMs, later = (next, delayMs) => setTimeout(next, delayMs) }: { gapMs: number; later?: Later },
): () => Promise<void> {
  let isResting = false;
  let waiting: PromiseWithResolvers<void> | null = null;
  const run = async (): Promise<void> => {
    isResting = true;
    try {
      await work();
    } finally {
      later(wake, gapMs);
    }
  };
  const wake = (): void => {
    isResting = false;
    const asked = waiting;
    waiting = null;
    if (asked !== null) run().then(asked.resolve, asked.reject);
  };
  return () => {
    if (!isResting) return run();
    waiting ??= Promise.withResolvers<void>();
    return waiting.promise;
  };
}
