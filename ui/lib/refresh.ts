// Loading anew what a live event says has changed. SvelteKit drops a navigation that is under way when something is
// invalidated meanwhile: the person's click would be lost, so the event waits for it.

import { invalidate } from '$app/navigation';
import { navigating } from '$app/state';

/** Loads what depends on `dependency` anew, after the navigation under way, if there is one. */
export async function refresh(dependency: string): Promise<void> {
  let awaited: Promise<void> | null = null;
  while (navigating.complete !== null && navigating.complete !== awaited) {
    awaited = navigating.complete; // one that was broken off stays there
    await awaited.catch(() => undefined); // it was told to whoever began it
  }
  await invalidate(dependency);
}
