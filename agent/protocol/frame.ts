// One framing for all protocols: length (unsigned 32 bits, big-endian) || JSON in UTF-8. A peer's bytes are
// hostile: every bound is checked before anything is kept or parsed, and the work is linear in the bytes.

import { type Bytes, concatBytes, decodeUtf8, encodeUtf8 } from '#crypto/bytes.ts';
import { ProtocolError } from './error.ts';
import { MAX_FRAME_BYTES, MAX_FRAME_DEPTH } from './limits.ts';

/** The length before every frame. */
export const FRAME_HEADER_BYTES = 4;

const INITIAL_CAPACITY = 4 * 1024;
const KEPT_CAPACITY = 64 * 1024;
const encoder = new TextEncoder();

/**
 * Encodes one message as one frame.
 * @throws {ProtocolError} code `frame-too-large` when its JSON is over MAX_FRAME_BYTES
 * @throws {TypeError} when it has no JSON form: the caller's fault
 */
export function encodeFrame(message: unknown): Bytes {
  const text = stringify(message);
  if (text.length > MAX_FRAME_BYTES) throw tooLarge('encode', text.length);
  const frame = encodeText(text);
  const length = frame.length - FRAME_HEADER_BYTES;
  if (length > MAX_FRAME_BYTES) throw tooLarge('encode', length);
  writeLength(frame, length);
  return frame;
}

/**
 * FrameDecoder takes bytes as they come, cut anywhere, and gives the messages in order. It holds what was
 * pushed and not yet taken in one buffer, so that a thousand tiny pieces cost no more than one long one.
 */
export class FrameDecoder {
  #buffer = new Uint8Array(INITIAL_CAPACITY);
  #start = 0;
  #end = 0;

  /** Bytes pushed and not yet taken. */
  get queuedBytes(): number {
    return this.#end - this.#start;
  }

  /** Whether `next` would give a message, or throw, without more bytes. */
  get isReady(): boolean {
    const length = this.#announced();
    if (length === undefined) return false;
    return length > MAX_FRAME_BYTES || this.queuedBytes >= FRAME_HEADER_BYTES + length;
  }

  /** Appends a copy of the bytes. The caller bounds how much it pushes before it takes. */
  push(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#buffer.length) this.#makeRoom(chunk.length);
    this.#buffer.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /**
   * Takes the next message; undefined when more bytes are needed. After a throw the stream is beyond repair.
   * @throws {ProtocolError} code `frame-too-large` as soon as such a length is announced
   * @throws {ProtocolError} code `frame-malformed` for what is not UTF-8, not JSON, or nested too deep
   */
  next(): unknown {
    const length = this.#announced();
    if (length === undefined) return undefined;
    if (length > MAX_FRAME_BYTES) throw tooLarge('decode', length);
    const from = this.#start + FRAME_HEADER_BYTES;
    const to = from + length;
    if (to > this.#end) return undefined;
    const message = parse(this.#buffer.subarray(from, to));
    this.#start = to;
    if (this.#start === this.#end) this.#rewind(length);
    return message;
  }

  #announced(): number | undefined {
    if (this.queuedBytes < FRAME_HEADER_BYTES) return undefined;
    return readLength(this.#buffer, this.#start);
  }

  /** Doubles, or moves down when that frees half: each byte is moved a constant number of times. */
  #makeRoom(length: number): void {
    const held = this.queuedBytes;
    let capacity = this.#buffer.length;
    while (capacity < 2 * held || capacity < held + length) capacity *= 2;
    const target = capacity === this.#buffer.length ? this.#buffer : new Uint8Array(capacity);
    target.set(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = target;
    this.#start = 0;
    this.#end = held;
  }

  /**
   * Empty: start over. A large buffer stays while messages are large, for making one costs as much as parsing,
   * and goes with the first small one, for conversations are many and mostly quiet.
   */
  #rewind(lastLength: number): void {
    this.#start = 0;
    this.#end = 0;
    if (this.#buffer.length > KEPT_CAPACITY && lastLength < KEPT_CAPACITY) {
      this.#buffer = new Uint8Array(INITIAL_CAPACITY);
    }
  }
}

function stringify(message: unknown): string {
  const text: string | undefined = JSON.stringify(message);
  if (text === undefined)
    throw new TypeError(`Cannot encode frame: a ${typeof message} is not JSON`);
  return text;
}

/** UTF-8 behind four free bytes. Most messages are ASCII: one allocation, one pass. */
function encodeText(text: string): Bytes {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + text.length);
  const { read } = encoder.encodeInto(text, frame.subarray(FRAME_HEADER_BYTES));
  if (read === text.length) return frame;
  return concatBytes(new Uint8Array(FRAME_HEADER_BYTES), encodeUtf8(text));
}

function parse(bytes: Uint8Array): unknown {
  let message: unknown;
  try {
    message = JSON.parse(decodeUtf8(bytes));
  } catch (cause) {
    throw new ProtocolError('frame-malformed', 'Cannot decode frame: not JSON in UTF-8', { cause });
  }
  checkDepth(message, 0);
  return message;
}

/** Bounds the recursion of everybody who later walks the message. */
function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth >= MAX_FRAME_DEPTH) {
    throw new ProtocolError('frame-malformed', 'Cannot decode frame: nested too deep');
  }
  for (const item of Object.values(value)) checkDepth(item, depth + 1);
}

function readLength(bytes: Uint8Array, at: number): number {
  const low = ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
  return (bytes[at] ?? 0) * 0x1000000 + low;
}

function writeLength(bytes: Uint8Array, length: number): void {
  new DataView(bytes.buffer).setUint32(0, length);
}

function tooLarge(action: string, length: number): ProtocolError {
  return new ProtocolError(
    'frame-too-large',
    `Cannot ${action} frame: ${length} bytes, at most ${MAX_FRAME_BYTES}`,
  );
}
