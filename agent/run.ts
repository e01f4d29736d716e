// One run: a command, its output on the way to the log, and what waits for the log's word. Each message is kept
// until the appliance has it durably, so a link may break at any moment and nothing is lost or told twice.

import { Buffer } from 'node:buffer';

import { isProtocolError } from './protocol/error.ts';
import {
  type AgentMessage,
  type AgentMessageOf,
  MAX_OUTPUT_BYTES,
  MAX_UNACKNOWLEDGED_BYTES,
} from './protocol/link-message.ts';
import type { OutputChunk } from './shell/output.ts';
import { type ShellOptions, type ShellRequest, type ShellResult } from './shell/shell.ts';

export type Send = (message: AgentMessage) => Promise<void>;

/** Runs a command, as `runShell` does. */
export type Execute = (request: ShellRequest, options: ShellOptions) => Promise<ShellResult>;

export interface RunOptions {
  /** Leaf hash of its `command.started`, base64url. */
  readonly name: string;
  readonly request: ShellRequest;
  readonly execute: Execute;
  readonly onStarted: NonNullable<ShellOptions['onStarted']>;
  /** Told once, when the command has ended or could not go on. */
  readonly onEnded: (outcome: AgentMessageOf<'exited'>['outcome'], exitCode: number | null) => void;
  /** Told once, when nothing of the run is left: the log has it all, or it was dropped. */
  readonly onGone: () => void;
  /** Told what should not have happened. */
  readonly onError: (error: unknown) => void;
  readonly send: Send;
}

type Told = AgentMessageOf<'output'> | AgentMessageOf<'exited'>;

interface Unacknowledged {
  readonly message: Told;
  readonly bytes: number;
}

/** A run from its start until the log has its end. */
export class Run {
  readonly name: string;
  /** Resolves when the command and all it started have ended. Never rejects. */
  readonly ended: Promise<void>;
  readonly #options: RunOptions;
  readonly #stop = new AbortController();
  readonly #unacknowledged: Unacknowledged[] = [];
  readonly #offsets = { stdout: 0, stderr: 0 };
  #bytesInFlight = 0;
  #seq = 0;
  #send: Send | null;
  #wakeOutput: (() => void) | null = null;
  #isDropped = false;

  constructor(options: RunOptions) {
    this.#options = options;
    this.name = options.name;
    this.#send = options.send;
    this.ended = this.#perform();
  }

  /** The first `seq` that the log is not known to have. */
  get next(): number {
    return this.#unacknowledged[0]?.message.seq ?? this.#seq;
  }

  /** Goes on over a new link, from `next` on. False when the log wants what is not here: the run is no use then. */
  resume(next: number, send: Send): boolean {
    if (next < this.next || next > this.#seq) return false;
    this.#send = send;
    this.acknowledge(next);
    for (const { message } of this.#unacknowledged) this.#post(message);
    return true;
  }

  /** Waits for another link. */
  detach(): void {
    this.#send = null;
  }

  /** Everything below `next` is in the log. */
  acknowledge(next: number): void {
    while (next > this.next && this.#unacknowledged.length > 0) {
      const [done] = this.#unacknowledged.splice(0, 1);
      this.#bytesInFlight -= done?.bytes ?? 0;
      if (done?.message.kind === 'exited') this.#options.onGone();
    }
    this.#wakeOutput?.();
  }

  /** Ends the command and all it started; its end is told as any other. */
  cancel(): void {
    this.#stop.abort();
  }

  /** Ends the command, and forgets what was not told: nobody will hear it. */
  drop(): void {
    if (this.#isDropped) return;
    this.#isDropped = true;
    this.#send = null;
    this.#stop.abort();
    this.#unacknowledged.length = 0;
    this.#wakeOutput?.();
    this.#options.onGone();
  }

  async #perform(): Promise<void> {
    const { request, execute, onStarted, onEnded } = this.#options;
    let end: Omit<AgentMessageOf<'exited'>, 'kind' | 'run' | 'seq'>;
    try {
      end = await execute(request, {
        signal: this.#stop.signal,
        onOutput: (chunk) => this.#takeOutput(chunk),
        onStarted,
      });
    } catch (error) {
      end = this.#interruption(error);
      if (!this.#isDropped) this.#options.onError(error);
    }
    if (!this.#isDropped) {
      const problem = end.problem?.slice(0, MAX_PROBLEM_CHARS) ?? null;
      this.#tell({ ...end, problem, kind: 'exited', run: this.name, seq: this.#seq }, 0);
    }
    onEnded(end.outcome, end.exitCode); // after it is told: a person waits for that
  }

  /** Passes output on, and rests the command's pipes while too much of it is not in the log. */
  async #takeOutput({ stream, bytes }: OutputChunk): Promise<void> {
    for (let from = 0; from < bytes.length; from += MAX_OUTPUT_BYTES) {
      const piece = bytes.subarray(from, from + MAX_OUTPUT_BYTES);
      await this.#room(piece.length);
      const offset = this.#offsets[stream];
      this.#offsets[stream] += piece.length;
      const data = Buffer.from(piece.buffer, piece.byteOffset, piece.length).toString('base64');
      const message = { run: this.name, seq: this.#seq, stream, offset, data };
      this.#tell({ kind: 'output', ...message }, piece.length);
    }
  }

  async #room(bytes: number): Promise<void> {
    while (!this.#isDropped && this.#bytesInFlight + bytes > MAX_UNACKNOWLEDGED_BYTES) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wakeOutput = resolve;
      await promise;
      this.#wakeOutput = null;
    }
    if (this.#isDropped) throw new Error(DROPPED);
  }

  #tell(message: Told, bytes: number): void {
    this.#seq += 1;
    this.#bytesInFlight += bytes;
    this.#unacknowledged.push({ message, bytes });
    this.#post(message);
  }

  /** Sends without waiting for the link: the log's word is waited for, and a lost link is followed by another. */
  #post(message: Told): void {
    this.#send?.(message).catch((error: unknown) => {
      if (!isProtocolError(error, 'closed', 'peer-closed', 'stream-lost')) {
        this.#options.onError(error);
      }
    });
  }

  /** The record of this run cannot go on: what was told of it stands, and this is its end. */
  #interruption(error: unknown): Omit<AgentMessageOf<'exited'>, 'kind' | 'run' | 'seq'> {
    return {
      outcome: 'interrupted',
      exitCode: null,
      signal: null,
      durationMs: null,
      stdoutBytes: this.#offsets.stdout,
      stderrBytes: this.#offsets.stderr,
      droppedBytes: 0,
      problem: error instanceof Error ? error.message : String(error),
    };
  }
}

const DROPPED = 'the run was dropped';
const MAX_PROBLEM_CHARS = 2048;
