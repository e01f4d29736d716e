// A conversation: one long-lived libp2p stream that carries frames both ways, with the peer authenticated.
// Holds what libp2p leaves open: both directions have backpressure, and the proper end of a stream, the
// lost connection and the hostile message are told apart. Over yamux with windows of STREAM_WINDOW_BYTES.

import { type Stream, StreamStateError } from '@libp2p/interface';
import type * as z from 'zod';

import type { Bytes } from '#crypto/bytes.ts';
import { ProtocolError } from './error.ts';
import { encodeFrame, FrameDecoder } from './frame.ts';
import { CLOSE_MS, MIN_QUEUED_BYTES, STREAM_WINDOW_BYTES } from './limits.ts';

export interface Conversation<In, Out> extends AsyncDisposable {
  /** The raw 32-byte Ed25519 public key that the peer proved in the handshake. */
  readonly remotePeer: Bytes;
  /** Messages received so far: none means that the peer has not said a word. */
  readonly receivedCount: number;
  /** Bytes received and not yet taken, libp2p's own buffer included: at most `maxQueuedBytes`. */
  readonly queuedBytes: number;
  /** Resolves when the stream is gone, however it ended; messages may still be waiting. Never rejects. */
  readonly closed: Promise<void>;
  /**
   * Sends one message, after those before it. Resolves when the stream has taken it, which it does once it has
   * room: a sender who awaits is held to the pace of the reader, a window and one frame ahead.
   * @throws {ProtocolError} code `closed`, `peer-closed` or `stream-lost` when it can no longer be sent
   * @throws {ProtocolError} code `frame-too-large`; the conversation goes on
   */
  send(message: Out): Promise<void>;
  /**
   * Takes the next message, in order; null when the peer ended properly and all was taken. One at a time.
   * @throws {ProtocolError} code `stream-lost` when the peer vanished, after all that had arrived was taken
   * @throws {ProtocolError} code `message-invalid`, `frame-malformed`, `frame-too-large` when the peer is
   *   broken or hostile: the stream is reset
   * @throws {ProtocolError} code `message-unknown` for a kind that the schema lacks; the conversation goes on
   * @throws {ProtocolError} code `closed` after our own disposal
   * @throws the signal's reason when it aborts; nothing is lost
   */
  receive(options?: { signal?: AbortSignal }): Promise<In | null>;
}

export interface ConversationOptions<In> {
  /** What a message must be. Checked on every message received. */
  schema: z.ZodType<In>;
  /** Bytes held for a reader that is slower than the peer. @default 2 MiB, which is also the least */
  maxQueuedBytes?: number;
  remotePublicKey: Bytes;
}

/**
 * Opens a conversation over a stream. Call it in the tick that gave the stream: libp2p does not wait for a
 * reader. Disposal flushes what was sent, ends the stream and waits for the peer to do so, CLOSE_MS at most.
 * @throws {RangeError} when maxQueuedBytes is under MIN_QUEUED_BYTES
 */
export function openConversation<In, Out>(
  stream: Stream,
  options: ConversationOptions<In>,
): Conversation<In, Out> {
  return new StreamConversation<In, Out>(stream, options);
}

type End =
  | { readonly kind: 'ended' }
  | { readonly kind: 'lost'; readonly cause: unknown }
  | { readonly kind: 'failed'; readonly error: ProtocolError };

class StreamConversation<In, Out> implements Conversation<In, Out> {
  readonly remotePeer: Bytes;
  readonly closed: Promise<void>;
  readonly #stream: Stream;
  readonly #schema: z.ZodType<In>;
  readonly #decoder = new FrameDecoder();
  /** Above it we pause: one more window may then still arrive. */
  readonly #pauseAbove: number;
  /** Below it we resume: the window that libp2p holds comes at once, and does not reach #pauseAbove. */
  readonly #resumeBelow: number;
  #receivedCount = 0;
  #end: End | undefined;
  #isDisposed = false;
  #isReceiving = false;
  #wakeReceiver: (() => void) | undefined;
  #wakeSender: (() => void) | undefined;
  #sends: Promise<void> = Promise.resolve();
  /** Sends whose turn has not ended. */
  #sending = 0;
  #finishing: Promise<void> | undefined;

