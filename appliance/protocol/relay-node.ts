// The console's node: a circuit relay (libp2p circuit relay v2) that appliances keep reservations on and browsers
// come to. It carries ciphertext: Noise runs from browser to appliance, inside what is relayed. Who may connect,
// reserve and reach whom is its owner's to say; everything has a bound.

import { circuitRelayServer } from '@libp2p/circuit-relay-v2';
import type { PeerId } from '@libp2p/interface';
import { webSockets } from '@libp2p/websockets';

import { type Conversation, openConversation } from '#agent/protocol/conversation.ts';
import { openPeerNode, type PeerNode } from '#agent/protocol/node.ts';
import { formatPeer, publicKeyOfPeer } from '#agent/protocol/peer.ts';
import type { Bytes } from '#crypto/bytes.ts';
import {
  MAX_CIRCUITS_FROM_PEER,
  MAX_CIRCUITS_TO_PEER,
  MAX_CONNECTIONS_PER_ADDRESS,
  MAX_CONNECTIONS_PER_PEER,
  MAX_RESERVATIONS,
  RESERVATION_MS,
} from './relay-limits.ts';
import { pacedRelay } from './relay-pace.ts';
import {
  UPLINK_PROTOCOL,
  type UplinkDown,
  type UplinkUp,
  uplinkUpSchema,
} from './uplink-message.ts';

const HOP_MS = 10_000;

/** Who may do what at the relay, by the keys that Noise proved. Asked each time. */
export interface RelayRules {
  mayConnect(publicKey: Bytes): Promise<boolean>;
  mayReserve(publicKey: Bytes): Promise<boolean>;
  mayReach(from: Bytes, to: Bytes): Promise<boolean>;
}

export type UplinkConversation = Conversation<UplinkUp, UplinkDown>;

type Shared = 'publicKey' | 'addresses' | 'connections' | 'isConnected' | 'disconnect' | 'onGone';

export interface RelayNode extends Pick<PeerNode, Shared>, AsyncDisposable {
  /** In which its addresses end. */
  readonly peerId: string;
  /** Serves appliances' uplinks. Called in the tick that gives the stream. */
  onUplink(serve: (conversation: UplinkConversation) => void): Promise<void>;
}

export interface RelayNodeOptions {
  /** The 32-byte Ed25519 seed of the relay's key. */
  readonly seed: Bytes;
  /** Multiaddrs: `/ip4/0.0.0.0/tcp/4020`, `/ip4/0.0.0.0/tcp/4021/ws`. */
  readonly listen: readonly string[];
  readonly rules: RelayRules;
}

/** Opens the relay. Disposal closes its connections. */
export async function openRelayNode({ seed, listen, rules }: RelayNodeOptions): Promise<RelayNode> {
  const node: PeerNode = await openPeerNode({
    seed,
    listen,
    transports: [webSockets()],
    gater: {
      // It dials nobody, and is reached through nobody.
      denyDialPeer: () => true,
      denyDialMultiaddr: () => true,
      denyOutboundConnection: () => true,
      denyInboundRelayedConnection: () => true,
      denyInboundConnection: ({ remoteAddr }) => isCrowded(remoteAddr.toString(), node.connections),
      async denyInboundEncryptedConnection(peer) {
        const publicKey = keyOf(peer);
        if (publicKey === null || !(await rules.mayConnect(publicKey))) return true;
        const own = node.connections.filter((other) => isSame(other.publicKey, publicKey));
        return own.length >= MAX_CONNECTIONS_PER_PEER;
      },
      async denyInboundRelayReservation(peer) {
        const publicKey = keyOf(peer);
        return publicKey === null || !(await rules.mayReserve(publicKey));
      },
      async denyOutboundRelayedConnection(source, destination) {
        const [from, to] = [keyOf(source), keyOf(destination)];
        return from === null || to === null || !(await rules.mayReach(from, to));
      },
    },
    services: {
      relay: pacedRelay(
        circuitRelayServer({
          hopTimeout: HOP_MS,
          maxInboundHopStreams: MAX_CIRCUITS_FROM_PEER,
          maxOutboundStopStreams: MAX_CIRCUITS_TO_PEER,
          reservations: {
            maxReservations: MAX_RESERVATIONS,
            reservationTtl: RESERVATION_MS,
            applyDefaultLimit: false, // 128 KiB and two minutes: for strangers, and here are none
          },
        }),
      ),
    },
  });
  return {
    publicKey: node.publicKey,
    peerId: formatPeer(node.publicKey),
    get addresses() {
      return node.addresses;
    },
    get connections() {
      return node.connections;
    },
    isConnected: (publicKey) => node.isConnected(publicKey),
    disconnect: (publicKey) => {
      node.disconnect(publicKey);
    },
    onGone: (listener) => node.onGone(listener),
    onUplink: (serve) =>
      node.handle(UPLINK_PROTOCOL, (stream, remotePublicKey) => {
        serve(openConversation(stream, { schema: uplinkUpSchema, remotePublicKey }));
      }),
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  };
}

function isCrowded(address: string, connections: readonly { address: string }[]): boolean {
  const host = hostOf(address);
  if (host === null || /^127\.|^::1$/.test(host)) return false;
  const same = connections.filter((other) => hostOf(other.address) === host);
  return same.length >= MAX_CONNECTIONS_PER_ADDRESS;
}

function hostOf(address: string): string | null {
  return /^\/ip[46]\/([^/]+)/.exec(address)?.[1] ?? null;
}

/** Null for a key of another type: nobody can have pinned it. */
function keyOf(peer: PeerId): Bytes | null {
  return peer.type === 'Ed25519' ? publicKeyOfPeer(peer) : null;
}

function isSame(a: Bytes, b: Bytes): boolean {
  return a.every((byte, i) => byte === b[i]);
}
