// Where peers say they are on the local network (mDNS, RFC 6762, the way libp2p specifies it). Anybody there
// may answer for anybody: addresses are hints, proved by the handshake of a dial that pins the key. So they
// stay out of libp2p's peer store, which a flood of made-up peers would fill, and in a bounded map of ours.

import { type PeerDiscovery, type PeerInfo, start, stop } from '@libp2p/interface';
import { mdns, type MulticastDNSComponents } from '@libp2p/mdns';

import { formatPeer } from './peer.ts';

const MAX_PEERS = 256;
const MAX_ADDRESSES = 8;

/** Discovery is a libp2p service: it starts and stops with its node. */
export class Discovery {
  readonly #source: PeerDiscovery;
  /** By peer id; the least recently heard first. */
  readonly #addresses = new Map<string, readonly string[]>();

  constructor(source: PeerDiscovery) {
    this.#source = source;
    source.addEventListener('peer', ({ detail }) => this.#remember(detail));
  }

  /** The addresses last announced for a peer, without its peer id; none when it was not heard. */
  addressesOf(publicKey: Uint8Array): readonly string[] {
    return this.#addresses.get(formatPeer(publicKey)) ?? [];
  }

  start(): Promise<void> {
    return start(this.#source);
  }

  stop(): Promise<void> {
    return stop(this.#source);
  }

  #remember({ id, multiaddrs }: PeerInfo): void {
    const name = id.toString();
    this.#addresses.delete(name);
    const addresses = multiaddrs.slice(0, MAX_ADDRESSES).map((address) => address.toString());
    this.#addresses.set(name, addresses);
    for (const oldest of this.#addresses.keys()) {
      if (this.#addresses.size <= MAX_PEERS) return;
      this.#addresses.delete(oldest);
    }
  }
}

/** Makes the service. A node that `announces` answers questions with its own addresses. */
export function mdnsDiscovery({
  announces,
}: {
  announces: boolean;
}): (components: MulticastDNSComponents) => Discovery {
  return (components) => new Discovery(mdns({ broadcast: announces })(components));
}
