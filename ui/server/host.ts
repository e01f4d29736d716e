// The console's host, opened as one thing and disposed as one thing: the store, who people are, the relay, and the
// uplinks of the appliances. The pages ask it; it decides nothing at a site.

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import { encodeBase64url } from '#crypto/base64.ts';
import { announcedAddresses } from './announce.ts';
import type { ConsoleConfig } from './config.ts';
import { type Directory, openDirectory } from './directory.ts';
import { Events } from './events.ts';
import { openDropping } from './expired.ts';
import { type Accounts, openAccounts } from './identity/accounts.ts';
import { clerkHost, openClerk } from './identity/clerk.ts';
import type { IdentityProvider } from './identity/identity.ts';
import { openRelay, type Peers } from './relay.ts';
import { openSecretFile } from './secret-file.ts';
import { openStore, type Store } from './store/store.ts';
import { openThisComputer, type ThisComputer } from './this-computer.ts';
import { openUplinks, peerKeyText, type Uplinks } from './uplink.ts';
import { uplinkStore } from './uplink-store.ts';

export interface Host extends AsyncDisposable {
  readonly config: ConsoleConfig;
  readonly identity: IdentityProvider;
  /** The built-in accounts; null where Clerk says who people are. */
  readonly accounts: Accounts | null;
  /** What pages need to ask Clerk; null where the accounts are built in. */
  readonly clerk: ClerkInstance | null;
  readonly directory: Directory;
  readonly events: Events;
  readonly relay: HostRelay;
  readonly uplinks: Uplinks;
  /** The site of this computer, where `npm start` runs both; else null. */
  readonly computer: ThisComputer | null;
  /** Aborts when the host is about to close: what is open for long should end. */
  readonly closing: AbortSignal;
  /** Has long answers end, so that the server can close. Nothing else is let go of yet. */
  hush(): void;
}

/** A Clerk instance, as its own scripts in the browser know it. */
export interface ClerkInstance {
  readonly publishableKey: string;
  /** Where its scripts come from and its sign-in asks. */
  readonly host: string;
}

/** The relay as pages and joining appliances need it. */
export interface HostRelay {
  /** `ed25519:…`: pinned by the appliances. */
  readonly key: string;
  /** By which a browser reaches it: WebSocket multiaddrs that end in its peer id. */
  readonly browserAddresses: readonly string[];
  /** By which appliances reach it. */
  readonly addresses: readonly string[];
  /** Ends a peer's connections at once, and asks again whose it is. */
  disconnect(publicKey: Uint8Array): void;
}

export interface HostOptions {
  readonly config: ConsoleConfig;
  /** Told what failed and was not told to anybody who asked. */
  readonly onFailure: (cause: unknown) => void;
}

/**
 * Opens the host.
 * @throws {ConsoleError} code `config`, `store-newer`, `store-failed`, `secret-file`
 */
export async function openHost({ config, onFailure }: HostOptions): Promise<Host> {
  const { dataFolder, databaseUrl, signUp } = config;
  await using opening = new AsyncDisposableStack();
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const store = opening.use(
    await openStore(databaseUrl === null ? { dataFolder } : { databaseUrl }),
  );
  opening.use(await openDropping(store, { now: Date.now, onFailure }));
  const directory = openDirectory(store, { signUp });
  const accounts = config.clerk === null ? await openOwnAccounts(store, config) : null;
  const identity = accounts ?? openClerk(requireClerk(config));
  const events = new Events();
  const peers = peersOf(directory);
  const relay = opening.use(
    await openRelay({
      seed: await openSecretFile(join(dataFolder, 'relay.key')),
      listen: [tcpAddress(config.relay.tcp), `${tcpAddress(config.relay.ws)}/ws`],
      ...{ peers, onFailure },
    }),
  );
  const uplinks = opening.use(
    await openUplinks({
      ...{ relay, peers, onFailure },
      store: uplinkStore({ directory, events }),
    }),
  );
  const computer = config.hasThisComputer ? opening.use(openThisComputer(process)) : null;
  const closing = new AbortController();
  opening.defer(() => closing.abort());
  const announced = announcedAddresses(config.relay.announce, relay.peerId);
  const addresses = (): readonly string[] => (announced.length > 0 ? announced : relay.addresses);
  const held = opening.move();
  return {
    ...{ config, identity, accounts, directory, events, uplinks, computer },
    clerk: instanceOf(config),
    closing: closing.signal,
    hush: () => closing.abort(),
    relay: {
      key: peerKeyText(relay.publicKey),
      get browserAddresses() {
        return addresses().filter((address) => /\/wss?(\/|$)/.test(address));
      },
      get addresses() {
        return addresses();
      },
      disconnect: (publicKey) => relay.disconnect(new Uint8Array(publicKey)),
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

async function openOwnAccounts(
  store: Store,
  { origin, authSecret, dataFolder, signUp }: ConsoleConfig,
): Promise<Accounts> {
  const secret =
    authSecret ?? encodeBase64url(await openSecretFile(join(dataFolder, 'accounts.key')));
  return openAccounts({ store, origin, secret, signUp });
}

function instanceOf({ clerk }: ConsoleConfig): ClerkInstance | null {
  if (clerk === null) return null;
  const { publishableKey } = clerk;
  return { publishableKey, host: clerkHost(publishableKey) };
}

function requireClerk({ clerk, origin }: ConsoleConfig) {
  if (clerk === null) throw new Error('unreachable: neither accounts nor Clerk');
  return { ...clerk, origin };
}

function peersOf(directory: Directory): Peers {
  return {
    async site(publicKey) {
      const known = await directory.siteByPeerKey(peerKeyText(publicKey));
      return known === null ? null : { organisation: known.organisationId, site: known.siteId };
    },
    async device(publicKey) {
      const known = await directory.deviceByPeerKey(peerKeyText(publicKey));
      return known === null ? null : { organisation: known.organisationId, person: known.personId };
    },
  };
}

function tcpAddress({ host, port }: { host: string; port: number }): string {
  return host.includes(':') ? `/ip6/${host}/tcp/${port}` : `/ip4/${host}/tcp/${port}`;
}
