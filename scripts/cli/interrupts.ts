// Ctrl+C while a command runs: the first cancels it on the endpoint, and we stay to see its end on record; the
// second leaves.

import { CliError } from './error.ts';
import type { Terminal } from './terminal.ts';

export interface Interrupts extends Disposable {
  /** Whether the person asked to cancel. */
  readonly isCancelling: boolean;
  /** Rejects when the person leaves. */
  readonly left: Promise<never>;
  /** From now on there is something to cancel, in this way. */
  cancelBy(cancel: () => void): void;
}

/** Listens from now on. Before there is something to cancel, the first Ctrl+C leaves; `onLeave` is told. */
export function openInterrupts(terminal: Terminal, onLeave: () => void): Interrupts {
  const left = Promise.withResolvers<never>();
  left.promise.catch(() => undefined); // told to whoever races it; nobody may, any more
  let cancel: (() => void) | null = null;
  let isCancelling = false;
  const listening = terminal.onInterrupt(() => {
    if (cancel !== null && !isCancelling) {
      isCancelling = true;
      cancel();
      return;
    }
    onLeave();
    left.reject(
      new CliError('interrupted', 'Cannot go on: interrupted', {
        hint: isCancelling
          ? 'What runs is being ended and recorded without you: "caisey session ls" shows it.'
          : 'Nothing was run.',
      }),
    );
  });
  return {
    get isCancelling() {
      return isCancelling;
    },
    left: left.promise,
    cancelBy(how) {
      cancel = how;
    },
    [Symbol.dispose]: () => listening[Symbol.dispose](),
  };
}
