// Pace for a circuit relay. libp2p's server joins two streams through a queue without a bound: who sends faster than
// the other side takes fills the relay's memory, and nothing holds back who sends without end. Here each direction
// of a relayed connection has at most MAX_HELD_BYTES on its way, and all that one source asked to have relayed shares
// an allowance of bytes a second. The way to hold back is the streams' own: a paused stream grants no window.

import { AsyncLocalStorage } from 'node:async_hooks';

import type { circuitRelayServer } from '@libp2p/circuit-relay-v2';
import type { Connection, Stream } from '@libp2p/interface';

/** Bytes that may wait in the relay, for each direction of each relayed connection. */
export const MAX_HELD_BYTES = 1024 * 1024;
/** Bytes a second that one peer may have relayed, over all its connections and both directions. */
export const BYTES_PER_S = 16 * 1024 * 1024;
/** So much may come at once after a silence. */
const BURST_BYTES = 8 * 1024 * 1024;

type MakeServer = ReturnType<typeof circuitRelayServer>;
type Components = Parameters<MakeServer>[0];
type Registrar = Components['registrar'];
type Handler = Parameters<Registrar['handle']>[1];

/** Makes a relay server whose joined streams keep pace. */
export function pacedRelay(make: MakeServer): MakeServer {
  const asking = new AsyncLocalStorage<Asking>();
  const allowances = new WeakMap<Connection, Allowance>();
  return (components) => {
    const registrar = overlay(components.registrar, {
      handle: (protocol: string, handler: Handler, options?: Parameters<Registrar['handle']>[2]) =>
        components.registrar.handle(
          protocol,
          (stream, connection) => {
            const allowance = allowances.get(connection) ?? new Allowance();
            allowances.set(connection, allowance);
            return asking.run({ stream, allowance }, () => handler(stream, connection));
          },
          options,
        ),
    });
    const connectionManager = overlay(components.connectionManager, {
      getConnections: (...args: Parameters<Components['connectionManager']['getConnections']>) =>
        components.connectionManager.getConnections(...args).map((connection) =>
          overlay(connection, {
            newStream: async (...opening: Parameters<Connection['newStream']>) => {
              const stream = await connection.newStream(...opening);
              const source = asking.getStore();
              if (source !== undefined) keepPace(source, stream);
              return stream;
            },
          }),
        ),
    });
    return make(overlay(components, { registrar, connectionManager }));
  };
}

/** The stream on which a peer asks to be connected, and its allowance. */
interface Asking {
  readonly stream: Stream;
  readonly allowance: Allowance;
}

function keepPace({ stream, allowance }: Asking, other: Stream): void {
  holdBack(stream, { sink: other, allowance });
  holdBack(other, { sink: stream, allowance });
}

/** Pauses a source while too much of it is held here, or its allowance is used up. */
function holdBack(
  source: Stream,
  { sink, allowance }: { sink: Stream; allowance: Allowance },
): void {
  let held = 0;
  let timer: NodeJS.Timeout | null = null;
  const check = (): void => {
    const waitMs = allowance.waitMs();
    if (source.readStatus !== 'readable' && source.readStatus !== 'paused') return;
    if (held <= MAX_HELD_BYTES && waitMs === 0) {
      if (source.readStatus === 'paused') source.resume();
      return;
    }
    if (source.readStatus === 'readable') source.pause();
    if (waitMs > 0) timer ??= setTimeout(again, waitMs);
  };
  const again = (): void => {
    timer = null;
    check();
  };
  source.addEventListener('message', ({ data }) => {
    held += data.byteLength;
    allowance.take(data.byteLength);
    // After this dispatch: one that a resume caused ends by making the stream readable again.
    if (held > MAX_HELD_BYTES || allowance.waitMs() > 0) queueMicrotask(check);
  });
  source.addEventListener('close', () => {
    if (timer !== null) clearTimeout(timer);
  });
  const send = sink.send.bind(sink);
  sink.send = (data) => {
    held = Math.max(0, held - data.byteLength);
    const hasRoom = send(data);
    if (source.readStatus === 'paused') queueMicrotask(check);
    return hasRoom;
  };
}

/** A bucket of bytes that fills with time. */
class Allowance {
  #bytes = BURST_BYTES;
  #atMs = performance.now();

  take(bytes: number): void {
    this.#fill();
    this.#bytes -= bytes;
  }

  /** How long until there is some again; 0: there is. */
  waitMs(): number {
    this.#fill();
    return this.#bytes > 0 ? 0 : Math.ceil((-this.#bytes / BYTES_PER_S) * 1000) + 1;
  }

  #fill(): void {
    const nowMs = performance.now();
    const more = ((nowMs - this.#atMs) / 1000) * BYTES_PER_S;
    this.#bytes = Math.min(BURST_BYTES, this.#bytes + more);
    this.#atMs = nowMs;
  }
}

/** An object with some of its members replaced; the others, private ones included, stay its own. */
function overlay<T extends object>(target: T, members: Partial<Record<keyof T, unknown>>): T {
  return new Proxy(target, {
    get(of, name) {
      if (Object.hasOwn(members, name)) return members[name as keyof T];
      const value: unknown = Reflect.get(of, name, of);
      return typeof value === 'function' ? (value.bind(of) as unknown) : value;
    },
  });
}
