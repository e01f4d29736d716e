// Which device this very browser is: a cookie that no script sees, so that signing out takes its key back also when no
// script is there to do it.

import type { Cookies } from '@sveltejs/kit';

import { DEVICE_LIFE_MS } from './directory-devices.ts';
import { disconnect } from './disconnect.ts';
import { ConsoleError, type ConsoleErrorCode } from './error.ts';

const COOKIE = 'caisey-device';
const NONE: readonly ConsoleErrorCode[] = ['not-found', 'not-allowed'];

/** Remembers the device that was registered from this browser. */
export function keepOwnDevice(
  { cookies, url }: { cookies: Cookies; url: URL },
  peerKey: string,
): void {
  cookies.set(COOKIE, peerKey, {
    ...{ path: '/', httpOnly: true, sameSite: 'lax', secure: url.protocol === 'https:' },
    maxAge: DEVICE_LIFE_MS / 1000,
  });
}

/** Takes the key of this browser back, if it has one: the relay ends its connections and lets it in no more. */
export async function revokeOwnDevice(event: {
  readonly cookies: Cookies;
  readonly locals: App.Locals;
}): Promise<void> {
  const peerKey = event.cookies.get(COOKIE);
  if (peerKey === undefined) return;
  event.cookies.delete(COOKIE, { path: '/' });
  await revokeDevice(event.locals, peerKey);
}

/** Takes the keys of all their other browsers back: whoever sits there is out at the relay, too. */
export async function revokeOtherDevices(event: {
  readonly cookies: Cookies;
  readonly locals: App.Locals;
}): Promise<void> {
  const { actor, host } = event.locals;
  if (actor === null) return;
  const { peerKeys } = await actor.directory.revokeOtherDevices(event.cookies.get(COOKIE) ?? null);
  disconnect(host, peerKeys);
}

/**
 * Takes a device's key back. One that is known no more is as revoked as can be, and the relay lets in none of a role
 * that may have none.
 */
export async function revokeDevice(
  { actor, host }: Pick<App.Locals, 'actor' | 'host'>,
  peerKey: string,
): Promise<void> {
  if (actor === null) return; // whoever does not belong here has no device
  try {
    await actor.directory.revokeDevice(peerKey);
  } catch (cause) {
    const isNone = cause instanceof ConsoleError && NONE.includes(cause.code);
    if (isNone) return;
    throw cause;
  }
  disconnect(host, [peerKey]);
}
