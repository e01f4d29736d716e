// A transport that writes a message at once. libp2p's hand a message's parts (frame lengths, headers, ciphertext) to
// the socket one by one, each a system call and a packet, or a WebSocket message, of its own; a command's way had some
// twenty of them. Here the parts are joined before they are written: the bytes on the wire are the same.

import type { Transport } from '@libp2p/interface';
import { Uint8ArrayList } from 'uint8arraylist';

type Upgrader = Parameters<Transport['createListener']>[0]['upgrader'];

/** The same transport, over connections whose writes are joined. */
export function inOneWrite<C, T extends Transport>(
  make: (components: C) => T,
): (components: C) => T {
  return (components) => {
    const transport = make(components);
    const dial = transport.dial.bind(transport);
    const createListener = transport.createListener.bind(transport);
    transport.dial = (address, options) =>
      dial(address, { ...options, upgrader: joining(options.upgrader) });
    transport.createListener = (options) =>
      createListener({ ...options, upgrader: joining(options.upgrader) });
    return transport;
  };
}

/** The same upgrader, over connections whose writes are joined. */
function joining<U extends Upgrader>(upgrader: U): U {
  return new Proxy(upgrader, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      const isUpgrade = name === 'upgradeInbound' || name === 'upgradeOutbound';
      return (...args: unknown[]): unknown => {
        if (isUpgrade && canSend(args[0])) joinWrites(args[0]);
        return Reflect.apply(value, target, args);
      };
    },
  });
}

/** What sends bytes below a connection; libp2p's base class, of which its interface says nothing. */
interface Sender {
  sendData(data: Uint8ArrayList): { sentBytes: number; canSendMore: boolean };
}

function canSend(connection: unknown): connection is Sender {
  return (
    typeof connection === 'object' &&
    connection !== null &&
    'sendData' in connection &&
    typeof connection.sendData === 'function'
  );
}

function joinWrites(connection: Sender): void {
  const send = connection.sendData.bind(connection);
  connection.sendData = (data) => send(new Uint8ArrayList(data.subarray()));
}
