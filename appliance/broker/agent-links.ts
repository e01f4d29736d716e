// The links to the site's endpoints, `/caisey/agent/link/1`: who may link, who is there, and whose word goes where.
// Everything an agent says is what it says.

import { ProtocolError } from '#agent/protocol/error.ts';
import type { AgentMessage, AgentMessageOf, Host } from '#agent/protocol/link-message.ts';
import type { ShellName } from '#crypto/policy.ts';
import type { EndpointLinks, Run } from '../work/link-port.ts';
import type { Clock } from '../work/clock.ts';
import { type Endpoint, keyText, type Site } from '../work/site.ts';
import { type AgentConversation, AgentLink } from './agent-link.ts';
import { Alarms } from './alarms.ts';
import { EndpointRuns } from './endpoint-runs.ts';
import { checkHeld } from './held-checkpoint.ts';
import { type OnlineFacts, Presence } from './presence.ts';

/** What is known of an endpoint's link. */
export interface LinkView {
  /** `reconnecting`: its link was lost a moment ago, and the record does not say so yet. */
  readonly state: 'online' | 'reconnecting' | 'offline' | 'never-seen';
  /** Milliseconds since 1970; null: never. */
  readonly lastSeenMs: number | null;
  readonly software: string | null;
  readonly host: Host | null;
}

export interface AgentLinksOptions {
  readonly clock: Clock;
  /** When endpoints were last there, before this process: milliseconds since 1970, by id. */
  readonly lastSeen: ReadonlyMap<string, number>;
  /** Told what could not be put on record. */
  readonly onFailure: (cause: unknown) => void;
}

interface Slot {
  readonly endpoint: string;
  readonly runs: EndpointRuns;
  readonly presence: Presence;
  readonly alarms: Alarms;
  isRemoved: boolean;
}

/** The links of a running appliance. */
export class AgentLinks implements EndpointLinks {
  readonly #site: Site;
  readonly #options: AgentLinksOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #listeners = new Set<() => void>();

  constructor(site: Site, options: AgentLinksOptions) {
    this.#site = site;
    this.#options = options;
  }

  isOnline(endpoint: string): boolean {
    return this.#slots.get(endpoint)?.runs.link != null;
  }

  shells(endpoint: string): readonly ShellName[] | null {
    return this.#slots.get(endpoint)?.presence.shells ?? null;
  }

