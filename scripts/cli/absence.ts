// When there is no use in staying for the end of a command.

/** What is known of a command that was submitted. */
export interface Absence {
  /** Resolves when the command was cancelled and its endpoint is away: nobody can say soon how it ended. */
  readonly unheard: Promise<null>;
  /** The endpoint went away, or is back. */
  endpoint(state: { readonly isOnline: boolean }): void;
  /** The appliance has taken that it is cancelled. */
  cancelled(): void;
}

/** Nothing is known yet: the endpoint is there, and nobody has cancelled. */
export function openAbsence(): Absence {
  const unheard = Promise.withResolvers<null>();
  let isAway = false;
  let isCancelled = false;
  const look = (): void => {
    if (isAway && isCancelled) unheard.resolve(null);
  };
  return {
    unheard: unheard.promise,
    endpoint({ isOnline }) {
      isAway = !isOnline;
      look();
    },
    cancelled() {
      isCancelled = true;
      look();
    },
  };
}
