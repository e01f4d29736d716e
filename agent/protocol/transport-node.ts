// A libp2p node as this house uses it, on any runtime: Noise, yamux, and a key that the other side has pinned. It
// dials only whom it is told, listens only where it is told, and by default lets nobody in. Which transports
// it has is its opener's choice: a browser has others than an agent.

import { type ICryptoInterface, noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { identify } from '@libp2p/identify';
import type { Connection, ConnectionGater, PeerId, Stream } from '@libp2p/interface';
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr';
import { createLibp2p, type Libp2pOptions } from 'libp2p';

import { type Bytes, copyBytes } from '#crypto/bytes.ts';
import { openDeadline } from './deadline.ts';
import { ProtocolError } from './error.ts';
import * as limits from './limits.ts';
import { inOneWrite } from './one-write.ts';
import { peerIdFromPublicKey, publicKeyOfPeer } from './peer.ts';
import { grantingByHalves } from './window.ts';

export interface DialOptions {
  /** Multiaddrs, tried one after the other: `/ip4/192.0.2.7/tcp/4010`. */
  addresses: readonly string[];
  /** The pinned key: 32 raw bytes. Whoever else answers is refused. */
  publicKey: Bytes;
  protocol: string;
  signal: AbortSignal;
}

/** A stream whose peer has proved its key. Attach a reader in the tick that gets it. */
export interface PeerStream {
  readonly stream: Stream;
  readonly remotePublicKey: Bytes;
  /** Whether a relay carries it. */
  readonly isRelayed: boolean;
}

/** An open connection: with whom, and their address as it looks from here. */
export interface PeerConnection {
  readonly publicKey: Bytes;
  readonly address: string;
}

export interface PeerNode extends AsyncDisposable {
  readonly publicKey: Bytes;
  /** Where it listens now: multiaddrs that end in its peer id. */
  readonly addresses: readonly string[];
  /**
   * Opens a stream to a pinned peer, over the connection that is open or over a new one.
   * @throws {ProtocolError} code `peer-unknown` when another key answers
   * @throws {ProtocolError} code `peer-unreachable`, `peer-closed` (it hung up on us: it may not know our
   *   key), `protocol-unsupported`, or `timeout` after DIAL_MS
   * @throws the signal's reason when it aborts
   */
  dial(options: DialOptions): Promise<PeerStream>;
  /** Serves a protocol. The handler attaches its reader at once; if it throws, the stream is reset. */
  handle(
    protocol: string,
    handler: (stream: Stream, remotePublicKey: Bytes) => void,
  ): Promise<void>;
  /** Addresses that were announced for a peer on the local network: hints. Empty without mDNS. */
  discovered(publicKey: Bytes): readonly string[];
  /** Whether a connection to the peer is open. */
  isConnected(publicKey: Bytes): boolean;
  /** The connections that are open now. */
  readonly connections: readonly PeerConnection[];
  /** Told of each peer whose last connection has closed; returns how to stop listening. */
  onGone(listener: (publicKey: Bytes) => void): () => void;
  /** Closes all connections with the peer at once; its streams are lost. */
  disconnect(publicKey: Bytes): void;
}

type Libp2pInit = Libp2pOptions;

export interface TransportNodeOptions {
  /** The 32-byte Ed25519 seed of the node's key. */
  seed: Bytes;
  /** At least one: TCP, WebSockets, a circuit relay. */
  transports: NonNullable<Libp2pInit['transports']>;
  /** What Noise is computed with. @default libp2p's, which runs everywhere */
  noiseCrypto?: ICryptoInterface;
  /** Multiaddrs to listen on: `/ip4/0.0.0.0/tcp/4010`. @default none */
  listen?: readonly string[];
  /** Who may connect. @default nobody; dialling stays free, for every dial names its peer's key */
  gater?: ConnectionGater;
  /** Further libp2p services, by name. */
  services?: NonNullable<Libp2pInit['services']>;
  /** Addresses announced for a peer on the local network. @default none */
  discovered?: (publicKey: Bytes) => readonly string[];
}

/**
 * Opens a node. Disposal closes its connections.
 * @throws {RangeError} when the seed is not 32 bytes
 */
export async function openTransportNode(options: TransportNodeOptions): Promise<PeerNode> {
  const { seed, listen = [], gater, transports, services, discovered = () => [] } = options;
  const { noiseCrypto: crypto } = options;
  if (seed.length !== 32)
    throw new RangeError(`Cannot open node: the seed has ${seed.length} bytes`);
  const privateKey = await generateKeyPairFromSeed('Ed25519', seed);
  const libp2p = await createLibp2p({
    ...fixedOptions(),
    connectionEncrypters: [noise(crypto === undefined ? {} : { crypto })],
    privateKey,
    addresses: { listen: [...listen] },
    connectionGater: gater ?? { denyInboundConnection: () => true },
    transports: transports.map(inOneWrite),
    services: {
      ...services,
      // Answers who asks, asks nobody: every peer is known by its key, and each question costs a stream.
      ...(listen.length > 0 && { identify: identify({ runOnConnectionOpen: false }) }),
    },
  });
  return peerNode(libp2p, { publicKey: copyBytes(privateKey.publicKey.raw), discovered });
}

type Libp2pNode = Awaited<ReturnType<typeof createLibp2p>>;

function peerNode(
  libp2p: Libp2pNode,
  {
    publicKey,
    discovered,
  }: { publicKey: Bytes; discovered: (publicKey: Bytes) => readonly string[] },
): PeerNode {
  return {
    publicKey,
    get addresses() {
      return libp2p.getMultiaddrs().map((address) => address.toString());
    },
    dial: (options) => dial(libp2p, options),
    handle: (protocol, handler) =>
      libp2p.handle(
        protocol,
        (stream, { remotePeer }) => handler(stream, publicKeyOfPeer(remotePeer)),
        STREAM_OPTIONS,
      ),
    discovered,
    isConnected: (peer) => libp2p.getConnections(peerIdFromPublicKey(peer)).length > 0,
    get connections() {
      return libp2p.getConnections().map(({ remotePeer, remoteAddr }) => ({
        publicKey: publicKeyOfPeer(remotePeer),
        address: remoteAddr.toString(),
      }));
    },
    onGone(listener) {
      const onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
        if (detail.type === 'Ed25519') listener(publicKeyOfPeer(detail)); // no other was let in
      };
      libp2p.addEventListener('peer:disconnect', onDisconnect);
      return () => {
        libp2p.removeEventListener('peer:disconnect', onDisconnect);
      };
    },
    disconnect(peer) {
      const reason = new ProtocolError('peer-unknown', 'Connection closed: the peer was removed');
      for (const connection of libp2p.getConnections(peerIdFromPublicKey(peer))) {
        connection.abort(reason);
      }
    },
    [Symbol.asyncDispose]: async () => {
      await libp2p.stop();
    },
  };
}

