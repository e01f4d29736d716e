// Being reached through the console's relay: a reservation there, and nowhere else. libp2p's transport would take a
// connection from any peer that says it relays, and begin to reserve with it; ours hears the console alone.

import { circuitRelayTransport } from '@libp2p/circuit-relay-v2';
import type { PeerId, Transport } from '@libp2p/interface';

import { ProtocolError } from '#agent/protocol/error.ts';
import { peerIdFromPublicKey } from '#agent/protocol/peer.ts';
import type { Bytes } from '#crypto/bytes.ts';

/** Connections that may come through the relay at once. */
const MAX_INBOUND_CIRCUITS = 48;

/** The way in through one relay. */
export interface RelayListener {
  /** For the node that is to be reached. */
  readonly transport: (components: Components) => Transport;
  /**
   * Makes the reservation, or makes sure of it. The node must be connected to the relay.
   * @throws {ProtocolError} code `peer-unreachable` when the relay does not give one
   */
  reserve(): Promise<void>;
  /** Told when the reservation is gone; returns how to stop listening. */
  onLost(listener: () => void): () => void;
}

type Components = Parameters<ReturnType<typeof circuitRelayTransport>>[0];
type Registrar = Components['registrar'];

/** What we use of libp2p's reservations, which its types do not show. */
interface Reservations {
  addRelay(relay: PeerId, type: 'configured'): Promise<unknown>;
  addEventListener(type: 'relay:removed', listener: () => void): void;
  removeEventListener(type: 'relay:removed', listener: () => void): void;
}

/** Makes the way in through the relay with this key. */
export function relayListener(relayKey: Bytes): RelayListener {
  const relay = peerIdFromPublicKey(relayKey);
  let reservations: Reservations | null = null;
  const opened = (): Reservations => {
    if (reservations === null) throw new Error('unreachable: the transport was not opened');
    return reservations;
  };
  return {
    transport(components) {
      const made = circuitRelayTransport({
        maxInboundStopStreams: MAX_INBOUND_CIRCUITS,
        maxOutboundStopStreams: 1,
      })(onlyFrom(relay, components));
      reservations = (made as unknown as { reservationStore: Reservations }).reservationStore; // public there
      return made;
    },
    async reserve() {
      try {
        await opened().addRelay(relay, 'configured');
      } catch (cause) {
        throw new ProtocolError(
          'peer-unreachable',
          'Cannot be reached: the relay gave no reservation',
          { cause },
        );
      }
    },
    onLost(listener) {
      const store = opened();
      store.addEventListener('relay:removed', listener);
      return () => {
        store.removeEventListener('relay:removed', listener);
      };
    },
  };
}

/** The components, with a registrar whose protocols are served to one peer. */
function onlyFrom(relay: PeerId, components: Components): Components {
  const handle: Registrar['handle'] = (protocol, handler, options) =>
    components.registrar.handle(
      protocol,
      (stream, connection) => {
        if (connection.remotePeer.equals(relay)) return handler(stream, connection);
        stream.abort(new ProtocolError('peer-unknown', 'Cannot serve: it is not our relay'));
      },
      options,
    );
  const registrar = new Proxy(components.registrar, {
    get(of, name) {
      if (name === 'handle') return handle;
      const value: unknown = Reflect.get(of, name, of);
      return typeof value === 'function' ? (value.bind(of) as unknown) : value;
    },
  });
  return new Proxy(components, {
    get: (of, name): unknown => (name === 'registrar' ? registrar : Reflect.get(of, name, of)),
  });
}
