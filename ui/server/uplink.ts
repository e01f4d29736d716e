// The console's side of the appliances' uplinks: who is online, and what they tell. What is told is kept as told:
// only a checkpoint is checked, by the key that the site's log was first seen with. What the host sends down is a
// roster that somebody else signed; it has nothing else to say.

import type { UplinkConversation } from '#appliance/protocol/relay-node.ts';
import {
  STATUS_MS,
  type UplinkEndpoints,
  type UplinkHello,
  type UplinkStatus,
} from '#appliance/protocol/uplink-message.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { verifyCheckpoint } from '#crypto/checkpoint.ts';
import { parseVerifierKey, type VerifierKey } from '#crypto/key.ts';
import type { Envelope } from '#crypto/statement.ts';
import { ConsoleError } from './error.ts';
import type { Peers, PeerSite, Relay } from './relay.ts';

const HELLO_MS = 10_000;
/** An appliance that says nothing for so long is taken as gone. */
export const SILENT_MS = 3 * STATUS_MS;
/** So long an appliance may take to put a roster in force. */
const ROSTER_MS = 30_000;

/** So many endpoints one site may tell of. */
const MAX_TOLD = 10_000;

/** Where what the appliances tell is kept. Each resolves when it is. */
export interface UplinkStore {
  /**
   * A site says hello. Answers the organisation's name and the newest roster, null when there is none.
   * @throws {ConsoleError} code `conflict` when the log is not the one that this site had before
   */
  hello(
    site: PeerSite,
    hello: UplinkHello,
  ): Promise<{ readonly organisationName: string; readonly roster: Envelope | null }>;
  /** Its checkpoint was signed by the log's key. */
  status(site: PeerSite, status: UplinkStatus): Promise<void>;
  /** All there are (`isReset`), or those that changed; whole, however many messages it took. */
  endpoints(site: PeerSite, told: UplinkEndpoints): Promise<void>;
  /** The site's last uplink ended. */
  gone(site: PeerSite): Promise<void>;
}

/** What an appliance answered to a roster. */
export type RosterOutcome =
  | { readonly kind: 'in-force' }
  | { readonly kind: 'refused'; readonly code: string; readonly message: string }
  | { readonly kind: 'offline' };

export interface Uplinks extends AsyncDisposable {
  isOnline(site: string): boolean;
  /** What a site told last; null: it is not linked, or has told nothing yet. */
  statusOf(site: string): UplinkStatus | null;
  /** Sends a roster to a site, and waits for what became of it. */
  sendRoster(site: string, envelope: Envelope): Promise<RosterOutcome>;
}

/** Serves the uplinks of a relay. */
export async function openUplinks({
  relay,
  peers,
  store,
  onFailure,
}: {
  readonly relay: Pick<Relay, 'onUplink' | 'disconnect'>;
  readonly peers: Pick<Peers, 'site'>;
  readonly store: UplinkStore;
  readonly onFailure: (cause: unknown) => void;
}): Promise<Uplinks> {
  const live = new Map<string, Uplink>();
  const serving = new Set<Promise<void>>();
  await relay.onUplink((conversation) => {
    const served = serve(conversation, { peers, store, live }).catch(onFailure);
    serving.add(served);
    void served.then(() => serving.delete(served));
  });
  return {
    isOnline: (site) => live.has(site),
    statusOf: (site) => live.get(site)?.status ?? null,
    sendRoster: async (site, envelope) =>
      (await live.get(site)?.sendRoster(envelope)) ?? { kind: 'offline' },
    async [Symbol.asyncDispose]() {
      await Promise.all(
        [...live.values()].map((uplink) => uplink.conversation[Symbol.asyncDispose]()),
      );
      await Promise.all(serving);
    },
  };
}

interface Serving {
  readonly peers: Pick<Peers, 'site'>;
  readonly store: UplinkStore;
  readonly live: Map<string, Uplink>;
}

/** Serves one uplink until it ends. A site's newest uplink is its own: one that it left behind ends. */
async function serve(
  conversation: UplinkConversation,
  { peers, store, live }: Serving,
): Promise<void> {
  await using held = conversation;
  const site = await peers.site(held.remotePeer);
  if (site === null) return;
  const hello = await receive(held, HELLO_MS);
  if (hello?.kind !== 'hello' || hello.site !== site.site) {
    throw new ConsoleError('invalid', 'Cannot serve uplink: it does not say hello as its site');
  }
  const logKey = logKeyOf(hello);
  const { organisationName, roster } = await store.hello(site, hello);
  await held.send({ kind: 'welcome', organisation: organisationName });
  const uplink = new Uplink(held, logKey);
  await live.get(site.site)?.conversation[Symbol.asyncDispose]();
  live.set(site.site, uplink);
  try {
    if (roster !== null && logKey !== null) await uplink.post(roster);
    await takeMessages(uplink, { site, store });
  } finally {
    uplink.end();
    if (live.get(site.site) === uplink) {
      live.delete(site.site);
      await store.gone(site);
    }
  }
}

