// Which device this very browser is: a cookie that no script sees, so that signing out takes its key back also when no
// script is there to do it. Beside the key it holds a secret: with that the browser may do it even when its sign-in
// has run out, and nobody else who knows the key.

import type { Cookies } from '@sveltejs/kit';

import { DEVICE_LIFE_MS, type OwnDevice } from './directory-devices.ts';
import type { Directory } from './directory.ts';
import { disconnect } from './disconnect.ts';
import { ConsoleError, type ConsoleErrorCode } from './error.ts';
import type { Host } from './host.ts';

const COOKIE = 'caisey-device';
const NONE: readonly ConsoleErrorCode[] = ['not-found', 'not-allowed'];

type Relay = { readonly relay: Pick<Host['relay'], 'disconnect'> };

/** What of a request says which device asks, and who. */
export interface OwnDeviceEvent {
  readonly cookies: Pick<Cookies, 'get' | 'set' | 'delete'>;
  readonly url: URL;
  readonly locals: {
    readonly actor: App.Locals['actor'];
    readonly host: Relay & { readonly directory: Pick<Directory, 'revokeOwnDevice'> };
  };
}

/** Remembers the device that was registered from this browser. */
export function keepOwnDevice(
  { cookies, url }: Pick<OwnDeviceEvent, 'cookies' | 'url'>,
  { peerKey, secret }: OwnDevice,
): void {
  cookies.set(COOKIE, `${peerKey} ${secret}`, {
    ...{ path: '/', httpOnly: true, sameSite: 'lax', secure: url.protocol === 'https:' },
    maxAge: DEVICE_LIFE_MS / 1000,
  });
}

/** Takes the key of this browser back, if it has one: the relay ends its connections and lets it in no more. */
export async function revokeOwnDevice({
  cookies,
  locals,
}: Pick<OwnDeviceEvent, 'cookies' | 'locals'>): Promise<void> {
  const own = ownDevice(cookies);
  if (own === null) return;
  const { host } = locals;
  if (await host.directory.revokeOwnDevice(own)) disconnect(host, [own.peerKey]);
  else await revokeDevice(locals, own.peerKey); // the secret may be one of before; a sign-in is as good
  cookies.delete(COOKIE, { path: '/' });
}

/** Takes the keys of all their other browsers back: whoever sits there is out at the relay, too. */
export async function revokeOtherDevices({
  cookies,
  locals: { actor, host },
}: {
  readonly cookies: Cookies;
  readonly locals: App.Locals;
}): Promise<void> {
  if (actor === null) return;
  const own = ownDevice(cookies)?.peerKey ?? null;
  const { peerKeys } = await actor.directory.revokeOtherDevices(own);
  disconnect(host, peerKeys);
}

/**
 * Takes a device's key back. One that is known no more is as revoked as can be, and the relay lets in none of a role
 * that may have none.
 */
export async function revokeDevice(
  { actor, host }: { readonly actor: App.Locals['actor']; readonly host: Relay },
  peerKey: string,
): Promise<void> {
  if (actor === null) return; // whoever does not belong here has no say
  try {
    await actor.directory.revokeDevice(peerKey);
  } catch (cause) {
    const isNone = cause instanceof ConsoleError && NONE.includes(cause.code);
    if (isNone) return;
    throw cause;
  }
  disconnect(host, [peerKey]);
}

function ownDevice(cookies: OwnDeviceEvent['cookies']): OwnDevice | null {
  const [peerKey = '', secret = ''] = cookies.get(COOKIE)?.split(' ') ?? [];
  return peerKey === '' ? null : { peerKey, secret };
}
