// Whether Clerk can be reached from this browser: its scripts come from its own host, and without them nobody signs in
// and no sign-in is renewed. A page says so rather than stay blank.

import { createContext } from 'svelte';

/** Who has not answered by then is away. */
const LATE_MS = 15_000;

export class ClerkReach {
  /** Where the scripts come from. */
  readonly host: string;
  #isAway = $state(false);

  constructor(host: string) {
    this.host = host;
  }

  /** A script did not come, or not in time. It counts only until Clerk is there after all. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Watches from the loading of the scripts on. Answers what ends it. */
  watch(): () => void {
    const onError = ({ target }: Event): void => {
      if (!(target instanceof HTMLScriptElement)) return;
      if (URL.parse(target.src)?.host === this.host) this.#isAway = true;
    };
    window.addEventListener('error', onError, true); // such errors do not bubble
    const late = setTimeout(() => (this.#isAway = true), LATE_MS);
    return () => {
      window.removeEventListener('error', onError, true);
      clearTimeout(late);
    };
  }
}

export const [useClerkReach, provideClerkReach] = createContext<ClerkReach>();
