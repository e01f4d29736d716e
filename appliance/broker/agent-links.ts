// The live links to the site's endpoints, `/caisey/agent/link/1`, and the runs on them. Outlives each link: an
// endpoint that comes back goes on where the log has got to. Everything an agent says is what it says.

import type { FieldsOf } from '#crypto/kind.ts';
import type { SeenCheckpoint } from '#crypto/work-order.ts';
import type { Conversation } from '#agent/protocol/conversation.ts';
import { isProtocolError, ProtocolError } from '#agent/protocol/error.ts';
import {
  type AgentMessage,
  type AgentMessageOf,
  type ApplianceMessage,
  HEARTBEAT_MS,
  type Host,
} from '#agent/protocol/link-message.ts';
import { LedgerError } from '../ledger/error.ts';
import type { EndpointLinks, Run } from '../work/link-port.ts';
import type { Clock } from '../work/clock.ts';
import { record } from '../work/record.ts';
import { type Endpoint, keyText, type Site } from '../work/site.ts';
import { checkHeld, nextCheckpoint, NOTHING_SEEN, stateAt } from './held-checkpoint.ts';
import { interrupted, LiveRun } from './live-run.ts';

/** A run whose endpoint is gone for so long is taken as interrupted. */
export const RESUME_MS = 60_000;
/** A run that was cancelled, and does not end for so long, is taken as interrupted. */
export const STOP_MS = 60_000;
/** An endpoint that says nothing for so long is taken as gone. */
const SILENT_MS = 3 * HEARTBEAT_MS;
/** An endpoint that is idle is told of new checkpoints this often: it is a witness, too. */
const WITNESS_MS = 60_000;

export type AgentConversation = Conversation<AgentMessage, ApplianceMessage>;

/** What is known of an endpoint's link. */
export interface LinkView {
  readonly isOnline: boolean;
  /** Milliseconds since 1970; null: never since the appliance started. */
  readonly lastSeenMs: number | null;
  readonly software: string | null;
  readonly host: Host | null;
}

interface LiveLink {
  readonly conversation: AgentConversation;
  seen: SeenCheckpoint;
  /** One alarm a link is put on record: more would let an endpoint fill the log. */
  hasAlarmed: boolean;
  /** Resolves when it no longer serves: nothing it said is still on its way to the log. */
  readonly left: PromiseWithResolvers<undefined>;
}

interface Slot {
  link: LiveLink | null;
  lastSeenMs: number | null;
  software: string | null;
  host: Host | null;
  readonly runs: Map<string, LiveRun>;
  /** Stops the timer that gives up the runs of an endpoint that went away. */
  stopWaiting: (() => void) | null;
  /** Orders leave one after another, each under a checkpoint that extends the one before. */
  sending: Promise<void>;
}

/** The links of a running appliance. */
export class AgentLinks implements EndpointLinks {
  readonly #site: Site;
  readonly #clock: Clock;
  readonly #slots = new Map<string, Slot>();
  readonly #listeners = new Set<() => void>();

  constructor(site: Site, { clock }: { clock: Clock }) {
    this.#site = site;
    this.#clock = clock;
  }

  isOnline(endpoint: string): boolean {
    return this.#slots.get(endpoint)?.link != null;
  }

  view(endpoint: string): LinkView {
    const slot = this.#slots.get(endpoint);
    return {
      isOnline: slot?.link != null,
      lastSeenMs: slot?.lastSeenMs ?? null,
      software: slot?.software ?? null,
      host: slot?.host ?? null,
    };
  }

