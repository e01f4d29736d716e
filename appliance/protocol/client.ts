// A client's side of the conversation with an appliance: calls that are answered, and calls that are followed.
// What the appliance answers is parsed before anybody sees it.

import type { Conversation } from '#agent/protocol/conversation.ts';
import { isProtocolError } from '#agent/protocol/error.ts';
import { describeIssue } from '#crypto/issue.ts';
import {
  type AnswerOf,
  answerSchemas,
  type ClientAnswer,
  type ClientEvent,
  type ClientRequest,
  type ClientRequestOf,
  clientRequestSchema,
  type ClientVerb,
} from './client-message.ts';

/** The appliance said no, or would have. `code` is the word for why. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: string;
  readonly retryAfterMs: number | null;

  constructor(code: string, message: string, retryAfterMs: number | null = null) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** A verb's parameters: its request without id and verb. */
export type Parameters<V extends ClientVerb> = Omit<ClientRequestOf<V>, 'id' | 'verb'>;

interface Pending {
  readonly answer: PromiseWithResolvers<unknown>;
  readonly onEvent: (event: ClientEvent) => void | Promise<void>;
}

/** A connected client. Disposing ends the conversation; what was asked and not answered is rejected. */
export class Client implements AsyncDisposable {
  readonly #conversation: Conversation<ClientAnswer, ClientRequest>;
  readonly #pending = new Map<number, Pending>();
  readonly #reading: Promise<void>;
  readonly #ended = Promise.withResolvers<ClientError>();
  /** Resolves when nothing can be asked any more, with why. Never rejects. */
  readonly lost = this.#ended.promise;
  /** Whether a relay carries it: then it is not on the appliance's own network. */
  readonly isRelayed: boolean;
  #lastId = 0;
  #lost: ClientError | null = null;

  constructor(
    conversation: Conversation<ClientAnswer, ClientRequest>,
    { isRelayed = false }: { isRelayed?: boolean } = {},
  ) {
    this.isRelayed = isRelayed;
    this.#conversation = conversation;
    this.#reading = this.#read();
  }

  /**
   * Asks, and waits for the answer. Events that come before it are given to `onEvent` in order; the next is
   * taken when it has resolved. When `signal` aborts, the appliance is told to stop.
   * @throws {ClientError} with the appliance's code; `request-invalid`, before anything is sent, when this is no
   * request; `stream-lost` when the appliance went away
   * @throws the signal's reason when it has aborted before anything was asked
   */
  async call<V extends ClientVerb>(
    verb: V,
    parameters: Parameters<V>,
    {
      onEvent = () => undefined,
      signal,
    }: { onEvent?: (event: ClientEvent) => void | Promise<void>; signal?: AbortSignal } = {},
  ): Promise<AnswerOf<V>> {
    signal?.throwIfAborted();
    if (this.#lost !== null) throw this.#lost;
    const id = ++this.#lastId;
    const request = parseRequest({ id, verb, ...parameters });
    const answer = Promise.withResolvers<unknown>();
    answer.promise.catch(() => undefined); // it may be lost while it is still being asked: told below
    this.#pending.set(id, { answer, onEvent });
    const stop = (): void => {
      this.#post({ id: ++this.#lastId, verb: 'stop', target: id });
    };
    signal?.addEventListener('abort', stop, { once: true });
    try {
      await this.#ask(request);
      return answerSchemas[verb].parse(await answer.promise) as AnswerOf<V>; // parsed by this verb's schema
    } finally {
      signal?.removeEventListener('abort', stop);
      this.#pending.delete(id);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#conversation[Symbol.asyncDispose]();
    await this.#reading;
  }

  /** Sends a request; a conversation that is gone is told as the loss it is. */
  async #ask(request: ClientRequest): Promise<void> {
    try {
      await this.#conversation.send(request);
    } catch (cause) {
      if (isProtocolError(cause, 'frame-too-large')) {
        throw new ClientError('request-invalid', `Cannot ask "${request.verb}": it is too long`);
      }
      if (!isProtocolError(cause, 'closed', 'peer-closed', 'stream-lost')) throw cause;
      throw new ClientError('stream-lost', `Lost the appliance: ${cause.message}`);
    }
  }

  #post(request: ClientRequest): void {
    this.#conversation.send(request).catch(() => undefined); // a lost stream is told by #read
  }

  async #read(): Promise<void> {
    try {
      for (;;) {
        const message = await this.#conversation.receive();
        if (message === null) break;
        await this.#take(message);
      }
      this.#lose(new ClientError('stream-lost', 'The appliance ended the conversation'));
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : String(cause);
      this.#lose(new ClientError('stream-lost', `Lost the appliance: ${message}`));
    }
  }

  async #take(message: ClientAnswer): Promise<void> {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return; // of a call that was stopped
    switch (message.kind) {
      case 'answer':
        pending.answer.resolve(message.value);
        return;
      case 'event':
        try {
          await pending.onEvent(message.event);
        } catch (cause) {
          pending.answer.reject(cause);
        }
        return;
      case 'failed':
        pending.answer.reject(new ClientError(message.code, message.message, message.retryAfterMs));
        return;
      default:
        throw new Error(`unreachable: answer ${String(message satisfies never)}`);
    }
  }

  #lose(error: ClientError): void {
    this.#lost = error;
    this.#ended.resolve(error);
    for (const { answer } of this.#pending.values()) answer.reject(error);
  }
}

/** Checks a request as the appliance will: what it cannot read it would answer by hanging up. */
function parseRequest(request: { readonly id: number; readonly verb: string }): ClientRequest {
  const { data, error } = clientRequestSchema.safeParse(request);
  if (error === undefined) return data;
  const why = describeIssue(error);
  throw new ClientError('request-invalid', `Cannot ask "${request.verb}": ${why}`);
}
