// Going to a page, surely. SvelteKit drops a navigation when something is loaded anew meanwhile, and says nothing of it;
// live events load things anew at any moment. What was dropped is begun again.

import { goto } from '$app/navigation';

const MAX_TRIES = 5;

/** Goes to a page of the console. */
export async function go(href: string, options: { invalidateAll?: boolean } = {}): Promise<void> {
  const target = new URL(href, location.href);
  const from = location.href;
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    await goto(target, options);
    if (location.pathname === target.pathname || location.href !== from) return; // there, or led elsewhere
  }
}