  /** Told whenever an endpoint comes, goes, or says how it is; returns how to stop listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  async run(run: Run): Promise<void> {
    const slot = this.#slot(run.endpoint);
    const live = new LiveRun(run);
    slot.runs.set(run.run, live);
    if (slot.link === null && slot.stopWaiting === null) this.#waitForReturn(slot);
    try {
      this.#sendOrder(slot, live);
      await live.done;
    } finally {
      live.stopWaiting();
      slot.runs.delete(run.run);
    }
  }

  cancel(endpoint: string, run: string): void {
    const slot = this.#slot(endpoint);
    const live = slot.runs.get(run);
    if (live === undefined || live.isCancelled) return;
    live.isCancelled = true;
    if (slot.link !== null) this.#post(slot.link, { kind: 'cancel', run });
    live.stopWaiting = this.#clock.after(STOP_MS, () => {
      giveUp(live, `The endpoint did not stop it in ${STOP_MS / 1000} seconds.`);
    });
  }

  /** Tells a removed endpoint to stop, and forgets it. */
  remove(endpoint: string): void {
    const slot = this.#slots.get(endpoint);
    if (slot === undefined) return;
    if (slot.link !== null) this.#post(slot.link, { kind: 'removed' });
    slot.stopWaiting?.();
    giveUpAll(slot, 'The endpoint was removed.');
    this.#slots.delete(endpoint);
  }

  /**
   * Serves one link until it ends. The peer was authenticated, and its key is an endpoint's.
   * @throws {ProtocolError} when it breaks the protocol
   */
  async serve(conversation: AgentConversation): Promise<void> {
    const hello = await this.#receive(conversation);
    if (hello?.kind !== 'hello') throw invalid('expected hello');
    const endpoint = this.#site.endpoint(hello.endpoint);
    if (endpoint.key !== keyText(conversation.remotePeer)) throw invalid('not the key of that id');
    const seen = await this.#checkSeen(hello);
    const slot = this.#slot(endpoint.id);
    const left = Promise.withResolvers<undefined>();
    const link: LiveLink = { conversation, seen, hasAlarmed: false, left };
    let stopWitness = (): void => undefined;
    let reason = 'ended';
    try {
      await this.#arrive(endpoint, { slot, link, hello });
      stopWitness = this.#witnessRegularly(slot, link);
      await this.#serveMessages(slot, link);
    } catch (cause) {
      reason = cause instanceof ProtocolError ? cause.code : 'failed';
      throw cause;
    } finally {
      stopWitness();
      await this.#leave(endpoint, { slot, link, reason });
    }
  }

