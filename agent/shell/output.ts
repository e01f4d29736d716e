// The way of output from two pipes to one consumer: in arrival order, one piece at a time, in bounded memory.
// Order across the two streams is the order of arrival here: the system keeps none between two pipes.

import { type Bytes, concatBytes } from '#crypto/bytes.ts';

export type OutputStream = 'stdout' | 'stderr';

/** A piece of output: exact bytes, cut anywhere. */
export interface OutputChunk {
  readonly stream: OutputStream;
  readonly bytes: Bytes;
}

/** Neighbouring pieces of one stream are joined up to this size while the consumer is busy. */
export const MAX_CHUNK_BYTES = 256 * 1024;

/** From here on the pipes rest. With a piece in delivery and what the pipes still push, memory stays under 1 MiB. */
const FULL_BYTES = 512 * 1024;
const FULL_PARTS = 1024;

interface Waiting {
  readonly stream: OutputStream;
  readonly parts: Uint8Array[];
  length: number;
}

export interface OutputQueueOptions {
  /** Deliver this many bytes of both streams together; count the rest. */
  readonly maxBytes: number;
  /** Resolves before the first piece may be delivered. */
  readonly ready: Promise<void> | undefined;
  readonly onOutput: (chunk: OutputChunk) => Promise<void>;
  /** True: rest the pipes. False: let them flow. */
  readonly onPressure: (isFull: boolean) => void;
  /** The consumer failed: no further piece is delivered. */
  readonly onFailure: (error: unknown) => void;
}

export class OutputQueue {
  readonly #options: OutputQueueOptions;
  readonly #delivered = { stdout: 0, stderr: 0 };
  readonly #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #waitingParts = 0;
  #droppedBytes = 0;
  #isFull = false;
  #failure: { readonly error: unknown } | null = null;
  #pump: Promise<void> | undefined;

  constructor(options: OutputQueueOptions) {
    this.#options = options;
  }

  /** Bytes handed to the consumer or about to be, by stream, and bytes beyond the limit. */
  get counts(): { readonly stdout: number; readonly stderr: number; readonly dropped: number } {
    return { ...this.#delivered, dropped: this.#droppedBytes };
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** Takes what a pipe gave. Never refuses: a pipe that was told to rest may still have a piece on the way. */
  push(stream: OutputStream, bytes: Uint8Array): void {
    const room = this.#options.maxBytes - this.#delivered.stdout - this.#delivered.stderr;
    const kept = bytes.length <= room ? bytes : bytes.subarray(0, room);
    this.#droppedBytes += bytes.length - kept.length;
    if (kept.length === 0 || this.#failure !== null) return;
    this.#delivered[stream] += kept.length;
    this.#append(stream, kept);
    this.#setPressure(this.#waitingBytes >= FULL_BYTES || this.#waitingParts >= FULL_PARTS);
    this.#pump ??= this.#deliver();
  }

  /** Resolves when the consumer has taken everything pushed so far. @throws what the consumer threw */
  async drained(): Promise<void> {
    await this.#pump;
    if (this.#failure !== null) throw this.#failure.error;
  }

  #append(stream: OutputStream, bytes: Uint8Array): void {
    this.#waitingBytes += bytes.length;
    this.#waitingParts += 1; // each costs memory of its own, however few bytes it holds
    const last = this.#waiting.at(-1);
    if (last?.stream === stream && last.length + bytes.length <= MAX_CHUNK_BYTES) {
      last.parts.push(bytes);
      last.length += bytes.length;
    } else {
      this.#waiting.push({ stream, parts: [bytes], length: bytes.length });
    }
  }

  async #deliver(): Promise<void> {
    const { ready, onOutput, onFailure } = this.#options;
    try {
      if (ready !== undefined) await ready;
      for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
        this.#waitingBytes -= next.length;
        this.#waitingParts -= next.parts.length;
        if (this.#waitingBytes < FULL_BYTES / 2 && this.#waitingParts < FULL_PARTS / 2) {
          this.#setPressure(false);
        }
        await onOutput({ stream: next.stream, bytes: concatBytes(...next.parts) });
      }
      this.#pump = undefined;
    } catch (error) {
      this.#failure = { error };
      this.#waiting.length = 0;
      this.#setPressure(false); // what still comes is thrown away, and the pipes must not block the end
      onFailure(error);
    }
  }

  #setPressure(isFull: boolean): void {
    // Said again while full: runtimes resume the pipes of a process that has ended.
    if (!isFull && !this.#isFull) return;
    this.#isFull = isFull;
    this.#options.onPressure(isFull);
  }
}
