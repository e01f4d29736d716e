// How everything is when a page begins to tell: what the host knows of sites and machines.

import type { NoticeBasis } from './notifier.ts';
import type { ShownSite } from './site-facts.ts';

/** What the host answers. */
export interface ShownBasis extends NoticeBasis {
  readonly shown: readonly ShownSite[];
  readonly relay: readonly string[];
}

/** Asks the host. @throws {Error} when it cannot be reached, or refuses */
export async function loadNoticeBasis(): Promise<ShownBasis> {
  const answer = await fetch('/api/notices');
  if (!answer.ok) throw new Error(`The console answered ${answer.status}`);
  return (await answer.json()) as ShownBasis; // our own host's, of the shape that its route writes
}
