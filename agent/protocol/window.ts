// Fewer words about room. libp2p's yamux grants a stream anew what it has read after every single frame: a packet
// of its own, encrypted and written before the frame's reader gets its turn, and read by the other side. Here it
// waits until half of the window is used, as yamux does in its other languages: a sender never runs dry by it,
// and most conversations never say it at all.

import type { StreamMuxer, StreamMuxerFactory } from '@libp2p/interface';

/** The same muxer, over streams that grant room by halves of their windows. Other muxers' are left as they are. */
export function grantingByHalves<C>(
  make: (components: C) => StreamMuxerFactory,
): (components: C) => StreamMuxerFactory {
  return (components) => {
    const factory = make(components);
    const create = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (connection) => {
      const muxer = create(connection);
      if (isYamux(muxer)) changeStreams(muxer);
      return muxer;
    };
    return factory;
  };
}

/** What makes a stream of yamux, by the part of it that libp2p's interface leaves out. */
interface Yamux {
  _newStream(...args: readonly unknown[]): unknown;
}

/** A stream of yamux, by the same. */
interface Windowed {
  /** Bytes that the peer may send on the whole, and bytes that are left of them. */
  readonly recvWindow: number;
  readonly recvWindowCapacity: number;
  sendWindowUpdate(): void;
}

function changeStreams(muxer: Yamux): void {
  const make = muxer._newStream.bind(muxer);
  muxer._newStream = (...args) => {
    const stream = make(...args);
    if (isWindowed(stream)) grantByHalves(stream);
    return stream;
  };
}

function grantByHalves(stream: Windowed): void {
  const grant = stream.sendWindowUpdate.bind(stream);
  let hasGranted = false; // the first also carries the stream's opening, or the answer to it
  stream.sendWindowUpdate = () => {
    if (hasGranted && stream.recvWindowCapacity > stream.recvWindow / 2) return;
    hasGranted = true;
    grant();
  };
}

function isYamux(muxer: StreamMuxer): muxer is StreamMuxer & Yamux {
  return '_newStream' in muxer && typeof muxer._newStream === 'function';
}

function isWindowed(stream: unknown): stream is Windowed {
  return (
    typeof stream === 'object' &&
    stream !== null &&
    'recvWindow' in stream &&
    typeof stream.recvWindow === 'number' &&
    'recvWindowCapacity' in stream &&
    typeof stream.recvWindowCapacity === 'number' &&
    'sendWindowUpdate' in stream &&
    typeof stream.sendWindowUpdate === 'function'
  );
}
