// Who may connect to the appliance: the peers whose keys are pinned, in both directions, and nobody else.
// libp2p asks right after the Noise handshake has proved the key, before the peer can open a stream.

import type { ConnectionGater, PeerId } from '@libp2p/interface';

import { publicKeyOfPeer } from '#agent/protocol/peer.ts';
import type { Bytes } from '#crypto/bytes.ts';

/** Says what a key is here: `endpoint`, `technician`, …; null for a key that nobody pinned. Asked each time. */
export interface Pins {
  roleOf(publicKey: Bytes): string | null;
}

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

export const MAX_REPORTS = 10;
export const REPORT_MS = 60_000;

/** Creates the gater of a node that knows its peers. A removed pin holds at once for whoever comes next;
 * connections that are open have to be closed (`PeerNode.disconnect`). */
export function createGater({ pins, onRefused, now }: GaterOptions): ConnectionGater {
  const isUnknown = (peer: PeerId): boolean => roleOfPeer(pins, peer) === null;
  const report = limitReports(onRefused, now);
  return {
    denyDialPeer: isUnknown,
    denyOutboundConnection: isUnknown,
    denyOutboundEncryptedConnection: isUnknown,
    denyInboundEncryptedConnection(peer, { remoteAddr }) {
      if (!isUnknown(peer)) return false;
      report({ publicKey: publicKeyOrNull(peer), address: remoteAddr.toString() });
      return true;
    },
    // We relay for nobody; who comes through a relay is known, and so is the relay.
    denyInboundRelayReservation: () => true,
    denyOutboundRelayedConnection: () => true,
    denyInboundRelayedConnection: (relay, peer) => isUnknown(relay) || isUnknown(peer),
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

function limitReports(
  onRefused: (refusal: Refusal) => void,
  now: () => number,
): (refusal: Omit<Refusal, 'unreported'>) => void {
  let startedMs = now();
  let reported = 0;
  let unreported = 0;
  return (refusal) => {
    if (now() - startedMs >= REPORT_MS) {
      startedMs = now();
      reported = 0;
    }
    if (reported >= MAX_REPORTS) {
      unreported++;
      return;
    }
    reported++;
    onRefused({ ...refusal, unreported });
    unreported = 0;
  };
}
