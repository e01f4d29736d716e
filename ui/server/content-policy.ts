// Where a page may connect to, besides its own host: the relay. SvelteKit writes the policy with its nonces; which
// relay there is, only the host knows.

import { multiaddr } from '@multiformats/multiaddr';

/** What `svelte.config.js` leaves open, to be narrowed here. */
const ANY_SOCKET = 'ws: wss:';

/** Narrows a policy's `connect-src` to these sources. @throws {Error} when the policy has no place for them */
export function narrowSockets(policy: string, sources: readonly string[]): string {
  if (!policy.includes(ANY_SOCKET)) throw new Error('unreachable: the policy names no sockets');
  return policy.replace(ANY_SOCKET, sources.join(' '));
}

/**
 * The sources by which a page reaches its relay: `wss://relay.example:443`. A page by plain http also reaches
 * appliances on its own network by WebSocket, at addresses that the host does not know beforehand.
 */
export function socketSources(
  relay: readonly string[],
  { isSecurePage }: { isSecurePage: boolean },
): readonly string[] {
  if (!isSecurePage) return ['ws:', 'wss:'];
  return relay.flatMap((address) => sourceOf(address) ?? []);
}

/** Null for an address that a secure page may not open. */
function sourceOf(address: string): string | null {
  const parts = multiaddr(address).getComponents();
  const isSecure = parts.some(({ name }) => name === 'tls' || name === 'wss');
  const host = parts.find(({ name }) => /^(?:ip4|ip6|dns|dns4|dns6)$/.test(name));
  const port = parts.find(({ name }) => name === 'tcp')?.value;
  if (!isSecure || host?.value === undefined || port === undefined) return null;
  const name = host.name === 'ip6' ? `[${host.value}]` : host.value;
  return `wss://${name}:${port}`;
}
