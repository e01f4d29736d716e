// Why a link is refused, in words. Most refusals are the site's; that of other keys is this browser's own.

import type { LinkState } from './site.ts';

export interface RefusalWords {
  readonly title: string;
  readonly why: string;
  /** What to do. */
  readonly next: string;
}

const SITE_REFUSES = 'The site does not let this browser in';

/** Who refuses, why, and what to do. */
export function refusalWords({ code, why }: LinkState & { kind: 'refused' }): RefusalWords {
  switch (code) {
    case 'keys-changed':
      return {
        title: 'This browser does not link with the site',
        why: 'the console names other keys for it than this browser knows',
        next: "The site's page shows both. Do not work there before somebody on site has compared them.",
      };
    case 'not-authorised':
      return {
        title: SITE_REFUSES,
        why: 'your signing key is not in its roster',
        next: 'An owner adds it under Settings, People, and this page goes on by itself then. Your account shows the key as the owner has to see it.',
      };
    case 'expired':
      return {
        title: SITE_REFUSES,
        why: 'by its clock, what your key signed for this browser has run out',
        next: 'Is the clock of this computer right? Then lock this browser in your account, and unlock it again.',
      };
    default: // the site's own words: of refusals that no honest browser meets
      return {
        title: SITE_REFUSES,
        why,
        next: "Lock this browser in your account and unlock it again, or ask your owner whether you are on the site's roster.",
      };
  }
}
