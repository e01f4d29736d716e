// Fewer words about room. libp2p's yamux grants a stream anew what it has read after every single frame: a packet
// of its own, encrypted and written before the frame's reader gets its turn, and read by the other side. Here it
// waits until half of the window is used, as yamux does in its other languages: a sender never runs dry by it,
// and most conversations never say it at all.

import type { Stream } from '@libp2p/interface';

/** A stream of yamux, by the parts of it that libp2p's interface leaves out. */
interface Windowed {
  /** Bytes that the peer may send on the whole, and bytes that are left of them. */
  readonly recvWindow: number;
  readonly recvWindowCapacity: number;
  sendWindowUpdate(): void;
}

/** Has a stream grant room by halves of its window. Streams of other muxers are left as they are. */
export function grantByHalves(stream: Stream): void {
  if (!isWindowed(stream)) return;
  const grant = stream.sendWindowUpdate.bind(stream);
  let hasGranted = false; // the first also carries the answer to the stream's opening
  stream.sendWindowUpdate = () => {
    if (hasGranted && stream.recvWindowCapacity > stream.recvWindow / 2) return;
    hasGranted = true;
    grant();
  };
}

function isWindowed(stream: Stream): stream is Stream & Windowed {
  return (
    'recvWindow' in stream &&
    typeof stream.recvWindow === 'number' &&
    'recvWindowCapacity' in stream &&
    typeof stream.recvWindowCapacity === 'number' &&
    'sendWindowUpdate' in stream &&
    typeof stream.sendWindowUpdate === 'function'
  );
}
