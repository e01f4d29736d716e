// The bounds of the transport, chosen on purpose: what a peer may make us hold, and how many may come. They
// depend on each other, so they stand together.

const KIB = 1024;
const MIB = 1024 * KIB;

/** The longest JSON of one frame, without its four bytes of length. */
export const MAX_FRAME_BYTES = MIB;

/** How deep the JSON of a frame may nest. */
export const MAX_FRAME_DEPTH = 64;

/** What a sender may have under way on one stream before we grant more (a yamux window). */
export const STREAM_WINDOW_BYTES = 512 * KIB;

/** libp2p resets a stream that holds more than this unread; a paused stream holds one window. */
export const MAX_STREAM_BUFFER_BYTES = 2 * STREAM_WINDOW_BYTES;

/** What a conversation holds unread at least: one frame, and the two windows of a pause and a resume. */
export const MIN_QUEUED_BYTES = 4 + MAX_FRAME_BYTES + 2 * STREAM_WINDOW_BYTES;

/** Streams that one connection may have open, over all protocols. */
export const MAX_STREAMS_PER_CONNECTION = 64;

/** Streams of one protocol that one connection may have open in one direction. */
export const MAX_STREAMS_PER_PROTOCOL = 8;

/**
 * New connections a second from one address. A site's agents often share one (NAT), and all come at once
 * after a power cut; at about 5 ms of CPU for a handshake, this is half a core.
 */
export const MAX_INBOUND_PER_SECOND = 128;

/** Connections still in their handshake, over all addresses. */
export const MAX_INBOUND_PENDING = 256;

/** Connections in all. */
export const MAX_CONNECTIONS = 2048;

/** How long an incoming handshake may take. */
export const HANDSHAKE_MS = 10_000;

/** How long one address may take to answer before the next is tried. */
export const DIAL_ADDRESS_MS = 4_000;

/** How long a dial may take over all addresses, with the opening of its stream. */
export const DIAL_MS = 15_000;

/** How long a closing conversation waits for the other side before it resets the stream. */
export const CLOSE_MS = 2_000;
