// By which addresses the world reaches the relay, where its operator says so. Who dials must know whose key answers
// there: each address ends in the relay's peer id.

import { multiaddr } from '@multiformats/multiaddr';

import { ConsoleError } from './error.ts';

/**
 * Completes the addresses of RELAY_ANNOUNCE by the relay's own peer id where they name none.
 * @throws {ConsoleError} code `config` for an address that names another peer
 */
export function announcedAddresses(addresses: readonly string[], own: string): readonly string[] {
  return addresses.map((address) => {
    const named = multiaddr(address)
      .getComponents()
      .filter(({ name }) => name === 'p2p');
    if (named.length === 0) return `${address.replace(/\/$/, '')}/p2p/${own}`;
    if (named.every(({ value }) => value === own)) return address;
    throw new ConsoleError(
      'config',
      `Cannot start console: RELAY_ANNOUNCE names another peer than this relay, which is ${own}; leave /p2p/… out, it is added`,
    );
  });
}