  async #serveMessages(slot: Slot, link: LiveLink): Promise<void> {
    for (;;) {
      const message = await this.#receive(link.conversation);
      if (message === null) return;
      slot.lastSeenMs = this.#clock.now();
      await this.#take(slot, link, message);
    }
  }

  async #take(slot: Slot, link: LiveLink, message: AgentMessage): Promise<void> {
    switch (message.kind) {
      case 'hello':
        throw invalid('hello twice');
      case 'heartbeat':
        slot.host = message.host;
        this.#tell();
        return;
      case 'seen':
        return;
      case 'output':
      case 'exited':
        return this.#takeRecorded(slot, link, message);
      case 'refused':
        return this.#takeRefused(slot, link, message);
      case 'alarm':
        if (link.hasAlarmed) return;
        link.hasAlarmed = true;
        return this.#takeAlarm(slot, message);
      default:
        throw new Error(`unreachable: message ${String(message satisfies never)}`);
    }
  }

  /** Output or the end of a run: recorded once, in order, and only then acknowledged. */
  async #takeRecorded(
    slot: Slot,
    link: LiveLink,
    message: AgentMessageOf<'output'> | AgentMessageOf<'exited'>,
  ): Promise<void> {
    const live = slot.runs.get(message.run);
    if (live === undefined) {
      // nobody records it: the endpoint ends it, and need not keep what it said
      this.#post(link, { kind: 'cancel', run: message.run });
      this.#post(link, { kind: 'ack', run: message.run, next: message.seq + 1 });
      return;
    }
    try {
      const next = await live.take(message);
      await link.conversation.send({ kind: 'ack', run: message.run, next });
    } catch (cause) {
      if (isProtocolError(cause, 'message-invalid')) await live.end(interrupted(BROKEN));
      throw cause;
    }
  }

  async #takeRefused(
    slot: Slot,
    link: LiveLink,
    { run, code, message, seenSize }: AgentMessageOf<'refused'>,
  ): Promise<void> {
    const live = slot.runs.get(run);
    if (live?.isSent !== true) return;
    const isStaleProof = code === 'consistency' && seenSize !== link.seen.size;
    if (isStaleProof && !live.isProvedAgain) {
      // the endpoint has seen another checkpoint than we think: prove from that one, once
      const seen = stateAt(this.#site.ledger, seenSize);
      if (seen === null) throw invalid('it has seen more than there is');
      link.seen = seen;
      live.isProvedAgain = true;
      live.isSent = false;
      this.#sendOrder(slot, live);
      return;
    }
    await live.end({ kind: 'refused', code, message });
  }

  async #takeAlarm(slot: Slot, { code, message }: AgentMessageOf<'alarm'>): Promise<void> {
    const endpoint = [...this.#slots].find(([, candidate]) => candidate === slot)?.[0];
    await record(this.#site.ledger, {
      kind: 'alert.raised',
      ...(endpoint === undefined ? {} : { endpoint }),
      fields: {
        code: `agent-${code}`,
        severity: 'critical',
        subject: endpoint ?? null,
        detail: message.toWellFormed(),
      },
      isEssential: true,
    });
  }

  /** Sends an order, after those before it; without a link it is sent when the endpoint is back. */
  #sendOrder(slot: Slot, live: LiveRun): void {
    const turn = slot.sending.then(async () => {
      const { link } = slot;
      if (link === null || live.isSent || live.isOver) return;
      const { order, checkpoint } = await live.run.order(link.seen);
      // what went on meanwhile decides: a run that is over on record must not begin
      if (slot.link !== link || live.isOver || this.#slots.get(live.run.endpoint) !== slot) return;
      live.isSent = true;
      link.seen = checkpoint;
      this.#post(link, { kind: 'order', run: live.run.run, order });
      if (live.isCancelled) this.#post(link, { kind: 'cancel', run: live.run.run });
    });
    slot.sending = turn.catch((cause: unknown) => {
      live.fail(cause);
    });
  }

  /** What the endpoint saw last. When this log does not contain it, the appliance must not go on. */
  async #checkSeen({ seen }: AgentMessageOf<'hello'>): Promise<SeenCheckpoint> {
    if (seen === null) return NOTHING_SEEN;
    return checkHeld(seen, this.#site);
  }

  async #arrive(
    endpoint: Endpoint,
    { slot, link, hello }: { slot: Slot; link: LiveLink; hello: AgentMessageOf<'hello'> },
  ): Promise<void> {
    if (slot.link !== null) await endLink(slot.link);
    await record(this.#site.ledger, {
      kind: 'endpoint.online',
      endpoint: endpoint.id,
      fields: onlineFields(endpoint, hello),
      isEssential: true,
    });
    while (slot.link !== null) await endLink(slot.link); // others may have come at the same time
    slot.link = link;
    slot.stopWaiting?.();
    slot.stopWaiting = null;
    slot.lastSeenMs = this.#clock.now();
    slot.software = hello.software;
    slot.host = hello.host;
    const held = new Set(hello.runs.map(({ run }) => run));
    for (const [name, live] of slot.runs) {
      if (live.isSent && !held.has(name)) giveUp(live, RESTARTED);
    }
    await this.#welcome(slot, { link, held });
    this.#tell();
  }

  /** Goes on with the runs that the endpoint holds, and sends the orders that it never got. */
  async #welcome(
    slot: Slot,
    { link, held }: { link: LiveLink; held: ReadonlySet<string> },
  ): Promise<void> {
    const runs = [...slot.runs]
      .filter(([run, live]) => held.has(run) && !live.isOver)
      .map(([run, { next }]) => ({ run, next }));
    const welcome = link.conversation.send({ kind: 'welcome', runs });
    for (const live of slot.runs.values()) {
      if (live.isSent && live.isCancelled) {
        this.#post(link, { kind: 'cancel', run: live.run.run });
      }
      this.#sendOrder(slot, live);
    }
    await welcome;
  }

  async #leave(
    endpoint: Endpoint,
    { slot, link, reason }: { slot: Slot; link: LiveLink; reason: string },
  ): Promise<void> {
    const wasServed = slot.link === link;
    if (wasServed) {
      slot.link = null;
      slot.lastSeenMs = this.#clock.now();
      this.#waitForReturn(slot);
    }
    link.left.resolve(undefined);
    if (!wasServed) return;
    this.#tell();
    await record(this.#site.ledger, {
      kind: 'endpoint.offline',
      endpoint: endpoint.id,
      fields: { name: endpoint.name, reason },
      isEssential: true,
    });
  }

  #waitForReturn(slot: Slot): void {
    slot.stopWaiting = this.#clock.after(RESUME_MS, () => {
      slot.stopWaiting = null;
      giveUpAll(slot, `The endpoint was gone for ${RESUME_MS / 1000} seconds.`);
    });
  }

  /** Now and then an idle endpoint gets the newest checkpoint, so that it witnesses what it did not run. */
  #witnessRegularly(slot: Slot, link: LiveLink): () => void {
    let stop = (): void => undefined;
    const again = (): void => {
      stop = this.#clock.after(WITNESS_MS, () => {
        this.#sendCheckpoint(slot, link);
        again();
      });
    };
    this.#sendCheckpoint(slot, link);
    again();
    return () => {
      stop();
    };
  }

  #sendCheckpoint(slot: Slot, link: LiveLink): void {
    const turn = slot.sending.then(() => {
      const next = nextCheckpoint(this.#site.ledger, link.seen);
      if (slot.link !== link || next === null) return;
      this.#post(link, next.message);
      link.seen = next.seen;
    });
    slot.sending = turn.catch(ignoreClosed);
  }

  /** Sends without waiting: a link that breaks is noticed where it is read. */
  #post({ conversation }: LiveLink, message: ApplianceMessage): void {
    conversation.send(message).catch(ignoreLost);
  }

  async #receive(conversation: AgentConversation): Promise<AgentMessage | null> {
    const silent = new AbortController();
    const stop = this.#clock.after(SILENT_MS, () => {
      silent.abort(new ProtocolError('timeout', 'Cannot serve link: the endpoint went silent'));
    });
    try {
      return await conversation.receive({ signal: silent.signal });
    } finally {
      stop();
    }
  }

  #slot(endpoint: string): Slot {
    let slot = this.#slots.get(endpoint);
    if (slot === undefined) {
      slot = {
        link: null,
        lastSeenMs: null,
        software: null,
        host: null,
        runs: new Map(),
        stopWaiting: null,
        sending: Promise.resolve(),
      };
      this.#slots.set(endpoint, slot);
    }
    return slot;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

