// The appliance's libp2p node: listens for endpoints, consoles and CLIs, lets in only pinned keys, and gives
// each protocol only to the roles that it is for.

import type { Stream } from '@libp2p/interface';
import { webSockets } from '@libp2p/websockets';

import { ProtocolError } from '#agent/protocol/error.ts';
import { openPeerNode, type PeerNode, type PeerNodeOptions } from '#agent/protocol/node.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { explainListen } from '../listen-error.ts';
import { createGater, type GaterOptions, type Pins } from './gater.ts';

/** A stream of a known peer, in the role that it had when it opened the stream. */
export interface RoleStream {
  readonly stream: Stream;
  readonly remotePublicKey: Bytes;
  readonly role: string;
}

export interface BrokerNode extends Omit<PeerNode, 'handle'> {
  /**
   * Serves a protocol to some roles. The handler attaches its reader at once; if it throws, the stream is
   * reset, as it is for every other role.
   */
  handle(
    protocol: string,
    options: { roles: readonly string[]; serve: (opened: RoleStream) => void },
  ): Promise<void>;
}

export interface BrokerNodeOptions extends GaterOptions {
  seed: Bytes;
  /** Multiaddrs; those that end in `/ws` are for browsers on the same network. */
  listen: readonly string[];
  /** Announce the appliance on the local network. @default false */
  mdns?: boolean;
  transports?: NonNullable<PeerNodeOptions['transports']>;
  services?: NonNullable<PeerNodeOptions['services']>;
}

/**
 * Opens the node. Remove a pin first and `disconnect` its peer after: then it is out, and stays out.
 * @throws {ListenError} when it cannot listen where it should
 */
export async function openBrokerNode(options: BrokerNodeOptions): Promise<BrokerNode> {
  const { pins, onRefused, now, transports = [], ...rest } = options;
  const hasWebSockets = options.listen.some((address) => /\/wss?$/.test(address));
  const opening = openPeerNode({
    ...rest,
    gater: createGater({ pins, onRefused, now }),
    transports: hasWebSockets ? [webSockets(), ...transports] : transports,
  });
  const node = await opening.catch(async (cause: unknown) => {
    throw await explainListen(cause, options.listen);
  });
  return {
    publicKey: node.publicKey,
    get addresses() {
      return node.addresses;
    },
    dial: (dialOptions) => node.dial(dialOptions),
    discovered: (publicKey) => node.discovered(publicKey),
    isConnected: (publicKey) => node.isConnected(publicKey),
    get connections() {
      return node.connections;
    },
    onGone: (listener) => node.onGone(listener),
    disconnect: (publicKey) => node.disconnect(publicKey),
    handle: (protocol, { roles, serve }) =>
      node.handle(protocol, (stream, remotePublicKey) => {
        // Again, for the pin may have gone while the connection was being made.
        const role = checkRole(pins, { roles, remotePublicKey, protocol });
        serve({ stream, remotePublicKey, role });
      }),
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  };
}

function checkRole(
  pins: Pins,
  asked: { roles: readonly string[]; remotePublicKey: Bytes; protocol: string },
): string {
  const role = pins.roleOf(asked.remotePublicKey);
  if (role !== null && asked.roles.includes(role)) return role;
  throw new ProtocolError('peer-unknown', `Cannot serve "${asked.protocol}": wrong role`);
}
