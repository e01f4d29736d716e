// The browser's link to one site: dialled, said hello to, kept, and found again after every loss. Who calls
// waits while it is away; who follows a session goes on where it stopped, so nothing is lost or shown twice.

import {
  type AnswerOf,
  type ClientEvent,
  type ClientVerb,
} from '#appliance/protocol/client-message.ts';
import { type Client, ClientError, type Parameters } from '#appliance/protocol/client.ts';
import { type CheckedEntry, checkShownEntry } from '#appliance/protocol/shown-entry.ts';
import type { Envelope } from '#crypto/statement.ts';
import { wordsOf } from './words-of.ts';

/** How the link is, for the person at the screen. */
export type LinkState =
  /** `why` the last try failed, or the link was lost; null: this is the first. */
  | { readonly kind: 'connecting'; readonly why: string | null }
  /** Straight on the appliance's own network, or by the console's relay. */
  | { readonly kind: 'open'; readonly isRelayed: boolean }
  /** Lost, or never reached; it is tried again. */
  | { readonly kind: 'away'; readonly why: string; readonly retryAtMs: number }
  /** The site will not have us: trying again would not help. */
  | { readonly kind: 'refused'; readonly why: string; readonly code: string }
  | { readonly kind: 'closed' };

export interface SiteLinkOptions {
  /** Opens a client's conversation with the appliance. Rejects when it cannot be reached. */
  readonly dial: (signal: AbortSignal) => Promise<Client>;
  /** The signed word that this browser's device key speaks for its person. */
  readonly device: Envelope;
  /** What else is asked of the site as soon as it has let us in. Where that fails, the link has not come about. */
  readonly onHello?: (client: Client) => Promise<void>;
  readonly onState: (state: LinkState) => void;
  readonly now: () => number;
  /** From 0 up to 1. */
  readonly random?: () => number;
  readonly backoff?: { readonly firstMs: number; readonly maxMs: number };
}

/** How a session's reading ended. */
export interface ReadEnd {
  /** Position of the next entry that was not read. */
  readonly next: number;
  readonly isOver: boolean;
}

/** Codes that mean: this device, or this person, is not known there. Waiting does not mend them. */
const REFUSALS: ReadonlySet<string> = new Set([
  'not-allowed',
  'not-authorised',
  'keys-changed',
  'expired',
  'webauthn',
]);

const BACKOFF = { firstMs: 250, maxMs: 10_000 };

/** A link that is kept until it is disposed. */
export class SiteLink implements AsyncDisposable {
  readonly #options: SiteLinkOptions;
  readonly #closing = new AbortController();
  readonly #keeping: Promise<void>;
  #client = Promise.withResolvers<Client>();
  #wake: (() => void) | null = null;
  #state: LinkState = { kind: 'connecting', why: null };

  constructor(options: SiteLinkOptions) {
    this.#options = options;
    this.#client.promise.catch(() => undefined); // told to whoever waits for it
    this.#keeping = this.#keep();
  }

  get state(): LinkState {
    return this.#state;
  }

  /** Tries at once, when it was about to wait: the network is back, or the page is looked at again. */
  hurry(): void {
    this.#wake?.();
  }

  /**
   * Asks the site; waits while it is away. A call that was under way when the link broke rejects: what it did
   * is in the log, and asking again might do it twice.
   * @throws {ClientError} with the appliance's code, `stream-lost`, or the code of a refusal
   */
  async call<V extends ClientVerb>(
    verb: V,
    parameters: Parameters<V>,
    options: {
      onEvent?: (event: ClientEvent) => void | Promise<void>;
      signal?: AbortSignal;
    } = {},
  ): Promise<AnswerOf<V>> {
    const client = await this.#connected(options.signal);
    return client.call(verb, parameters, options);
  }

