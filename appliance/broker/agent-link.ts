// One live link to an endpoint, `/caisey/agent/link/1`: what is said over it, and how it ends. Everything the
// endpoint says is what it says.

import type { SeenCheckpoint } from '#crypto/work-order.ts';
import type { Conversation } from '#agent/protocol/conversation.ts';
import { isProtocolError, ProtocolError } from '#agent/protocol/error.ts';
import {
  type AgentMessage,
  type ApplianceMessage,
  HEARTBEAT_MS,
} from '#agent/protocol/link-message.ts';
import type { Clock } from '../work/clock.ts';
import { NOTHING_SEEN } from './held-checkpoint.ts';

/** An endpoint that says nothing for so long is taken as gone. */
const SILENT_MS = 3 * HEARTBEAT_MS;
/** A removed endpoint has so long to hear of it. */
export const FAREWELL_MS = 5_000;

export type AgentConversation = Conversation<AgentMessage, ApplianceMessage>;

/** A link from its first word to its last. */
export class AgentLink {
  readonly conversation: AgentConversation;
  /** The last checkpoint that the endpoint holds, as far as we know. */
  seen: SeenCheckpoint = NOTHING_SEEN;
  readonly #clock: Clock;
  readonly #over = new AbortController();
  readonly #left = Promise.withResolvers<undefined>();

  constructor(conversation: AgentConversation, clock: Clock) {
    this.conversation = conversation;
    this.#clock = clock;
  }

  /**
   * The next message; null when the endpoint ended properly.
   * @throws {ProtocolError} as `Conversation.receive`; `timeout` when it says nothing for SILENT_MS
   * @throws what the link was broken with
   */
  async receive(): Promise<AgentMessage | null> {
    const stop = this.#clock.after(SILENT_MS, () => {
      this.break(new ProtocolError('timeout', 'Cannot serve link: the endpoint went silent'));
    });
    try {
      return await this.conversation.receive({ signal: this.#over.signal });
    } finally {
      stop();
    }
  }

  /** Sends without waiting: a link that is lost is noticed where it is read. */
  post(message: ApplianceMessage): void {
    this.conversation.send(message).catch((cause: unknown) => {
      if (!isLost(cause)) this.break(cause);
    });
  }

  /** Ends this link, and no other, over something that should not have happened: `receive` throws it. */
  break(cause: unknown): void {
    this.#over.abort(cause);
  }

  /** Has the link end, and waits until nothing of it is on its way to the log. */
  async end(): Promise<void> {
    await this.conversation[Symbol.asyncDispose]();
    await this.#left.promise;
  }

  /** Says that nothing which came over it is on its way to the log any more. */
  leave(): void {
    this.#left.resolve(undefined);
  }

  /** Tells the endpoint that it was removed, and ends when it has heard so, or had FAREWELL_MS. Never rejects. */
  async dismiss(): Promise<void> {
    const late = Promise.withResolvers<undefined>();
    const stop = this.#clock.after(FAREWELL_MS, () => {
      late.resolve(undefined);
    });
    await Promise.race([this.#sayRemoved(), late.promise]);
    stop();
  }

  async #sayRemoved(): Promise<void> {
    try {
      await this.conversation.send({ kind: 'removed' });
    } catch (cause) {
      this.break(cause); // it hears of it when it comes again
    }
    await this.conversation[Symbol.asyncDispose]();
  }
}

function isLost(cause: unknown): boolean {
  return isProtocolError(cause, 'closed', 'peer-closed', 'stream-lost');
}
