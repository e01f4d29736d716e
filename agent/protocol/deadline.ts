// A deadline that takes its timer with it. AbortSignal.timeout would keep Deno alive until it fires.

/** A signal that aborts with the parent's reason, or with the error of `onLate` when the time is up. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/** Opens a deadline of so many milliseconds under a parent signal. Dispose it when the work is done. */
export function openDeadline(
  timeoutMs: number,
  { signal, onLate }: { signal: AbortSignal; onLate: () => Error },
): Deadline {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(onLate()), timeoutMs);
  return {
    signal: AbortSignal.any([signal, controller.signal]),
    [Symbol.dispose]: () => clearTimeout(timer),
  };
}