async function takeMessages(
  uplink: Uplink,
  { site, store }: { site: PeerSite; store: UplinkStore },
): Promise<void> {
  for (;;) {
    const message = await receive(uplink.conversation, SILENT_MS);
    switch (message?.kind) {
      case undefined:
        return;
      case 'hello':
        throw new ConsoleError('invalid', 'Cannot serve uplink: hello twice');
      case 'status':
        await checkStatus(message, uplink.logKey);
        uplink.status = message;
        await store.status(site, message);
        break;
      case 'endpoints': {
        const told = uplink.gather(message);
        if (told !== null) await store.endpoints(site, told);
        break;
      }
      case 'rostered':
        uplink.settle(message.id, message.refusal);
        break;
      default:
        throw new Error(`unreachable: message ${String(message satisfies never)}`);
    }
  }
}

async function receive(
  conversation: UplinkConversation,
  withinMs: number,
): Promise<Awaited<ReturnType<UplinkConversation['receive']>>> {
  const late = new AbortController();
  const timer = setTimeout(() => {
    late.abort(new ConsoleError('invalid', 'Cannot serve uplink: it says nothing any more'));
  }, withinMs);
  try {
    return await conversation.receive({ signal: late.signal });
  } finally {
    clearTimeout(timer);
  }
}

/** The log's key, whose name must be the origin that the site claims. */
function logKeyOf({ log, origin }: UplinkHello): VerifierKey | null {
  if (log === null) return null;
  const key = parseVerifierKey(log);
  if (key.name === origin) return key;
  throw new ConsoleError('invalid', 'Cannot serve uplink: its log key has another name');
}

async function checkStatus(status: UplinkStatus, logKey: VerifierKey | null): Promise<void> {
  if (logKey === null) throw new ConsoleError('invalid', 'Cannot take status: the site has no log');
  const { size } = await verifyCheckpoint(status.checkpoint, logKey);
  if (size === status.size) return;
  throw new ConsoleError('invalid', 'Cannot take status: its checkpoint has another size');
}

type Refusal = { readonly code: string; readonly message: string } | null;

/** One live uplink, and the rosters that it has not answered. */
class Uplink {
  readonly conversation: UplinkConversation;
  readonly logKey: VerifierKey | null;
  /** The last that was told. */
  status: UplinkStatus | null = null;
  readonly #waiting = new Map<number, (outcome: RosterOutcome) => void>();
  #lastId = 0;
  #gathered: UplinkEndpoints | null = null;

  constructor(conversation: UplinkConversation, logKey: VerifierKey | null) {
    this.conversation = conversation;
    this.logKey = logKey;
  }

  /** Sends a roster without waiting for the answer. */
  async post(envelope: Envelope): Promise<number> {
    const id = ++this.#lastId;
    await this.conversation.send({ kind: 'roster', id, envelope });
    return id;
  }

  async sendRoster(envelope: Envelope): Promise<RosterOutcome> {
    const answer = Promise.withResolvers<RosterOutcome>();
    const timer = setTimeout(() => answer.resolve({ kind: 'offline' }), ROSTER_MS);
    const id = this.#lastId + 1; // what `post` takes, before anything else runs
    this.#waiting.set(id, answer.resolve);
    try {
      await this.post(envelope);
      return await answer.promise;
    } catch {
      return { kind: 'offline' }; // it went away; what it missed it gets when it says hello again
    } finally {
      clearTimeout(timer);
      this.#waiting.delete(id);
    }
  }

  /** Joins what comes in several messages; null: more of it follows. */
  gather(message: UplinkEndpoints): UplinkEndpoints | null {
    const { isReset, endpoints, removed } = this.#gathered ?? message;
    const told =
      this.#gathered === null
        ? message
        : {
            ...{ ...message, isReset },
            endpoints: [...endpoints, ...message.endpoints],
            removed: [...removed, ...message.removed],
          };
    if (told.endpoints.length > MAX_TOLD || told.removed.length > MAX_TOLD) {
      throw new ConsoleError('too-many', 'Cannot keep endpoints: a site has too many');
    }
    this.#gathered = message.isWhole ? null : told;
    return message.isWhole ? told : null;
  }

  settle(id: number, refusal: Refusal): void {
    this.#waiting.get(id)?.(
      refusal === null ? { kind: 'in-force' } : { kind: 'refused', ...refusal },
    );
  }

  end(): void {
    for (const resolve of this.#waiting.values()) resolve({ kind: 'offline' });
  }
}

/** The key of a site's appliance as the store writes it. */
export function peerKeyText(publicKey: Bytes): string {
  return `ed25519:${encodeBase64url(publicKey)}`;
}