const STREAM_OPTIONS = {
  maxInboundStreams: limits.MAX_STREAMS_PER_PROTOCOL,
  maxOutboundStreams: limits.MAX_STREAMS_PER_PROTOCOL,
  runOnLimitedConnection: true,
};

function fixedOptions(): Libp2pInit {
  return {
    nodeInfo: { name: 'caisey', version: '1', userAgent: 'caisey' },
    streamMuxers: [
      grantingByHalves(
        yamux({
          maxInboundStreams: limits.MAX_STREAMS_PER_CONNECTION,
          maxOutboundStreams: limits.MAX_STREAMS_PER_CONNECTION,
          streamOptions: {
            maxStreamWindowSize: limits.STREAM_WINDOW_BYTES,
            maxReadBufferLength: limits.MAX_STREAM_BUFFER_BYTES,
          },
        }),
      ),
    ],
    connectionManager: {
      maxConnections: limits.MAX_CONNECTIONS,
      maxIncomingPendingConnections: limits.MAX_INBOUND_PENDING,
      inboundConnectionThreshold: limits.MAX_INBOUND_PER_SECOND,
      inboundUpgradeTimeout: limits.HANDSHAKE_MS,
      addressDialTimeout: limits.DIAL_ADDRESS_MS,
      reconnectRetries: 0,
    },
  };
}