  view(endpoint: string): LinkView {
    const presence = this.#slots.get(endpoint)?.presence;
    const lastSeenMs = presence?.lastSeenMs ?? this.#options.lastSeen.get(endpoint) ?? null;
    const { software = null, host = null } = presence ?? {};
    return { state: this.#stateOf(endpoint, lastSeenMs), lastSeenMs, software, host };
  }

  #stateOf(endpoint: string, lastSeenMs: number | null): LinkView['state'] {
    if (this.isOnline(endpoint)) return 'online';
    if (this.#slots.get(endpoint)?.presence.isOnRecord === true) return 'reconnecting';
    return lastSeenMs === null ? 'never-seen' : 'offline';
  }

  /** Told whenever an endpoint comes, goes, or says how it is; returns how to stop listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  run(run: Run): Promise<void> {
    return this.#slot(run.endpoint).runs.run(run);
  }

  cancel(endpoint: string, run: string): void {
    this.#slot(endpoint).runs.cancel(run);
  }

  /** Forgets a removed endpoint, and tells it to stop; resolves when it has heard so, or had its time. */
  async remove(endpoint: string): Promise<void> {
    const slot = this.#slots.get(endpoint);
    if (slot === undefined) return;
    slot.isRemoved = true;
    this.#slots.delete(endpoint);
    slot.presence.forget();
    slot.alarms.forget();
    slot.runs.close();
    await slot.runs.link?.dismiss();
  }

  /**
   * Serves one link until it ends. The peer was authenticated, and its key is an endpoint's, or that of an
   * endpoint that was removed: then it is told so, and nothing else.
   * @throws {ProtocolError} when it breaks the protocol
   */
  async serve(conversation: AgentConversation): Promise<void> {
    const link = new AgentLink(conversation, this.#options.clock);
    const hello = await link.receive();
    if (hello?.kind !== 'hello') throw invalid('expected hello');
    if (this.#site.roleOf(conversation.remotePeer) === 'removed') return link.dismiss();
    const endpoint = this.#site.endpoint(hello.endpoint);
    if (endpoint.key !== keyText(conversation.remotePeer)) throw invalid('not the key of that id');
    // when this log does not contain what the endpoint saw, the appliance must not go on
    if (hello.seen !== null) link.seen = await checkHeld(hello.seen, this.#site);
    const slot = this.#slot(endpoint.id);
    let reason = 'ended';
    try {
      await this.#arrive(slot, { link, facts: onlineFacts(endpoint, hello), hello });
      await this.#serveMessages(slot, link);
    } catch (cause) {
      if (slot.isRemoved && cause instanceof ProtocolError) return;
      reason = cause instanceof ProtocolError ? cause.code : 'failed';
      throw cause;
    } finally {
      this.#leave(slot, { link, reason });
    }
  }

  async #serveMessages(slot: Slot, link: AgentLink): Promise<void> {
    while (!slot.isRemoved) {
      const message = await link.receive();
      if (message === null) return;
      slot.presence.see();
      await this.#take(slot, { link, message });
    }
  }

  async #take(
    slot: Slot,
    { link, message }: { link: AgentLink; message: AgentMessage },
  ): Promise<void> {
    if (slot.isRemoved) return;
    switch (message.kind) {
      case 'hello':
        throw invalid('hello twice');
      case 'heartbeat':
        slot.presence.host = message.host;
        this.#tell();
        return;
      case 'seen':
        return;
      case 'output':
      case 'exited':
        return slot.runs.take(link, message);
      case 'refused':
        return slot.runs.takeRefused(link, message);
      case 'alarm':
        return slot.alarms.take({ ...message, code: `agent-${message.code}` });
      default:
        throw new Error(`unreachable: message ${String(message satisfies never)}`);
    }
  }

  /** Puts its coming on record, and has it take the place of whichever link there was. */
  async #arrive(
    slot: Slot,
    { link, facts, hello }: { link: AgentLink; facts: OnlineFacts; hello: AgentMessageOf<'hello'> },
  ): Promise<void> {
    const { runs, presence } = slot;
    do {
      await runs.link?.end();
      await presence.arrive(facts);
    } while (runs.link !== null); // others may have come at the same time
    if (slot.isRemoved) return link.dismiss();
    presence.see();
    presence.software = hello.software;
    presence.host = hello.host;
    presence.shells = hello.shells;
    await runs.attach(link, new Set(hello.runs.map(({ run }) => run)));
    this.#tell();
  }

  #leave(slot: Slot, { link, reason }: { link: AgentLink; reason: string }): void {
    const { runs, presence } = slot;
    if (runs.link === link) runs.detach();
    if (runs.link === null) presence.leave(reason);
    link.leave();
    this.#tell();
  }

  #slot(endpoint: string): Slot {
    let slot = this.#slots.get(endpoint);
    if (slot === undefined) {
      slot = this.#openSlot(endpoint);
      this.#slots.set(endpoint, slot);
    }
    return slot;
  }

  #openSlot(endpoint: string): Slot {
    const { ledger } = this.#site;
    const { clock, lastSeen, onFailure } = this.#options;
    const lastSeenMs = lastSeen.get(endpoint) ?? null;
    const name = this.#site.endpoints.find(({ id }) => id === endpoint)?.name ?? '';
    const presence = { ledger, clock, endpoint: { id: endpoint, name }, lastSeenMs, onFailure };
    return {
      endpoint,
      runs: new EndpointRuns({ ledger, clock }),
      presence: new Presence(presence),
      alarms: new Alarms({ ledger, clock, endpoint, onFailure }),
      isRemoved: false,
    };
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** What goes on record of an endpoint's coming: texts of its own, made well-formed. */
function onlineFacts({ name }: Endpoint, { host, software }: AgentMessageOf<'hello'>): OnlineFacts {
  const runtime = `${host.runtime} ${host.runtimeVersion}`.slice(0, 256).toWellFormed();
  const texts = { os: host.os.toWellFormed(), version: software.toWellFormed(), runtime };
  return { name, ...texts, address: '' };
}

function invalid(state: string): ProtocolError {
  return new ProtocolError('message-invalid', `Cannot serve link: ${state}`);
}
