// Why a link is refused, in words. Most refusals are the site's; that of other keys is this browser's own.

import type { LinkState } from './site.ts';

export interface RefusalWords {
  readonly title: string;
  readonly why: string;
  /** What to do. */
  readonly next: string;
}

/** Who refuses, why, and what to do. */
export function refusalWords({ code, why }: LinkState & { kind: 'refused' }): RefusalWords {
  if (code === 'keys-changed') {
    return {
      title: 'This browser does not link with the site',
      why: 'the console names other keys for it than this browser knows',
      next: "The site's page shows both. Do not work there before somebody on site has compared them.",
    };
  }
  return {
    title: 'The site does not let this browser in',
    why,
    next: "Sign for this browser again, or ask your owner whether you are on the site's roster.",
  };
}
