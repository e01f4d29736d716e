// A client's node where there is no TCP: in a browser. It reaches an appliance through the console's circuit
// relay, or straight by WebSocket; either way Noise runs from end to end, with the appliance's pinned key.

import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import { identify } from '@libp2p/identify';
import { webSockets } from '@libp2p/websockets';

import { openConversation } from '#agent/protocol/conversation.ts';
import {
  openTransportNode,
  type PeerNode,
  type PeerStream,
} from '#agent/protocol/transport-node.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { Client } from './client.ts';
import {
  CLIENT_PROTOCOL,
  type ClientAnswer,
  clientAnswerSchema,
  type ClientRequest,
} from './client-message.ts';

/** A node that dials appliances. */
export type ClientNode = PeerNode;

export interface ApplianceAddress {
  /** The appliance's pinned peer key: 32 raw bytes. Whoever else answers is refused. */
  readonly publicKey: Bytes;
  /** Multiaddrs, tried one after the other: `/ip4/192.0.2.7/tcp/4011/ws`, `<relay>/p2p-circuit`. */
  readonly addresses: readonly string[];
}

/**
 * Opens a node that dials by WebSocket and relay, and lets nobody in. Disposal closes its connections.
 * @throws {RangeError} when the seed is not 32 bytes
 */
export function openClientNode(options: { seed: Bytes }): Promise<ClientNode> {
  return openTransportNode({
    seed: options.seed,
    transports: [webSockets(), circuitRelayTransport()],
    services: { identify: identify({ runOnConnectionOpen: false }) }, // the relay transport demands it
    gater: {
      denyInboundConnection: () => true,
      denyInboundRelayedConnection: () => true,
      // libp2p's own rule for browsers refuses every address of a local network.
      denyDialMultiaddr: () => false,
    },
  });
}

/**
 * Opens a client's conversation with an appliance.
 * @throws {ProtocolError} as `PeerNode.dial`
 */
export async function openClient(
  node: ClientNode,
  { publicKey, addresses, signal }: ApplianceAddress & { signal: AbortSignal },
): Promise<Client> {
  return clientOver(await node.dial({ publicKey, addresses, protocol: CLIENT_PROTOCOL, signal }));
}

/** Makes a client of a stream that a dial just gave: call it in the same tick. */
export function clientOver({ stream, remotePublicKey, isRelayed }: PeerStream): Client {
  return new Client(
    openConversation<ClientAnswer, ClientRequest>(stream, {
      schema: clientAnswerSchema,
      remotePublicKey,
    }),
    { isRelayed },
  );
}
