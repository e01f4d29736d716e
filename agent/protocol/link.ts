// The agent's link to its appliance: dial, serve, wait, for as long as it is open. Connect and reconnect are
// this one path. What has to be sent again after a loss is the business of `serve`, which begins anew each time.

import type * as z from 'zod';

import type { Bytes } from '#crypto/bytes.ts';
import { type Conversation, openConversation } from './conversation.ts';
import type { PeerNode, PeerStream } from './node.ts';

export type LinkState = 'connecting' | 'connected' | 'waiting';

export interface LinkDetail {
  /** Attempts that failed since the peer last said something. */
  readonly failures: number;
  /** Only when waiting: the time until the next attempt. */
  readonly retryInMs?: number;
  /** Only when waiting: why the last attempt or conversation ended; absent when it ended properly. */
  readonly error?: unknown;
}

export interface LinkOptions<In, Out> {
  node: Pick<PeerNode, 'dial' | 'discovered'>;
  appliance: {
    /** The pinned key, 32 raw bytes. */
    publicKey: Bytes;
    /** The configured addresses, asked anew before each attempt. */
    addresses: () => readonly string[] | Promise<readonly string[]>;
  };
  protocol: string;
  schema: z.ZodType<In>;
  /** Holds one conversation; when it settles the link dials again. What it throws is told to `onState`. */
  serve: (conversation: Conversation<In, Out>) => Promise<void>;
  signal: AbortSignal;
  /** In [0, 1). */
  random: () => number;
  onState: (state: LinkState, detail: LinkDetail) => void;
  backoff: Backoff;
}

export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

export interface Link extends AsyncDisposable {
  /** Tries again at once when the link is waiting: the network came back, the machine woke up. */
  poke(): void;
}

/** Opens the link. It ends by the signal or by disposal, which ends the conversation properly. */
export function openLink<In, Out>(options: LinkOptions<In, Out>): Link {
  const closing = new AbortController();
  const signal = AbortSignal.any([options.signal, closing.signal]);
  const bell = createBell(signal);
  const running = run(options, { signal, bell });
  return {
    poke: () => bell.ring(),
    [Symbol.asyncDispose]: async () => {
      closing.abort();
      await running;
    },
  };
}

/**
 * Exponential back-off with full jitter: anywhere between now and the bound, so that the agents of a site do
 * not come back in step after their appliance was away.
 */
export function retryDelayMs(
  failures: number,
  options: Backoff & { random: () => number },
): number {
  const { firstMs, maxMs, random } = options;
  return random() * Math.min(maxMs, firstMs * 2 ** failures);
}

interface Run {
  signal: AbortSignal;
  bell: Bell;
}

async function run<In, Out>(options: LinkOptions<In, Out>, { signal, bell }: Run): Promise<void> {
  const { onState, backoff, random } = options;
  let failures = 0;
  while (!signal.aborted) {
    onState('connecting', { failures });
    const outcome = await converse(options, { signal, failures });
    if (signal.aborted) return;
    if (outcome.hasHeard) failures = 0;
    const retryInMs = retryDelayMs(failures, { ...backoff, random });
    failures++;
    const error = outcome.error === undefined ? {} : { error: outcome.error };
    onState('waiting', { failures, retryInMs, ...error });
    if (await bell.isRungWithin(retryInMs)) failures = 0;
  }
}

/** One attempt and, when it succeeds, one conversation. Never rejects. */
async function converse<In, Out>(
  options: LinkOptions<In, Out>,
  { signal, failures }: { signal: AbortSignal; failures: number },
): Promise<{ hasHeard: boolean; error?: unknown }> {
  let hasHeard = false;
  try {
    const { stream, remotePublicKey } = await dial(options, signal);
    await using conversation = openConversation<In, Out>(stream, {
      schema: options.schema,
      remotePublicKey,
    });
    using _ = onAbort(signal, () => void conversation[Symbol.asyncDispose]()); // awaited by `await using`
    options.onState('connected', { failures });
    try {
      await options.serve(conversation);
    } finally {
      hasHeard = conversation.receivedCount > 0;
    }
    return { hasHeard };
  } catch (error) {
    return { hasHeard, error };
  }
}

/** Dials the configured addresses, then what the local network says: a DHCP lease may have moved the peer. */
async function dial<In, Out>(
  { node, appliance, protocol }: LinkOptions<In, Out>,
  signal: AbortSignal,
): Promise<PeerStream> {
  const { publicKey } = appliance;
  const configured = await appliance.addresses();
  try {
    return await node.dial({ addresses: configured, publicKey, protocol, signal });
  } catch (first) {
    const found = node.discovered(publicKey).filter((address) => !configured.includes(address));
    if (signal.aborted || found.length === 0) throw first;
    try {
      return await node.dial({ addresses: found, publicKey, protocol, signal });
    } catch (second) {
      throw new AggregateError(
        [first, second],
        'Cannot dial: neither configured nor found addresses',
      );
    }
  }
}

interface Bell {
  ring(): void;
  /** Waits: true when it rang before the time was up, false otherwise or when the link ends. */
  isRungWithin(timeoutMs: number): Promise<boolean>;
}

function createBell(signal: AbortSignal): Bell {
  let wake: ((isRung: boolean) => void) | undefined;
  return {
    ring: () => wake?.(true),
    async isRungWithin(timeoutMs) {
      if (signal.aborted) return false;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      wake = resolve;
      const timer = setTimeout(() => resolve(false), timeoutMs);
      using _ = onAbort(signal, () => resolve(false));
      try {
        return await promise;
      } finally {
        wake = undefined;
        clearTimeout(timer);
      }
    },
  };
}

function onAbort(signal: AbortSignal, listener: () => void): Disposable {
  if (signal.aborted) listener();
  signal.addEventListener('abort', listener);
  return { [Symbol.dispose]: () => signal.removeEventListener('abort', listener) };
}
