// By which addresses of the console's relay a page reaches an appliance.

import type { ApplianceAddress } from '#appliance/protocol/client-node.ts';
import { parsePersonKey } from '#crypto/person-key.ts';

/** Null: the appliance has not joined yet. */
export function applianceAddress({
  peerKey,
  relay,
}: {
  /** `ed25519:…` */
  peerKey: string | null;
  /** The console's relay. */
  relay: readonly string[];
}): ApplianceAddress | null {
  if (peerKey === null) return null;
  const parsed = parsePersonKey(peerKey);
  if (parsed.kind !== 'ed25519') return null;
  const addresses = relay.map((address) => `${address}/p2p-circuit`);
  return { publicKey: parsed.publicKey, addresses };
}
