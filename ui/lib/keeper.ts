// What this browser remembers between pages, in its IndexedDB: which root it trusts, its device key, the keys
// of sessions that it opened. Signing out forgets the device; the pinned root stays, since forgetting it would
// let the host name another.

import { createStore, del, entries, get, set, update } from 'idb-keyval';

import type { SiteKeys } from '#crypto/site-fingerprints.ts';
import type { SeenVersion } from '#crypto/roster.ts';
import type { Envelope } from '#crypto/statement.ts';
import type { SigningKey } from './passkey.ts';

/** The MSP whose people use this browser. */
export interface Pinned {
  /** The root set, as sites pin it: keys with a space between. */
  readonly rootKeys: string;
  /** The highest roster version that was seen, so that an older one is refused. */
  readonly rosterVersion: number;
}

/** A site's keys as this browser first had them: `site-keys.ts` says from whom. */
export interface PinnedSite extends Pick<SiteKeys, 'appliance'> {
  /** Null: the box was claimed from here, and its client's contact, who founds the log, decides still. */
  readonly log: SiteKeys['log'] | null;
  /** They were proved by the code on the box, which was typed into this browser. */
  readonly isFromCode?: true;
  /** The newest signature of them by the root that was seen here. */
  readonly signed?: SeenVersion;
}

/** This browser's own key, and the signed word that it speaks for a person. */
export interface Device {
  /** Ed25519 seed of the libp2p peer key. */
  readonly seed: Uint8Array<ArrayBuffer>;
  readonly statement: Envelope | null;
}

/** A session's key. It cannot be taken out of the browser. */
export interface SessionKeys {
  readonly site: string;
  readonly session: string;
  readonly pair: CryptoKeyPair;
  readonly endsAtMs: number;
}

/**
 * What is known of a site's keys, and what comes to it. A box that was claimed and never set up gives way to another
 * whose code is typed.
 * @throws {Error} for other keys than are known
 */
export function withPinned(known: PinnedSite | undefined, more: PinnedSite): PinnedSite {
  if (known === undefined || (known.log === null && more.isFromCode === true)) return more;
  const isOtherLog = known.log !== null && more.log !== null && known.log !== more.log;
  if (known.appliance !== more.appliance || isOtherLog) {
    throw new Error('Cannot trust site: its keys are not those that this browser knows');
  }
  const { isFromCode: _, ...bare } = known;
  const before = known.log === null ? bare : known; // no code proves a log that the host names
  const isOlder = (more.signed?.version ?? 0) < (known.signed?.version ?? 0);
  return {
    ...{ ...before, ...more, log: more.log ?? known.log },
    ...(isOlder && known.signed ? { signed: known.signed } : {}),
  };
}

const store = createStore('caisey', 'kept');

/** Keeps things of one organisation apart from another's. */
export class Keeper {
  readonly #organisation: string;

  constructor(organisation: string) {
    this.#organisation = organisation;
  }

  pinned(): Promise<Pinned | undefined> {
    return get<Pinned>(this.#key('pinned'), store);
  }

  /** Pins the root, or moves the roster's version up; never to another root. */
  async pin({ rootKeys, rosterVersion }: Pinned): Promise<void> {
    await update<Pinned>(
      this.#key('pinned'),
      (known) => {
        if (known !== undefined && known.rootKeys !== rootKeys) {
          throw new Error('Cannot pin root: this browser trusts another root of this organisation');
        }
        return { rootKeys, rosterVersion: Math.max(known?.rosterVersion ?? 0, rosterVersion) };
      },
      store,
    );
  }

  pinnedSite(site: string): Promise<PinnedSite | undefined> {
    return get<PinnedSite>(this.#key('site', site), store);
  }

  /** Pins a site's keys; never others than before. */
  async pinSite(site: string, keys: PinnedSite): Promise<void> {
    await update<PinnedSite>(this.#key('site', site), (known) => withPinned(known, keys), store);
  }

  /** Where a site's appliance listens on its own network, as it told when this browser was linked to it last. */
  async straight(site: string): Promise<readonly string[]> {
    return (await get<readonly string[]>(this.#key('straight', site), store)) ?? [];
  }

  async keepStraight(site: string, addresses: readonly string[]): Promise<void> {
    await set(this.#key('straight', site), addresses, store);
  }

  /** The newest checkpoint of a site's log that this browser has seen: a signed note. */
  checkpoint(site: string): Promise<string | undefined> {
    return get<string>(this.#key('checkpoint', site), store);
  }

  async keepCheckpoint(site: string, note: string): Promise<void> {
    await set(this.#key('checkpoint', site), note, store);
  }

  signingKey(person: string): Promise<SigningKey | undefined> {
    return get<SigningKey>(this.#key('signing-key', person), store);
  }

  async keepSigningKey(person: string, key: SigningKey): Promise<void> {
    await set(this.#key('signing-key', person), key, store);
  }

  device(person: string): Promise<Device | undefined> {
    return get<Device>(this.#key('device', person), store);
  }

  async keepDevice(person: string, device: Device): Promise<void> {
    await set(this.#key('device', person), device, store);
  }

  async forgetDevice(person: string): Promise<void> {
    await del(this.#key('device', person), store);
  }

  sessionKeys(session: string): Promise<SessionKeys | undefined> {
    return get<SessionKeys>(this.#key('session', session), store);
  }

  /** Keeps a session's key, and forgets those whose time is over. */
  async keepSessionKeys(keys: SessionKeys, nowMs: number): Promise<void> {
    await set(this.#key('session', keys.session), keys, store);
    const prefix = this.#key('session', '');
    for (const [key, value] of await entries<string, SessionKeys>(store)) {
      if (key.startsWith(prefix) && value.endsAtMs < nowMs) await del(key, store);
    }
  }

  async forgetSessionKeys(session: string): Promise<void> {
    await del(this.#key('session', session), store);
  }

  #key(...parts: string[]): string {
    return [this.#organisation, ...parts].join('/');
  }
}
