// A run on an endpoint, as the appliance follows it: each piece of output once, in order, and one end. It outlives
// the links over which it is told. What is told is hostile: a run of which it does not hold together is over.

import { parseBase64 } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { ProtocolError } from '#agent/protocol/error.ts';
import type { AgentMessageOf } from '#agent/protocol/link-message.ts';
import type { Run, RunEnd } from '../work/link-port.ts';

type Told = AgentMessageOf<'output'> | AgentMessageOf<'exited'>;

/** A run that was begun. */
export class LiveRun {
  readonly run: Run;
  /** Resolves when its end is on record; rejects when that cannot be, or no order could be made. */
  readonly done: Promise<void>;
  isSent = false;
  isProvedAgain = false;
  isCancelled = false;
  /** Stops the timer that waits for the endpoint to end it. */
  stopWaiting: () => void = () => undefined;
  readonly #end = Promise.withResolvers<undefined>();
  readonly #taken = { stdout: 0, stderr: 0 };
  #next = 0;
  #isOver = false;
  /** Its steps happen one after another, whichever links they come over. */
  #queue: Promise<unknown> = Promise.resolve();

  constructor(run: Run) {
    this.run = run;
    this.done = this.#end.promise;
  }

  /** The next `seq` that the log wants. */
  get next(): number {
    return this.#next;
  }

  /** Nothing more of it goes on record. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Takes output, or the end; resolves with the `seq` wanted next, when all before it is on record.
   * @throws {ProtocolError} code `message-invalid` when it does not fit what was told before
   */
  take(message: Told): Promise<number> {
    return this.#step(async () => {
      if (this.#isOver) return message.seq + 1;
      if (message.seq < this.#next) return this.#next;
      if (message.seq > this.#next) throw invalid('a piece of output is missing');
      if (message.kind === 'exited') {
        const { run: _run, seq: _seq, ...told } = message;
        const end = { ...told, by: 'agent' } as const;
        this.#checkEnd(end);
        await this.#finish(end);
      } else await this.#print(message);
      this.#next += 1;
      return this.#next;
    });
  }

  /** Ends it, unless it has ended. Rejects when that could not be recorded: then it has not. */
  end(end: RunEnd): Promise<void> {
    return this.#step(async () => {
      if (!this.#isOver) await this.#finish(end);
    });
  }

  /** Ends it untold: there is nobody to tell what went wrong but who began it. */
  fail(cause: unknown): void {
    this.#isOver = true;
    this.#end.reject(cause);
  }

  async #print({ stream, offset, data }: AgentMessageOf<'output'>): Promise<void> {
    const bytes = bytesOf(data);
    if (offset !== this.#taken[stream])
      throw invalid('output that does not follow what came before');
    const total = this.#taken.stdout + this.#taken.stderr + bytes.length;
    if (total > this.run.maxOutputBytes) throw invalid('more output than was ordered');
    if (bytes.length > 0) await this.run.onOutput({ stream, offset, bytes });
    this.#taken[stream] += bytes.length;
  }

  /** What did not start printed nothing, and did not end in a way of its own. */
  #checkEnd(end: Extract<RunEnd, { kind: 'exited' }>): void {
    if (end.outcome !== 'not-started') return;
    const printed = this.#taken.stdout + this.#taken.stderr + end.droppedBytes;
    if (printed === 0 && end.exitCode === null && end.signal === null) return;
    throw invalid('the end of a run that it says did not start');
  }

  async #finish(end: RunEnd): Promise<void> {
    await this.run.onEnd(end);
    this.#isOver = true;
    this.#end.resolve(undefined);
  }

  #step<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#queue.then(step);
    this.#queue = done.catch(() => undefined); // the step's own caller is told
    return done;
  }
}

/** An end that the endpoint did not report. */
export function interrupted(problem: string): Extract<RunEnd, { kind: 'exited' }> {
  return {
    kind: 'exited',
    by: 'appliance',
    outcome: 'interrupted',
    exitCode: null,
    signal: null,
    durationMs: null,
    stdoutBytes: 0,
    stderrBytes: 0,
    droppedBytes: 0,
    problem,
  };
}

function bytesOf(data: string): Bytes {
  try {
    return parseBase64(data);
  } catch (cause) {
    throw new ProtocolError('message-invalid', 'Cannot serve link: output is not base64', {
      cause,
    });
  }
}

function invalid(state: string): ProtocolError {
  return new ProtocolError('message-invalid', `Cannot serve link: ${state}`);
}
