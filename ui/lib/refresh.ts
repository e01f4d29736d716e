// Loading anew what a live event says has changed. SvelteKit drops a navigation that is under way when something is
// invalidated meanwhile: the person's click would be lost, so the event waits for it. And it puts an error page in
// the place of a page that it could not load anew, open session and all: so a host that is away is not asked. When it
// is back, its stream of events says so, and pages ask again.

import { invalidate } from '$app/navigation';
import { navigating } from '$app/state';

import { hostAnswers } from './host-answers.ts';
import { paced } from './paced.ts';

/** Every site speaks every few seconds: with hundreds of them a page would do nothing but load. */
const GAP_MS = 2000;

const refreshes = new Map<string, () => Promise<void>>();

/** Loads what depends on `dependency` anew: at once, and then no oftener than every GAP_MS. Only in a browser. */
export function refresh(dependency: string): Promise<void> {
  const ask = refreshes.get(dependency) ?? paced(() => load(dependency), { gapMs: GAP_MS });
  refreshes.set(dependency, ask);
  return ask();
}

/** Loads after the navigation under way, if there is one. */
async function load(dependency: string): Promise<void> {
  if (!(await hostAnswers())) return;
  let awaited: Promise<void> | null = null;
  while (navigating.complete !== null && navigating.complete !== awaited) {
    awaited = navigating.complete; // one that was broken off stays there
    await awaited.catch(() => undefined); // it was told to whoever began it
  }
  await invalidate(dependency);
}
