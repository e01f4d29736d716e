// The straight way to an appliance, on its own network and not through the relay. The appliance tells where it listens
// for browsers, end to end, so that the host never learns it, and this browser remembers. An address is a hint and no
// more: Noise proves whose key answers there, with the key that is pinned.

/** As many are remembered of one site: an appliance has few networks. */
export const MAX_STRAIGHT = 8;

/** What does not answer by then is on another network than this browser. */
const FIND_MS = 800;

/** Of the addresses that an appliance told, those of private networks and of this computer where browsers may come. */
export function straightAddresses(told: readonly string[]): readonly string[] {
  return told.filter((address) => socketUrl(address) !== null).slice(0, MAX_STRAIGHT);
}

/**
 * Finds the first of these addresses that answers; null: none does. All are tried at once: each that is on another
 * network would be waited for.
 */
export async function findStraight(
  addresses: readonly string[],
  { signal, withinMs = FIND_MS }: { signal: AbortSignal; withinMs?: number },
): Promise<string | null> {
  const { promise: found, resolve } = Promise.withResolvers<string | null>();
  const sockets = addresses.flatMap((address) => {
    const url = socketUrl(address);
    if (url === null) return [];
    const socket = new WebSocket(url);
    socket.onopen = () => resolve(address);
    return [socket];
  });
  const failed = sockets.map(
    (socket) => new Promise<void>((done) => (socket.onerror = () => done())),
  );
  void Promise.all(failed).then(() => resolve(null));
  const late = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
  late.addEventListener('abort', () => resolve(null), { once: true });
  const address = await found;
  for (const socket of sockets) socket.close();
  signal.throwIfAborted();
  return address;
}

/** `ws://192.168.1.2:4011/` of `/ip4/192.168.1.2/tcp/4011/ws`; null for what is no such address, or not private. */
function socketUrl(address: string): string | null {
  const [, four, six, port = ''] =
    /^\/(?:ip4\/(\d{1,3}(?:\.\d{1,3}){3})|ip6\/([0-9a-f:]{2,39}))\/tcp\/(\d{1,5})\/ws$/.exec(
      address,
    ) ?? [];
  const isPrivate = four === undefined ? isPrivate6(six ?? '') : isPrivate4(four);
  const url = `ws://${four ?? `[${six ?? ''}]`}:${port}/`;
  return isPrivate && URL.canParse(url) ? url : null;
}

/** RFC 1918, RFC 3927 link-local, loopback. */
function isPrivate4(host: string): boolean {
  return /^(?:10|127|192\.168|169\.254|172\.(?:1[6-9]|2\d|3[01]))\./.test(host);
}

/** RFC 4193 unique local, loopback. A link-local address is none without its interface. */
function isPrivate6(host: string): boolean {
  return host === '::1' || /^f[cd][0-9a-f]{2}:/.test(host);
}
