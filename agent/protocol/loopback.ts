// Addresses of this computer itself, as libp2p writes them.

/** Whether nobody but this computer is at a multiaddr: it is of loopback. */
export function isLoopback(address: string): boolean {
  return address.startsWith('/ip4/127.') || address.startsWith('/ip6/::1/');
}
