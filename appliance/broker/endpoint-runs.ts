// The runs of one endpoint, over the links that come and go: orders out, output and ends in. An endpoint that
// comes back goes on where the log has got to; one that does not, has its runs given up.

import type { SeenCheckpoint } from '#crypto/work-order.ts';
import { isProtocolError, ProtocolError } from '#agent/protocol/error.ts';
import type { AgentMessageOf } from '#agent/protocol/link-message.ts';
import type { Ledger } from '../ledger/ledger.ts';
import type { Clock } from '../work/clock.ts';
import type { Run, RunEnd } from '../work/link-port.ts';
import type { AgentLink } from './agent-link.ts';
import { nextCheckpoint, stateAt } from './held-checkpoint.ts';
import { interrupted, LiveRun } from './live-run.ts';

/** A run whose endpoint is gone for so long is taken as interrupted. */
export const RESUME_MS = 60_000;
/** A run that was cancelled, and does not end for so long, is taken as interrupted. */
export const STOP_MS = 60_000;
/** An endpoint that is idle is told of new checkpoints this often: it is a witness, too. */
const WITNESS_MS = 60_000;

/** The live runs of an endpoint, and the link that they are told over. */
export class EndpointRuns {
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  readonly #runs = new Map<string, LiveRun>();
  #link: AgentLink | null = null;
  #isClosed = false;
  /** Stops the timer that gives up the runs of an endpoint that went away. */
  #stopWaiting: (() => void) | null = null;
  #stopWitness: () => void = () => undefined;
  /** Orders leave one after another, each under a checkpoint that extends the one before. */
  #sending: Promise<void> = Promise.resolve();

  constructor({ ledger, clock }: { ledger: Ledger; clock: Clock }) {
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** The link that serves; null: there is none. */
  get link(): AgentLink | null {
    return this.#link;
  }

  /** As `EndpointLinks.run`. */
  async run(run: Run): Promise<void> {
    const live = new LiveRun(run);
    this.#runs.set(run.run, live);
    if (this.#link === null && this.#stopWaiting === null) this.#waitForReturn();
    try {
      this.#sendOrder(live);
      await live.done;
    } finally {
      live.stopWaiting();
      this.#runs.delete(run.run);
    }
  }

  /** As `EndpointLinks.cancel`. */
  cancel(run: string): void {
    const live = this.#runs.get(run);
    if (live === undefined || live.isCancelled) return;
    live.isCancelled = true;
    if (!live.isSent) {
      endUntold(live, {
        ...interrupted('It was cancelled before the endpoint got it.'),
        ...CANCELLED,
      });
      return;
    }
    this.#link?.post({ kind: 'cancel', run });
    live.stopWaiting = this.#clock.after(STOP_MS, () => {
      giveUp(live, `The endpoint did not stop it in ${STOP_MS / 1000} seconds.`);
    });
  }

