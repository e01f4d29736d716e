// A request as the accounts take it, and their cookies put into its answer.

import type { Cookies, RequestEvent } from '@sveltejs/kit';

import type { Cookie, Visitor } from './identity/ask.ts';

export function visitorOf(event: Pick<RequestEvent, 'request' | 'getClientAddress'>): Visitor {
  return { request: event.request, address: event.getClientAddress() };
}

/** Sets what better-auth wants set; its values are encoded already. */
export function setCookies(cookies: Cookies, wanted: readonly Cookie[]): void {
  for (const { name, value, ...rest } of wanted) {
    cookies.set(name, value, { ...rest, encode: (text) => text });
  }
}

/** A path of our own to go to after the sign-in; anything else is the fleet. */
export function safeTarget(to: string | null): string {
  return to !== null && /^\/(?![/\\])[^\p{Cc}]*$/u.test(to) ? to : '/';
}
