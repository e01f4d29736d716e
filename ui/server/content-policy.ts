// Where a page may connect to, besides its own host: the relay, and Clerk where Clerk says who people are. SvelteKit
// writes the policy with its nonces; which relay and which Clerk there is, only the running host knows.

import { multiaddr } from '@multiformats/multiaddr';

/** What `svelte.config.js` leaves open, to be narrowed here. */
const ANY_SOCKET = 'ws: wss:';
/** The policy that is asked for whatever no other made: Clerk's scripts name none. */
const CLERK_TRUSTED_TYPES = 'default';

/** Narrows a policy's `connect-src` to these sources. @throws {Error} when the policy has no place for them */
export function narrowSockets(policy: string, sources: readonly string[]): string {
  if (!policy.includes(ANY_SOCKET)) throw new Error('unreachable: the policy names no sockets');
  return policy.replace(ANY_SOCKET, sources.join(' '));
}

/**
 * Lets a page run and ask one host besides its own, Clerk's: its scripts, what they fetch, and the style elements that
 * they make with the page's nonce. Scripts by address pass through one more Trusted Types policy, which
 * `lib/clerk-scripts.ts` makes and which knows that host alone; text never becomes markup or code.
 */
export function admitClerk(policy: string, host: string): string {
  const [nonce = ''] = /'nonce-[^']+'/.exec(policy) ?? [];
  const added: Readonly<Record<string, string>> = {
    'script-src': `https://${host}`,
    'connect-src': `https://${host}`,
    'style-src': nonce,
    'trusted-types': CLERK_TRUSTED_TYPES,
  };
  return policy
    .split(';')
    .map((directive) => {
      const [name = ''] = directive.trim().split(' ');
      return Object.hasOwn(added, name) ? `${directive} ${added[name] ?? ''}` : directive;
    })
    .join(';');
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
