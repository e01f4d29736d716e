// What the host tells while the console is open: one stream of events, whatever page stands in the
// frame. A break is told to the pages when it is over, for what was told meanwhile is lost.

import { createContext } from 'svelte';

import { listen, type LiveEvent } from '#ui/lib/live.ts';

/** The host ends a stream every few minutes on purpose; only a longer break is the person's business. */
const BREAK_MS = 5000;

/** What a page does with what is told. */
export interface LiveEar {
  readonly onEvents: (events: readonly LiveEvent[]) => void;
  /** The stream is back: what the page shows may be old. */
  readonly onBack: () => void;
}

export class LiveState {
  #isAway = $state(false);
  readonly #ears = new Set<LiveEar>();
  #isBroken = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Whether the host is out of reach, for longer than a moment. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Whether the stream is broken just now; the host may be there all the same. */
  get isBroken(): boolean {
    return this.#isBroken;
  }

  /**
   * Listens to the host, as who is signed in, until the answer is called; `onRefused` when it is there and does not let
   * this page listen. Only in a browser.
   */
  begin(whose: string, { onRefused }: { onRefused: () => void }): () => void {
    const stop = listen('/api/events', {
      ...{ whose, onRefused },
      onEvents: (events) => {
        for (const { onEvents } of this.#ears) onEvents(events);
      },
      onState: (isOpen) => {
        if (isOpen) this.#mend();
        else this.#break();
      },
    });
    return () => {
      stop();
      clearTimeout(this.#timer);
    };
  }

  /** Tells a page what happens until the answer is called. */
  on(ear: LiveEar): () => void {
    this.#ears.add(ear);
    return () => {
      this.#ears.delete(ear);
    };
  }

  #break(): void {
    if (this.#isBroken) return; // each try that fails says so again
    this.#isBroken = true;
    this.#timer = setTimeout(() => (this.#isAway = true), BREAK_MS);
  }

  #mend(): void {
    clearTimeout(this.#timer);
    this.#isAway = false;
    if (!this.#isBroken) return;
    this.#isBroken = false;
    for (const { onBack } of this.#ears) onBack();
  }
}

export const [useLive, provideLive] = createContext<LiveState>();