  constructor(stream: Stream, options: ConversationOptions<In>) {
    const { schema, remotePublicKey, maxQueuedBytes = MIN_QUEUED_BYTES } = options;
    if (!(maxQueuedBytes >= MIN_QUEUED_BYTES)) {
      throw new RangeError(`Cannot open conversation: maxQueuedBytes is under ${MIN_QUEUED_BYTES}`);
    }
    this.#stream = stream;
    this.#schema = schema;
    this.remotePeer = remotePublicKey;
    this.#pauseAbove = maxQueuedBytes - STREAM_WINDOW_BYTES;
    this.#resumeBelow = maxQueuedBytes - 2 * STREAM_WINDOW_BYTES;
    this.closed = this.#listen();
  }

  get receivedCount(): number {
    return this.#receivedCount;
  }

  get queuedBytes(): number {
    return this.#decoder.queuedBytes + this.#stream.readBufferLength;
  }

  async send(message: Out): Promise<void> {
    const frame = encodeFrame(message);
    this.#sending += 1;
    const turn =
      this.#sending === 1 ? this.#write(frame) : this.#sends.then(() => this.#write(frame));
    const over = (): void => void (this.#sending -= 1);
    this.#sends = turn.then(over, over); // a failure is told to its own caller
    return turn;
  }

  async receive({ signal }: { signal?: AbortSignal } = {}): Promise<In | null> {
    if (this.#isReceiving) throw new TypeError('Cannot receive: another receive is waiting');
    this.#isReceiving = true;
    try {
      for (;;) {
        signal?.throwIfAborted();
        const message = this.#take();
        if (message !== undefined) return message;
        await this.#arrival(signal);
      }
    } finally {
      this.#isReceiving = false;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#wake();
    if (this.#stream.status !== 'open' && this.#stream.status !== 'closing') return this.closed;
    this.#resume(); // the peer may have to be heard out before it can end: what it says is dropped
    return this.#finish();
  }

  /** Attaches to the stream, synchronously. Gives the promise of its end. */
  #listen(): Promise<void> {
    const stream = this.#stream;
    const { promise, resolve } = Promise.withResolvers<void>();
    stream.addEventListener('message', ({ data }) => this.#onData(data));
    stream.addEventListener('drain', () => this.#wakeSender?.());
    stream.addEventListener('end', () => this.#wake());
    stream.addEventListener('remoteCloseWrite', () => this.#onRemoteEnd());
    stream.addEventListener('close', ({ error }) => {
      this.#end ??= { kind: 'lost', cause: error };
      resolve();
      this.#wake();
    });
    // What happened before we came: an end of the remote leaves the stream open on our side, a loss does not.
    if (stream.status !== 'open') {
      this.#end ??= { kind: 'lost', cause: undefined };
      resolve();
    } else if (stream.remoteWriteStatus === 'closed') {
      this.#onRemoteEnd();
    }
    return promise;
  }

  #onData(data: Uint8Array | Iterable<Uint8Array>): void {
    if (this.#isDisposed) return;
    if (data instanceof Uint8Array) this.#decoder.push(data);
    else for (const chunk of data) this.#decoder.push(chunk);
    this.#pauseWhenFull();
    if (this.#decoder.isReady) this.#wakeReceiver?.();
  }

  /** The peer has said all, and listens no more: our side ends too. What it said waits for the reader. */
  #onRemoteEnd(): void {
    this.#end ??= { kind: 'ended' };
    this.#wake();
    void this.#finish(); // never rejects; disposal awaits it
  }

  /** The next message, undefined when it has to be waited for. Throws or gives null at the end. */
  #take(): In | null | undefined {
    if (this.#isDisposed) throw closedHere('receive');
    if (this.#end?.kind === 'failed') throw this.#end.error;
    if (this.#decoder.queuedBytes < this.#resumeBelow) this.#resume();
    const message = this.#guard(() => this.#decoder.next());
    if (message !== undefined) return this.#guard(() => this.#check(message));
    if (this.#end === undefined || this.#stream.readBufferLength > 0) return undefined;
    if (this.#end.kind === 'lost') throw lost('receive', this.#end.cause);
    if (this.#decoder.queuedBytes === 0) return null;
    throw new ProtocolError('frame-malformed', 'Cannot receive: the stream ended inside a frame');
  }

  #check(message: unknown): In {
    this.#receivedCount++;
    const result = this.#schema.safeParse(message);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    if (issue?.code === 'invalid_union' && issue.discriminator !== undefined) {
      throw new ProtocolError('message-unknown', 'Cannot receive: a message of an unknown kind');
    }
    const where = issue === undefined ? '' : ` at "${issue.path.join('.')}": ${issue.message}`;
    throw new ProtocolError('message-invalid', `Cannot receive: invalid message${where}`);
  }

  /** Runs a parser of hostile bytes; what it refuses ends the conversation. */
  #guard<T>(parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      if (error instanceof ProtocolError && error.code !== 'message-unknown') {
        this.#end = { kind: 'failed', error };
        this.#stream.abort(error);
      }
      throw error;
    }
  }

  async #write(frame: Bytes): Promise<void> {
    this.#checkSendable();
    // Waits before, not after: the next frame can be encoded while this one drains. The event, not
    // onDrain(), which resolves at once from its second use on.
    while (this.#stream.writableNeedsDrain) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeSender = resolve;
      await promise;
      this.#wakeSender = undefined;
      this.#checkSendable();
    }
    try {
      this.#stream.send(frame);
    } catch (cause) {
      throw lost('send', cause);
    }
  }

  #checkSendable(): void {
    if (this.#isDisposed) throw closedHere('send');
    switch (this.#end?.kind) {
      case undefined:
        return;
      case 'ended':
        throw new ProtocolError('peer-closed', 'Cannot send: the peer ended the conversation');
      case 'lost':
        throw lost('send', this.#end.cause);
      case 'failed':
        throw this.#end.error;
      default:
        this.#end satisfies never;
    }
  }

  /** Waits until a whole frame is there, or the end. */
  async #arrival(signal: AbortSignal | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wakeReceiver = resolve;
    const wake = () => resolve();
    signal?.addEventListener('abort', wake);
    await promise;
    signal?.removeEventListener('abort', wake);
    this.#wakeReceiver = undefined;
  }

  #wake(): void {
    this.#wakeReceiver?.();
    this.#wakeSender?.();
  }

  #pauseWhenFull(): void {
    if (this.#decoder.queuedBytes <= this.#pauseAbove) return;
    if (this.#stream.readStatus === 'readable') this.#stream.pause();
  }

  /**
   * Takes over what libp2p held, then lets the peer go on. A pause inside would be undone by the last step of
   * resume(); below #resumeBelow there is none, for libp2p holds one window at most.
   */
  #resume(): void {
    if (this.#stream.readStatus !== 'paused') return;
    try {
      this.#stream.resume();
    } catch (error) {
      // It gave us what it held, then could not tell the peer, for the connection is going: 'close' follows.
      if (!(error instanceof StreamStateError)) throw error;
    }
  }

  #finish(): Promise<void> {
    this.#finishing ??= this.#endStream();
    return this.#finishing;
  }

  async #endStream(): Promise<void> {
    const late = new ProtocolError(
      'timeout',
      'Cannot close: the peer does not end the conversation',
    );
    const timer = setTimeout(() => this.#reset(late), CLOSE_MS);
    try {
      // libp2p's own wait goes on for ever when the stream is reset while it flushes
      await Promise.race([this.#stream.close(), this.closed]);
      await this.closed;
    } catch (error) {
      this.#reset(error instanceof Error ? error : late); // it went away while it was flushed
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resets the stream, but keeps what it holds for the reader. A dead stream is not touched. */
  #reset(reason: Error): void {
    this.#resume();
    this.#stream.abort(reason);
  }
}

function closedHere(action: string): ProtocolError {
  return new ProtocolError('closed', `Cannot ${action}: the conversation is closed`);
}

function lost(action: string, cause: unknown): ProtocolError {
  return new ProtocolError('stream-lost', `Cannot ${action}: the connection was lost`, { cause });
}
