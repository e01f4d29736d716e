// The states of a request for approval, and what they are called wherever people read them: on the command line,
// on the on-site page, in the console.

export const REQUEST_STATES = ['waiting', 'granted', 'denied', 'expired', 'withdrawn'] as const;
export type RequestState = (typeof REQUEST_STATES)[number];

/** What a state is called wherever people read it. */
export const REQUEST_WORDS: Readonly<Record<RequestState, string>> = {
  waiting: 'waiting',
  granted: 'approved',
  denied: 'denied',
  expired: 'expired',
  withdrawn: 'withdrawn',
};
