// A console's relay with its uplinks, for tests: whose a key is stands in memory and can be changed while they run,
// and what sites tell is kept. Sites and browsers are real ones, over real sockets of loopback.

import { openClient, openClientNode } from '#appliance/protocol/client-node.ts';
import type { Client } from '#appliance/protocol/client.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import type { Envelope } from '#crypto/statement.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import { openRelay, type PeerDevice, type PeerSite, type Relay } from '#ui/server/relay.ts';
import { openUplinks, type Uplinks, type UplinkStore } from '#ui/server/uplink.ts';
import type { PeerNode } from '#agent/protocol/node.ts';
import { freePort } from './free-port.ts';
import { createKeyed, type Keyed } from './live-site.ts';

/** What the sites told, in order. */
export type Told =
  | { readonly what: 'hello'; readonly site: string; readonly log: string | null }
  | { readonly what: 'status'; readonly site: string; readonly size: number }
  | {
      readonly what: 'endpoints';
      readonly site: string;
      readonly names: readonly (string | null)[];
    }
  | { readonly what: 'gone'; readonly site: string };

export interface Mesh extends AsyncDisposable {
  readonly relay: Relay;
  readonly uplinks: Uplinks;
  readonly key: string;
  /** The seed of that key, as whoever took the host has it. */
  readonly seed: Bytes;
  readonly sites: Map<string, PeerSite>;
  readonly devices: Map<string, PeerDevice>;
  readonly told: readonly Told[];
  readonly failures: readonly unknown[];
  /** The newest roster, sent to each site that says hello. */
  roster: Envelope | null;
  /** Addresses for appliances (TCP) and for browsers (WebSocket). */
  readonly tcp: readonly string[];
  readonly ws: readonly string[];
  /** Resolves with the first thing told that fits, past or to come. */
  when(fits: (told: Told) => boolean): Promise<Told>;
  /** Stops the relay and starts it again with the same key on the same ports. */
  restart(): Promise<void>;
}

/** Opens a relay on free ports of loopback. */
export async function openMesh(): Promise<Mesh> {
  const seed = randomBytes(32);
  const { publicKey } = await importSigner(seed);
  const sites = new Map<string, PeerSite>();
  const devices = new Map<string, PeerDevice>();
  const told: Told[] = [];
  const failures: unknown[] = [];
  const looking = new Set<() => void>();
  const tell = (each: Told): Promise<void> => {
    told.push(each);
    for (const look of looking) look();
    return Promise.resolve();
  };
  const mesh = { roster: null as Envelope | null };
  const store: UplinkStore = {
    async hello({ site }, { log }) {
      await tell({ what: 'hello', site, log });
      return { organisationName: 'Acme IT', roster: mesh.roster };
    },
    status: ({ site }, { size }) => tell({ what: 'status', site, size }),
    endpoints: ({ site }, { endpoints }) =>
      tell({ what: 'endpoints', site, names: endpoints.map((each) => each.details?.name ?? null) }),
    gone: ({ site }) => tell({ what: 'gone', site }),
  };
  const peers = {
    site: (key: Bytes) => Promise.resolve(sites.get(encodeBase64url(key)) ?? null),
    device: (key: Bytes) => Promise.resolve(devices.get(encodeBase64url(key)) ?? null),
  };
  const onFailure = (cause: unknown): void => void failures.push(cause);
  const open = async (listen: readonly string[]): Promise<{ relay: Relay; uplinks: Uplinks }> => {
    const relay = await openRelay({ seed, listen, peers, onFailure });
    return { relay, uplinks: await openUplinks({ relay, peers, store, onFailure }) };
  };
  const close = async ({ relay, uplinks }: { relay: Relay; uplinks: Uplinks }): Promise<void> => {
    await uplinks[Symbol.asyncDispose]();
    await relay[Symbol.asyncDispose]();
  };
  // ports that are still its own when it is back: the system's choice may be anybody's by then
  const [tcp, ws] = [await freePort(), await freePort()];
  let opened = await open([`/ip4/127.0.0.1/tcp/${tcp}`, `/ip4/127.0.0.1/tcp/${ws}/ws`]);
  const plain = (): string[] =>
    opened.relay.addresses.map((address) => address.replace(/\/p2p\/[^/]+$/, ''));
  const places = plain();
  return {
    get relay() {
      return opened.relay;
    },
    get uplinks() {
      return opened.uplinks;
    },
    key: `ed25519:${encodeBase64url(publicKey)}`,
    seed,
    ...{ sites, devices, told, failures },
    get roster() {
      return mesh.roster;
    },
    set roster(envelope) {
      mesh.roster = envelope;
    },
    tcp: places.filter((address) => !address.endsWith('/ws')),
    ws: places.filter((address) => address.endsWith('/ws')),
    when: (fits) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = told.find(fits);
          if (found === undefined) return;
          looking.delete(look);
          resolve(found);
        };
        looking.add(look);
        look();
      }),
    async restart() {
      await close(opened);
      opened = await open(places);
    },
    [Symbol.asyncDispose]: () => close(opened),
  };
}

/** A browser's node, with a key of its own. */
export interface MeshBrowser extends AsyncDisposable {
  readonly keyed: Keyed;
  readonly node: PeerNode;
  /** Dials an appliance through the relay. */
  reach(appliance: string): Promise<Client>;
}

/** Opens a browser's node. It is nobody's device until `mesh.devices` says so. */
export async function openMeshBrowser(mesh: Mesh): Promise<MeshBrowser> {
  const keyed = await createKeyed();
  const node = await openClientNode({ seed: keyed.seed });
  return {
    ...{ keyed, node },
    reach: (appliance) =>
      openClient(node, {
        publicKey: rawKey(appliance),
        addresses: circuits(mesh),
        signal: AbortSignal.timeout(20_000),
      }),
    [Symbol.asyncDispose]: async () => {
      await node[Symbol.asyncDispose]();
    },
  };
}

/** The ways through the relay for a browser. */
export function circuits({ relay }: Pick<Mesh, 'relay'>): string[] {
  return relay.addresses
    .filter((address) => address.includes('/ws/'))
    .map((address) => `${address}/p2p-circuit`);
}

/** The raw key of `ed25519:…`. */
export function rawKey(text: string): Bytes {
  const key = parsePersonKey(text);
  if (key.kind !== 'ed25519') throw new Error('unreachable: a peer has an Ed25519 key');
  return key.publicKey;
}

/** A key as the mesh's tables have it. */
export function meshKey(text: string): string {
  return encodeBase64url(rawKey(text));
}
