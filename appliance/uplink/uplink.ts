// The appliance's uplink: it dials its console, keeps a reservation on the relay there, and tells what the site's
// digest level lets go. Nothing depends on it: with the internet cut the site works alone, and this catches up.

import { type Backoff, type Link, openLink } from '#agent/protocol/link.ts';
import { openDeadline } from '#agent/protocol/deadline.ts';
import type { Conversation } from '#agent/protocol/conversation.ts';
import { ProtocolError } from '#agent/protocol/error.ts';
import { isLoopback } from '#agent/protocol/loopback.ts';
import type { PeerNode } from '#agent/protocol/node.ts';
import type { Bytes } from '#crypto/bytes.ts';
import type { Envelope } from '#crypto/statement.ts';
import {
  STATUS_MS,
  UPLINK_PROTOCOL,
  type UplinkDown,
  uplinkDownSchema,
  type UplinkEndpoint,
  type UplinkHello,
  type UplinkStatus,
  type UplinkUp,
} from '../protocol/uplink-message.ts';
import type { Clock } from '../work/clock.ts';
import { endpointDelta, type ToldEndpoints } from './endpoint-delta.ts';
import type { RelayListener } from './relay-listener.ts';

const BACKOFF: Backoff = { firstMs: 1_000, maxMs: 60_000 };
/** A console on this computer is away while it starts, asking costs nothing, and nobody else comes in step. */
const NEAR_BACKOFF: Backoff = { firstMs: 1_000, maxMs: 2_000 };
const WELCOME_MS = 10_000;
/** Changes that come closer together than this are told together. */
const GATHER_MS = 500;

/** A sign of life where there is no log to tell of: the console takes silence for absence. */
const NOTHING_NEW: UplinkUp = {
  kind: 'endpoints',
  ...{ isReset: false, isWhole: true, endpoints: [], removed: [] },
};

/** What the uplink tells, asked anew each time. */
export interface UplinkSource {
  hello(): Omit<UplinkHello, 'kind'>;
  /** Null as long as the site is not founded. */
  status(): Omit<UplinkStatus, 'kind'> | null;
  endpoints(): readonly UplinkEndpoint[];
  /** Told when any of it may have changed; returns how to stop listening. */
  onChange(listener: () => void): () => void;
}

export type UplinkState = 'connecting' | 'connected' | 'waiting';

export interface UplinkOptions {
  readonly console: { readonly addresses: readonly string[]; readonly publicKey: Bytes };
  readonly node: Pick<PeerNode, 'dial' | 'discovered'>;
  readonly relay: RelayListener;
  readonly source: UplinkSource;
  /** Checks a roster that came down and puts it in force. Rejects with why not. */
  readonly onRoster: (envelope: Envelope) => Promise<void>;
  readonly onState: (state: UplinkState, error?: unknown) => void;
  readonly clock: Clock;
  readonly random?: () => number;
}

type UplinkConversation = Conversation<UplinkDown, UplinkUp>;

/** Opens the uplink. Disposal ends the conversation properly. */
export function openUplink(options: UplinkOptions): Link {
  const { console: target, node, onState, random = Math.random } = options;
  return openLink<UplinkDown, UplinkUp>({
    node,
    appliance: { publicKey: target.publicKey, addresses: () => target.addresses },
    protocol: UPLINK_PROTOCOL,
    schema: uplinkDownSchema,
    serve: (conversation) => converse(conversation, options),
    signal: new AbortController().signal,
    ...{ random, backoff: uplinkBackoff(target.addresses) },
    onState: (state, { error }) => {
      if (state !== 'connected') onState(state, error); // ours is connected when it is welcome
    },
  });
}

/** How long an appliance waits before it asks again for a console at these addresses. */
export function uplinkBackoff(addresses: readonly string[]): Backoff {
  return addresses.every(isLoopback) ? NEAR_BACKOFF : BACKOFF;
}

async function converse(
  conversation: UplinkConversation,
  { relay, source, onRoster, onState, clock }: UplinkOptions,
): Promise<void> {
  await conversation.send({ kind: 'hello', ...source.hello() });
  await takeWelcome(conversation);
  await relay.reserve(); // its protocols are served by whoever says welcome
  onState('connected');
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined); // told to the race below, if it still runs
  await using stack = new AsyncDisposableStack();
  stack.defer(
    relay.onLost(() => {
      lost.reject(new ProtocolError('peer-unreachable', 'Lost the reservation on the relay'));
    }),
  );
  const telling = startTelling(conversation, { source, clock });
  stack.defer(telling.stop);
  await Promise.race([takeMessages(conversation, onRoster), telling.failed, lost.promise]);
}

async function takeWelcome(conversation: UplinkConversation): Promise<void> {
  using deadline = openDeadline(WELCOME_MS, {
    signal: new AbortController().signal,
    onLate: () => new ProtocolError('timeout', 'Cannot use uplink: the console does not answer'),
  });
  const welcome = await conversation.receive({ signal: deadline.signal });
  if (welcome?.kind === 'welcome') return;
  throw new ProtocolError('message-invalid', 'Cannot use uplink: expected welcome');
}

async function takeMessages(
  conversation: UplinkConversation,
  onRoster: UplinkOptions['onRoster'],
): Promise<void> {
  for (;;) {
    const message = await conversation.receive();
    switch (message?.kind) {
      case undefined:
        return;
      case 'welcome':
        throw new ProtocolError('message-invalid', 'Cannot use uplink: welcome twice');
      case 'roster': {
        const refusal = await onRoster(message.envelope).then(() => null, refusalOf);
        await conversation.send({ kind: 'rostered', id: message.id, refusal });
        break;
      }
      default:
        throw new Error(`unreachable: message ${String(message satisfies never)}`);
    }
  }
}

function refusalOf(cause: unknown): { code: string; message: string } {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'internal';
  const message = cause instanceof Error ? cause.message : 'The appliance failed on this.';
  return { code: code.slice(0, 64), message: message.slice(0, 4096).toWellFormed() };
}

/** Tells status and endpoints at once, then what changes, and the status every STATUS_MS. */
function startTelling(
  conversation: UplinkConversation,
  { source, clock }: Pick<UplinkOptions, 'source' | 'clock'>,
): { readonly failed: Promise<never>; stop(): void } {
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined); // told to whoever races for it
  let told: ToldEndpoints | null = null;
  let stopTimer = (): void => undefined;
  let turn = Promise.resolve();
  const tell = async (): Promise<void> => {
    const delta = endpointDelta(told, source.endpoints());
    told = delta.told;
    for (const message of delta.messages) await conversation.send(message);
    const status = source.status();
    if (status !== null) await conversation.send({ kind: 'status', ...status });
    else if (delta.messages.length === 0) await conversation.send(NOTHING_NEW);
  };
  const tellIn = (delayMs: number): void => {
    stopTimer();
    stopTimer = clock.after(delayMs, () => {
      isGathering = false;
      turn = turn.then(tell).then(() => tellLater(), failed.reject);
    });
  };
  let isGathering = true;
  const tellLater = (): void => {
    if (!isGathering) tellIn(STATUS_MS);
  };
  tellIn(0);
  const stopListening = source.onChange(() => {
    if (isGathering) return;
    isGathering = true;
    tellIn(GATHER_MS);
  });
  return {
    failed: failed.promise,
    stop() {
      isGathering = true; // nothing is told later any more
      stopListening();
      stopTimer();
    },
  };
}
