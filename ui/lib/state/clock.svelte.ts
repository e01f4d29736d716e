// The time of the page, for what says "5 min ago": one timer however many look.

import { createSubscriber } from 'svelte/reactivity';

const TICK_MS = 1000;

const subscribe = createSubscriber((update) => {
  const timer = setInterval(update, TICK_MS);
  return () => clearInterval(timer);
});

/** Now, in milliseconds since 1970; read inside an effect or a template it moves on every second. */
export function nowMs(): number {
  subscribe();
  return Date.now();
}
