// By which addresses a page reaches an appliance: straight on the local network where it may, else by the relay.

import type { ApplianceAddress } from '#appliance/protocol/client-node.ts';
import { parsePersonKey } from '#crypto/person-key.ts';

/** Null: the appliance has not joined yet. */
export function applianceAddress({
  peerKey,
  addresses,
  relay,
  isSecurePage,
}: {
  /** `ed25519:…` */
  peerKey: string | null;
  /** What the appliance listens on, on its own network. */
  addresses: readonly string[];
  /** The console's relay. */
  relay: readonly string[];
  /** A page by https may open no plain WebSocket. */
  isSecurePage: boolean;
}): ApplianceAddress | null {
  if (peerKey === null) return null;
  const parsed = parsePersonKey(peerKey);
  if (parsed.kind !== 'ed25519') return null;
  const direct = isSecurePage ? [] : addresses.filter((address) => address.endsWith('/ws'));
  const relayed = relay.map((address) => `${address}/p2p-circuit`);
  return { publicKey: parsed.publicKey, addresses: [...direct, ...relayed] };
}
