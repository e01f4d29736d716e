// Guests: peers whose key nobody pinned. A browser's key is made in the browser, so the appliance cannot know it;
// it is let in by the ways that browsers come (WebSocket, or the console's relay) to say by a signed statement
// whose it is. Few at once, not for long, and until then it may say nothing else. Endpoints that were removed come
// in by the same measure, by any way, to hear that they were.

import { type CheckedDevice, checkDevice } from '#crypto/device.ts';
import { memberByKey } from '#crypto/roster.ts';
import type { Envelope, Member } from '#crypto/statement.ts';
import type { Clock } from '../work/clock.ts';
import { keyText, type Site } from '../work/site.ts';

/** Connections of guests who have not said who they are: so many in all, and so many that came without a relay. */
export const MAX_UNIDENTIFIED = 32;
export const MAX_DIRECT = 16;
/** Connections of removed endpoints, besides. */
export const MAX_REMOVED = 8;
/** So long a guest has to say it, and a removed endpoint to hear it. */
export const HELLO_MS = 10_000;

type Way = 'relayed' | 'direct' | 'removed';

interface Waiting {
  readonly way: Way;
  /** Connections that were let in under this key. */
  connections: number;
  readonly stopTimer: () => void;
}

/** A peer that has said whose device it is. Whether that person is still a member is asked each time. */
interface Device {
  readonly memberKey: string;
  readonly expiresMs: number;
  readonly stopTimer: () => void;
}

/** The guests of a running appliance, by the keys that Noise proved. */
export class Guests {
  readonly #clock: Clock;
  readonly #disconnect: (publicKey: Uint8Array) => void;
  readonly #waiting = new Map<string, Waiting>();
  readonly #devices = new Map<string, Device>();
  readonly #welcome = new Set<string>();

  constructor({
    clock,
    disconnect,
  }: {
    clock: Clock;
    /** Closes a peer's connections at once. */
    disconnect: (publicKey: Uint8Array) => void;
  }) {
    this.#clock = clock;
    this.#disconnect = disconnect;
  }

  /**
   * Whether a peer whose key nobody pinned may come in by this address, to say who it is; or one that was removed,
   * to be told so.
   */
  admit(
    publicKey: Uint8Array,
    { address, isRemoved = false }: { address: string; isRemoved?: boolean },
  ): boolean {
    const way = isRemoved ? 'removed' : wayOf(address);
    if (way === null || !this.#hasRoom(way)) return false;
    const key = keyText(publicKey);
    const known = this.#waiting.get(key);
    if (known !== undefined) known.connections += 1;
    else {
      const stopTimer = this.#clock.after(HELLO_MS, () => {
        this.#waiting.delete(key);
        this.#disconnect(publicKey);
      });
      this.#waiting.set(key, { way, connections: 1, stopTimer });
    }
    return true;
  }

  #hasRoom(way: Way): boolean {
    const count = (...ways: readonly Way[]): number =>
      [...this.#waiting.values()]
        .filter((waiting) => ways.includes(waiting.way))
        .reduce((sum, { connections }) => sum + connections, 0);
    if (way === 'removed') return count('removed') < MAX_REMOVED;
    if (count('relayed', 'direct') >= MAX_UNIDENTIFIED) return false;
    return way === 'relayed' || count('direct') < MAX_DIRECT;
  }

  /** What an unpinned key is now: a member's device, a guest, or nobody. */
  roleOf(publicKey: Uint8Array): 'device' | 'guest' | null {
    const key = keyText(publicKey);
    if (this.#device(key) !== null) return 'device';
    return this.#waiting.has(key) || this.#welcome.has(key) ? 'guest' : null;
  }

  /** The key of the member whose device this peer is, as long as it is; the roster says what that is worth. */
  memberKeyOf(publicKey: Uint8Array): string | null {
    return this.#device(keyText(publicKey))?.memberKey ?? null;
  }

  /**
   * Takes a peer's word whose device it is.
   * @throws {FormatError | VerifyError} as `checkDevice`; the peer goes on waiting
   */
  async identify(publicKey: Uint8Array, envelope: Envelope, site: Site): Promise<CheckedDevice> {
    const key = keyText(publicKey);
    const checked = await checkDevice(envelope, {
      roster: site.roster.signed.statement,
      peer: key,
      atMs: this.#clock.now(),
    });
    const { member, expiresMs } = checked;
    memberByKey(site.roster.signed.statement, member.key); // still: a roster may have come meanwhile
    this.forget(publicKey);
    const stopTimer = this.#clock.after(expiresMs - this.#clock.now(), () => {
      this.#devices.delete(key);
      this.#disconnect(publicKey);
    });
    this.#devices.set(key, { memberKey: member.key, expiresMs, stopTimer });
    return checked;
  }

  /** Lets a guest stay who said what was to be said, and has no device of a member: an owner who claims. */
  welcome(publicKey: Uint8Array): void {
    const key = keyText(publicKey);
    this.#waiting.get(key)?.stopTimer();
    this.#waiting.delete(key);
    this.#welcome.add(key);
  }

  /** Forgets a peer: its last connection has closed. */
  forget(publicKey: Uint8Array): void {
    const key = keyText(publicKey);
    this.#waiting.get(key)?.stopTimer();
    this.#waiting.delete(key);
    this.#devices.get(key)?.stopTimer();
    this.#devices.delete(key);
    this.#welcome.delete(key);
  }

  /** The peer keys of devices whose person is not among these members. */
  devicesOfOthers(members: readonly Pick<Member, 'key'>[]): readonly string[] {
    const still = new Set(members.map(({ key }) => key));
    return [...this.#devices]
      .filter(([, { memberKey }]) => !still.has(memberKey))
      .map(([key]) => key);
  }

  #device(key: string): Device | null {
    const device = this.#devices.get(key);
    return device !== undefined && this.#clock.now() < device.expiresMs ? device : null;
  }
}

/** How somebody came, if guests come so. */
function wayOf(address: string): Way | null {
  if (address.includes('/p2p-circuit')) return 'relayed';
  return /\/wss?(?:\/|$)/.test(address) ? 'direct' : null;
}