  /**
   * Reads a session's entries from a position on, each checked against its leaf, in order and once; with
   * `follow` until the session ends or the signal aborts, over every loss of the link.
   * @throws {VerifyError | FormatError} when the site shows what its leaf does not hold
   */
  async readSession(
    session: string,
    {
      from,
      follow,
      onEntry,
      signal,
    }: {
      from: number;
      follow: boolean;
      onEntry: (entry: CheckedEntry) => void | Promise<void>;
      signal: AbortSignal;
    },
  ): Promise<ReadEnd> {
    let next = from;
    for (;;) {
      try {
        const answer = await this.call(
          'session.read',
          { session, from: next, follow },
          {
            signal,
            onEvent: async (event) => {
              if (event.kind !== 'entry') return;
              const entry = checkShownEntry(event.entry);
              checkPlace(entry, { session, n: next });
              await onEntry(entry);
              next += 1;
            },
          },
        );
        if (answer.isOver || !follow) return { next, isOver: answer.isOver };
      } catch (cause) {
        signal.throwIfAborted();
        if (!isLost(cause)) throw cause;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort(new ClientError('closed', 'The page let go of the site'));
    await this.#keeping;
  }

  async #connected(signal: AbortSignal | undefined): Promise<Client> {
    signal?.throwIfAborted();
    if (signal === undefined) return this.#client.promise;
    const aborted = Promise.withResolvers<never>();
    const onAbort = (): void => aborted.reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      return await Promise.race([this.#client.promise, aborted.promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  async #keep(): Promise<void> {
    const { signal } = this.#closing;
    let attempt = 0;
    let lost: string | null = null;
    while (!signal.aborted) {
      this.#say({ kind: 'connecting', why: lost });
      try {
        await using client = await this.#open();
        attempt = 0;
        this.#client.resolve(client);
        this.#say({ kind: 'open', isRelayed: client.isRelayed });
        const why = await Promise.race([client.lost, aborting(signal)]);
        this.#client = Promise.withResolvers<Client>();
        this.#client.promise.catch(() => undefined);
        if (why === null) continue;
        lost = wordsOf(why);
        await this.#rest(lost, attempt);
      } catch (cause) {
        if (isRefusal(cause)) {
          this.#say({ kind: 'refused', why: cause.message, code: cause.code });
          this.#client.reject(cause);
          return;
        }
        attempt += 1;
        lost = wordsOf(cause);
        await this.#rest(lost, attempt);
      }
    }
    this.#client.reject(signal.reason);
    this.#say({ kind: 'closed' });
  }

  async #open(): Promise<Client> {
    const client = await this.#options.dial(this.#closing.signal);
    try {
      await client.call('client.hello', { device: this.#options.device });
      await this.#options.onHello?.(client);
      return client;
    } catch (cause) {
      await client[Symbol.asyncDispose]();
      throw cause;
    }
  }

  /** Waits before the next try: longer each time, and not all browsers at once. */
  async #rest(why: string, attempt: number): Promise<void> {
    const { signal } = this.#closing;
    if (signal.aborted) return;
    const { now, random = Math.random, backoff = BACKOFF } = this.#options;
    const mostMs = Math.min(backoff.maxMs, backoff.firstMs * 2 ** Math.min(attempt, 16));
    const delayMs = Math.round(mostMs * (0.5 + random() / 2));
    this.#say({ kind: 'away', why, retryAtMs: now() + delayMs });
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, delayMs);
    this.#wake = resolve;
    signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    clearTimeout(timer);
    this.#wake = null;
  }

  #say(state: LinkState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}

function checkPlace({ leaf }: CheckedEntry, { session, n }: { session: string; n: number }): void {
  if (leaf.s === session && leaf.n === n) return;
  throw new ClientError('message-invalid', `The site showed another entry than number ${n}`);
}

function isLost(cause: unknown): boolean {
  return cause instanceof ClientError && cause.code === 'stream-lost';
}

function isRefusal(cause: unknown): cause is ClientError {
  return cause instanceof ClientError && REFUSALS.has(cause.code);
}

function aborting(signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true });
  });
}
