// The console's relay, with the console's rules: only joined appliances reserve, a browser reaches only the sites of
// its own organisation, and sites never reach each other. Whoever loses access loses the connection.

import {
  openRelayNode,
  type RelayNode,
  type RelayNodeOptions,
  type UplinkConversation,
} from '#appliance/protocol/relay-node.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';

/** A site whose appliance has joined. */
export interface PeerSite {
  readonly organisation: string;
  readonly site: string;
}

/** A browser of a member who is signed in. */
export interface PeerDevice {
  readonly organisation: string;
  readonly person: string;
}

/** Whose a key is. Asked often, and remembered for RECHECK_MS: say `disconnect` when an answer changes. */
export interface Peers {
  site(publicKey: Bytes): Promise<PeerSite | null>;
  device(publicKey: Bytes): Promise<PeerDevice | null>;
}

/** Answers are remembered so long, and open connections asked about again: what was revoked elsewhere holds then. */
export const RECHECK_MS = 15_000;

export interface Relay extends AsyncDisposable {
  readonly publicKey: Bytes;
  readonly peerId: string;
  /** Where it listens: multiaddrs that end in its peer id. */
  readonly addresses: readonly string[];
  /** Keys of the peers that are connected. */
  readonly connected: readonly Bytes[];
  isConnected(publicKey: Bytes): boolean;
  /** Forgets what was known of a key, and closes its connections at once. */
  disconnect(publicKey: Bytes): void;
  onUplink(serve: (conversation: UplinkConversation) => void): Promise<void>;
}

/** Opens the relay. */
export async function openRelay({
  peers,
  onFailure,
  ...options
}: Omit<RelayNodeOptions, 'rules'> & {
  readonly peers: Peers;
  /** Told when the store could not say whose a key is; that key is refused meanwhile. */
  readonly onFailure: (cause: unknown) => void;
}): Promise<Relay> {
  const known = new KnownPeers(peers, onFailure);
  const node = await openRelayNode({
    ...options,
    rules: {
      async mayConnect(publicKey) {
        const { site, device } = await known.ask(publicKey);
        return site !== null || device !== null;
      },
      mayReserve: async (publicKey) => (await known.ask(publicKey)).site !== null,
      async mayReach(from, to) {
        const [{ device }, { site }] = await Promise.all([known.ask(from), known.ask(to)]);
        return device !== null && site !== null && device.organisation === site.organisation;
      },
    },
  });
  const sweeping = setInterval(() => void sweep(node, known), RECHECK_MS);
  sweeping.unref();
  return {
    publicKey: node.publicKey,
    peerId: node.peerId,
    get addresses() {
      return node.addresses;
    },
    get connected() {
      return node.connections.map(({ publicKey }) => publicKey);
    },
    isConnected: (publicKey) => node.isConnected(publicKey),
    disconnect(publicKey) {
      known.forget(publicKey);
      node.disconnect(publicKey);
    },
    onUplink: (serve) => node.onUplink(serve),
    async [Symbol.asyncDispose]() {
      clearInterval(sweeping);
      await node[Symbol.asyncDispose]();
    },
  };
}

interface Known {
  readonly site: PeerSite | null;
  readonly device: PeerDevice | null;
}

const NOBODY: Known = { site: null, device: null };

/** Answers about keys, remembered; those about strangers are not, for strangers are many. */
class KnownPeers {
  readonly #peers: Peers;
  readonly #onFailure: (cause: unknown) => void;
  readonly #answers = new Map<string, { readonly answer: Known; readonly untilMs: number }>();

  constructor(peers: Peers, onFailure: (cause: unknown) => void) {
    this.#peers = peers;
    this.#onFailure = onFailure;
  }

  async ask(publicKey: Bytes): Promise<Known> {
    const key = encodeBase64url(publicKey);
    const kept = this.#answers.get(key);
    if (kept !== undefined && performance.now() < kept.untilMs) return kept.answer;
    return this.askAnew(publicKey);
  }

  /** Asks the store. A store that fails lets nobody in. */
  async askAnew(publicKey: Bytes): Promise<Known> {
    const key = encodeBase64url(publicKey);
    this.#answers.delete(key);
    try {
      const [site, device] = await Promise.all([
        this.#peers.site(publicKey),
        this.#peers.device(publicKey),
      ]);
      const answer = { site, device };
      if (site !== null || device !== null) {
        this.#answers.set(key, { answer, untilMs: performance.now() + RECHECK_MS });
      }
      return answer;
    } catch (cause) {
      this.#onFailure(cause);
      return NOBODY;
    }
  }

  forget(publicKey: Bytes): void {
    this.#answers.delete(encodeBase64url(publicKey));
  }

  /** Forgets everybody but these. */
  keepOnly(publicKeys: readonly Bytes[]): void {
    const kept = new Set(publicKeys.map((publicKey) => encodeBase64url(publicKey)));
    for (const key of this.#answers.keys()) if (!kept.has(key)) this.#answers.delete(key);
  }
}

/** Asks about everybody who is connected, and closes what may no longer be. */
async function sweep(node: RelayNode, known: KnownPeers): Promise<void> {
  const connected = node.connections.map(({ publicKey }) => publicKey);
  known.keepOnly(connected);
  for (const publicKey of connected) {
    const { site, device } = await known.askAnew(publicKey);
    if (site === null && device === null) node.disconnect(publicKey);
  }
}
