// Who may connect to the appliance: the peers whose keys are pinned, in both directions, and guests, who say who they
// are. An endpoint that was removed may come in by itself, to be told so: what anybody may ask is said by roles.
// libp2p asks right after the Noise handshake has proved the key, before the peer can open a stream.

import type { ConnectionGater, PeerId } from '@libp2p/interface';

import { publicKeyOfPeer } from '#agent/protocol/peer.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { limitReports } from './report-limit.ts';

/** Says what a key is here: `endpoint`, `removed`, …; null for a key that nobody pinned. Asked each time. */
export interface Pins {
  roleOf(publicKey: Bytes): string | null;
  /**
   * Whether a key that nobody pinned may come in from there as a guest, or one that was removed, to be told so.
   * Asked for each of its connections.
   */
  admit?(publicKey: Bytes, from: { address: string; isRemoved: boolean }): boolean;
}

/** The role of a key that nobody pinned, and that was let in to say who it is. */
export const GUEST = 'guest';
/** The role of the console, whose relay others come through. */
export const CONSOLE = 'console';

/** A peer that was turned away. */
export interface Refusal {
  /** The key it proved; null when that is no Ed25519 key. */
  readonly publicKey: Bytes | null;
  readonly address: string;
  /** Refusals since the last report that were not reported. */
  readonly unreported: number;
}

export interface GaterOptions {
  pins: Pins;
  /** Told of refusals, MAX_REPORTS in REPORT_MS at most: whoever may knock must not fill the log. */
  onRefused: (refusal: Refusal) => void;
  /** Milliseconds, of any origin. */
  now: () => number;
}

/** The role of an endpoint that was removed. */
const REMOVED = 'removed';

/** Creates the gater of a node that knows its peers. A removed pin holds at once for whoever comes next;
 * connections that are open have to be closed (`PeerNode.disconnect`). */
export function createGater({ pins, onRefused, now }: GaterOptions): ConnectionGater {
  const isUnknown = (peer: PeerId): boolean => {
    const role = roleOfPeer(pins, peer);
    return role === null || role === REMOVED || role === GUEST;
  };
  const report = limitReports<Omit<Refusal, 'unreported'>>((refusal, unreported) => {
    onRefused({ ...refusal, unreported });
  }, now);
  return {
    denyDialPeer: isUnknown,
    denyOutboundConnection: isUnknown,
    denyOutboundEncryptedConnection: isUnknown,
    denyInboundEncryptedConnection(peer, { remoteAddr }) {
      const role = roleOfPeer(pins, peer);
      const isRemoved = role === REMOVED;
      if (role !== null && role !== GUEST && !isRemoved) return false;
      const publicKey = publicKeyOrNull(peer);
      const address = remoteAddr.toString();
      if (publicKey !== null && pins.admit?.(publicKey, { address, isRemoved }) === true)
        return false;
      report({ publicKey, address });
      return true;
    },
    // We relay for nobody, and are reached through the console's relay alone. Who comes through it proves a
    // key of their own in the handshake that follows: this is only what the relay says.
    denyInboundRelayReservation: () => true,
    denyOutboundRelayedConnection: () => true,
    denyInboundRelayedConnection: (relay) => roleOfPeer(pins, relay) !== CONSOLE,
    filterMultiaddrForPeer: (peer) => !isUnknown(peer),
  };
}

/** The role of a peer; null when it is not pinned, or has a key of another type than we pin. */
export function roleOfPeer(pins: Pins, peer: PeerId): string | null {
  const publicKey = publicKeyOrNull(peer);
  return publicKey === null ? null : pins.roleOf(publicKey);
}

function publicKeyOrNull(peer: PeerId): Bytes | null {
  return peer.type === 'Ed25519' ? publicKeyOfPeer(peer) : null;
}