  /**
   * Goes on over a new link: with the runs that the endpoint holds, and with the orders that it never got. No
   * other link must serve. Resolves when its welcome is sent.
   */
  async attach(link: AgentLink, held: ReadonlySet<string>): Promise<void> {
    this.#link = link;
    this.#stopWaiting?.();
    this.#stopWaiting = null;
    for (const [name, live] of this.#runs) {
      if (live.isSent && !held.has(name)) giveUp(live, RESTARTED);
    }
    const runs = [...this.#runs]
      .filter(([run, live]) => held.has(run) && !live.isOver)
      .map(([run, { next }]) => ({ run, next }));
    const welcome = link.conversation.send({ kind: 'welcome', runs });
    for (const live of this.#runs.values()) {
      if (live.isSent && live.isCancelled) link.post({ kind: 'cancel', run: live.run.run });
      this.#sendOrder(live);
    }
    await welcome;
    this.#witnessRegularly(link);
  }

  /** The link is gone: runs are waited for, RESUME_MS at most. */
  detach(): void {
    this.#link = null;
    this.#stopWitness();
    this.#waitForReturn();
  }

  /** Ends everything, for the endpoint was removed. */
  close(): void {
    this.#isClosed = true;
    this.#stopWaiting?.();
    this.#stopWitness();
    this.#giveUpAll('The endpoint was removed.');
  }

  /** Output or the end of a run: recorded once, in order, and only then acknowledged. */
  async take(
    link: AgentLink,
    message: AgentMessageOf<'output'> | AgentMessageOf<'exited'>,
  ): Promise<void> {
    const { run } = message;
    const live = this.#runs.get(run);
    if (live === undefined) {
      // nobody records it: the endpoint ends it, and need not keep what it said
      link.post({ kind: 'cancel', run });
      link.post({ kind: 'ack', run, next: message.seq + 1 });
      return;
    }
    try {
      const next = await live.take(message);
      await nextTurn(); // first whoever waits for the command, then the endpoint, which waits for nothing
      await link.conversation.send({ kind: 'ack', run, next });
    } catch (cause) {
      if (isProtocolError(cause, 'message-invalid')) await live.end(interrupted(BROKEN));
      throw cause;
    }
  }

  /** The endpoint does not run an order; when only its proof was from elsewhere, it is proved again, once. */
  async takeRefused(
    link: AgentLink,
    { run, code, message, seenSize }: AgentMessageOf<'refused'>,
  ): Promise<void> {
    const live = this.#runs.get(run);
    if (live?.isSent !== true) return;
    const isStaleProof = code === 'consistency' && seenSize !== link.seen.size;
    if (isStaleProof && !live.isProvedAgain) {
      link.seen = this.#stateAt(seenSize);
      live.isProvedAgain = true;
      live.isSent = false;
      this.#sendOrder(live);
      return;
    }
    await live.end({ kind: 'refused', code, message });
  }

  #stateAt(size: number): SeenCheckpoint {
    const seen = stateAt(this.#ledger, size);
    if (seen !== null) return seen;
    const state = 'it has seen more than there is';
    throw new ProtocolError('message-invalid', `Cannot serve link: ${state}`);
  }

  /** Sends an order, after those before it; without a link it is sent when the endpoint is back. */
  #sendOrder(live: LiveRun): void {
    const turn = this.#sending.then(async () => {
      const link = this.#link;
      if (link === null || live.isSent || live.isOver) return;
      const { order, checkpoint } = await live.run.order(link.seen);
      // what went on meanwhile decides: a run that is over on record must not begin
      if (this.#link !== link || live.isOver || this.#isClosed) return;
      live.isSent = true;
      link.seen = checkpoint;
      link.post({ kind: 'order', run: live.run.run, order });
    });
    this.#sending = turn.catch((cause: unknown) => {
      live.fail(cause);
    });
  }

  #waitForReturn(): void {
    if (this.#isClosed) return;
    this.#stopWaiting?.();
    this.#stopWaiting = this.#clock.after(RESUME_MS, () => {
      this.#stopWaiting = null;
      this.#giveUpAll(`The endpoint was gone for ${RESUME_MS / 1000} seconds.`);
    });
  }

  #giveUpAll(problem: string): void {
    for (const live of this.#runs.values()) giveUp(live, problem);
  }

  /** Now and then an idle endpoint gets the newest checkpoint, so that it witnesses what it did not run. */
  #witnessRegularly(link: AgentLink): void {
    if (this.#link !== link) return;
    this.#sendCheckpoint(link);
    this.#stopWitness = this.#clock.after(WITNESS_MS, () => {
      this.#witnessRegularly(link);
    });
  }

  #sendCheckpoint(link: AgentLink): void {
    const turn = this.#sending.then(() => {
      if (this.#link !== link) return;
      const next = nextCheckpoint(this.#ledger, link.seen);
      if (next === null) return;
      link.post(next.message);
      link.seen = next.seen;
    });
    this.#sending = turn.catch((cause: unknown) => {
      link.break(cause);
    });
  }
}

const RESTARTED = 'The endpoint restarted, or never got the order.';
const BROKEN = 'The endpoint broke the protocol of its link.';

const CANCELLED = { outcome: 'cancelled' } as const;

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function giveUp(live: LiveRun, problem: string): void {
  endUntold(live, interrupted(problem));
}

/** Ends a run in a way that the endpoint did not tell; when that cannot be recorded, whoever began it hears so. */
function endUntold(live: LiveRun, end: RunEnd): void {
  live.end(end).catch((cause: unknown) => {
    live.fail(cause);
  });
}