const RESTARTED = 'The endpoint restarted, or never got the order.';
const BROKEN = 'The endpoint broke the protocol of its link.';

/** Has a link end, and waits until nothing of it is on its way to the log. */
async function endLink({ conversation, left }: LiveLink): Promise<void> {
  await conversation[Symbol.asyncDispose]();
  await left.promise;
}

function giveUpAll(slot: Slot, problem: string): void {
  for (const live of slot.runs.values()) giveUp(live, problem);
}

/** Ends a run as interrupted; when not even that can be recorded, whoever began it is told. */
function giveUp(live: LiveRun, problem: string): void {
  live.end(interrupted(problem)).catch((cause: unknown) => {
    live.fail(cause);
  });
}

/** What goes on record of an endpoint's coming: texts of its own, made well-formed. */
function onlineFields(
  { name }: Endpoint,
  { host, software }: AgentMessageOf<'hello'>,
): FieldsOf<'endpoint.online'> {
  const runtime = `${host.runtime} ${host.runtimeVersion}`.slice(0, 256).toWellFormed();
  const texts = { os: host.os.toWellFormed(), version: software.toWellFormed(), runtime };
  return { name, ...texts, address: '' };
}

function invalid(state: string): ProtocolError {
  return new ProtocolError('message-invalid', `Cannot serve link: ${state}`);
}

/** A log that is closed has no more checkpoints to tell of. */
function ignoreClosed(cause: unknown): void {
  if (cause instanceof LedgerError && cause.code === 'closed') return;
  throw cause;
}

function ignoreLost(cause: unknown): void {
  if (cause instanceof ProtocolError) return;
  throw cause;
}