async function dial(libp2p: Libp2pNode, options: DialOptions): Promise<PeerStream> {
  const peer = peerIdFromPublicKey(options.publicKey);
  const targets = options.addresses.map((address) => parseAddress(address, peer));
  using deadline = openDeadline(limits.DIAL_MS, {
    signal: options.signal,
    onLate: () => new ProtocolError('timeout', 'Cannot dial: the peer took too long'),
  });
  const { signal } = deadline;
  signal.throwIfAborted();
  const connection = await connect(libp2p, { peer, targets, signal });
  try {
    const stream = await connection.newStream(options.protocol, { ...STREAM_OPTIONS, signal });
    const { remotePeer, remoteAddr } = connection;
    const isRelayed = remoteAddr.getComponents().some(({ name }) => name === 'p2p-circuit');
    return { stream, remotePublicKey: publicKeyOfPeer(remotePeer), isRelayed };
  } catch (cause) {
    // What does not even answer to a new stream is of no use to the next dial, which would take it again.
    if (signal.aborted) connection.abort(asError(signal.reason));
    signal.throwIfAborted();
    throw streamRefused(cause, options.protocol);
  }
}

async function connect(
  libp2p: Libp2pNode,
  { peer, targets, signal }: { peer: PeerId; targets: Multiaddr[]; signal: AbortSignal },
): Promise<Connection> {
  const open = libp2p.getConnections(peer).find(({ status }) => status === 'open');
  if (open !== undefined) return open;
  if (targets.length === 0) {
    throw new ProtocolError('peer-unreachable', 'Cannot dial: no address is known');
  }
  try {
    return await libp2p.dial(targets, { signal });
  } catch (cause) {
    signal.throwIfAborted();
    throw dialFailed(cause);
  }
}

/** Pins the address: Noise then accepts no other key. */
function parseAddress(text: string, peer: PeerId): Multiaddr {
  let address: Multiaddr;
  try {
    address = multiaddr(text);
  } catch (cause) {
    throw new ProtocolError('peer-unreachable', `Cannot dial "${text}": no address`, { cause });
  }
  const named = address.getComponents().findLast(({ name }) => name === 'p2p')?.value;
  if (named === undefined || text.endsWith('/p2p-circuit')) {
    return address.encapsulate(`/p2p/${peer.toString()}`);
  }
  if (named === peer.toString()) return address;
  throw new ProtocolError('peer-unknown', `Cannot dial "${text}": it names another peer`);
}

function dialFailed(cause: unknown): ProtocolError {
  const causes: readonly unknown[] = cause instanceof AggregateError ? cause.errors : [cause];
  // libp2p keeps no class or code of what failed in the handshake, only the words of Noise.
  if (causes.some((each) => asError(each).message.includes('does not match expected remote'))) {
    return new ProtocolError('peer-unknown', 'Cannot dial: another key answered', { cause });
  }
  const why = new Set(causes.map(dialProblem));
  return new ProtocolError('peer-unreachable', `Cannot dial: ${[...why].join('; ')}`, { cause });
}

/** A WebSocket that does not open fails with an event, which in a browser does not say why. */
function dialProblem(cause: unknown): string {
  return cause instanceof Event ? 'no connection' : asError(cause).message;
}

function streamRefused(cause: unknown, protocol: string): ProtocolError {
  if (asError(cause).name === 'UnsupportedProtocolError') {
    return new ProtocolError('protocol-unsupported', `Cannot dial: peer lacks "${protocol}"`, {
      cause,
    });
  }
  return new ProtocolError(
    'peer-closed',
    'Cannot dial: the peer hung up, it may not know our key',
    {
      cause,
    },
  );
}

function asError(value: unknown): Error {
  return value instanceof Error ? value : new Error(String(value));
}
