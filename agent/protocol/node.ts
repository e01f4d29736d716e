// The node of a machine: TCP, and the local network's announcements.

import { tcp } from '@libp2p/tcp';

import { type Discovery, mdnsDiscovery } from './discovery.ts';
import { nativeNoiseCrypto } from './noise-cipher.ts';
import { openTransportNode, type PeerNode, type TransportNodeOptions } from './transport-node.ts';

export type { DialOptions, PeerNode, PeerStream } from './transport-node.ts';

export interface PeerNodeOptions extends Omit<
  TransportNodeOptions,
  'transports' | 'discovered' | 'noiseCrypto'
> {
  /** Ask the local network for peers; a node that listens also answers. @default false */
  mdns?: boolean;
  /** Transports beside TCP: WebSockets, a circuit relay. */
  transports?: TransportNodeOptions['transports'];
}

/**
 * Opens a node. Disposal closes its connections.
 * @throws {RangeError} when the seed is not 32 bytes
 */
export async function openPeerNode(options: PeerNodeOptions): Promise<PeerNode> {
  const { mdns = false, transports = [], services, ...rest } = options;
  const announces = (options.listen ?? []).length > 0;
  let discovery: Discovery | undefined;
  return openTransportNode({
    ...rest,
    transports: [tcp(), ...transports],
    noiseCrypto: nativeNoiseCrypto,
    discovered: (publicKey) => discovery?.addressesOf(publicKey) ?? [],
    services: {
      ...services,
      ...(mdns && {
        discovery: (components: Parameters<ReturnType<typeof mdnsDiscovery>>[0]) => {
          discovery = mdnsDiscovery({ announces })(components);
          return discovery;
        },
      }),
    },
  });
}
