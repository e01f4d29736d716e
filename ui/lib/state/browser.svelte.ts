// This browser at work: its device key, whether the person has unlocked it for the day, and the one libp2p node
// by which it reaches every site.

import { browser } from '$app/environment';
import { createContext } from 'svelte';

import type { ApplianceAddress, ClientNode } from '#appliance/protocol/client-node.ts';
import type { Client } from '#appliance/protocol/client.ts';
import { signDevice } from '#appliance/protocol/session-key.ts';
import { type Envelope, parseStatement, verifyStatement } from '#crypto/statement.ts';
import { deviceEndMs, deviceKey, loadDevice } from '#ui/lib/device.ts';
import { type Device, Keeper } from '#ui/lib/keeper.ts';
import { passkeySigner, type SigningKey } from '#ui/lib/passkey.ts';
import { wordsOf } from '#ui/lib/words-of.ts';

/** How far this browser is from being able to work. */
export type BrowserPhase =
  | { readonly kind: 'loading' }
  /** The person has made no signing key, or made it in another browser. */
  | { readonly kind: 'no-key' }
  /** One prompt is needed before sites let this browser in. */
  | { readonly kind: 'locked'; readonly isOver: boolean }
  | { readonly kind: 'ready'; readonly statement: Envelope; readonly endsAtMs: number }
  | { readonly kind: 'failed'; readonly why: string };

export interface BrowserOptions {
  readonly organisation: string;
  readonly person: string;
  /** Tells the host whose this peer key is, so that its relay lets it in. */
  readonly register: (peerKey: string) => Promise<void>;
  /** Tells it that this peer key is nobody's any more. */
  readonly revoke: (peerKey: string) => Promise<void>;
  readonly now: () => number;
}

export class BrowserState {
  readonly keeper: Keeper;
  readonly #options: BrowserOptions;
  #phase = $state.raw<BrowserPhase>({ kind: 'loading' });
  #device: Device | null = null;
  #peerKey = $state.raw<string | null>(null);
  #signingKey = $state.raw<SigningKey | null>(null);
  #node: Promise<ClientNode> | null = null;
  #ending: ReturnType<typeof setTimeout> | undefined;
  /** To this person's other pages in this browser. */
  #pages: BroadcastChannel | null = null;

  constructor(options: BrowserOptions) {
    this.#options = options;
    this.keeper = new Keeper(options.organisation);
  }

  get phase(): BrowserPhase {
    return this.#phase;
  }

  /** The key by which the relay knows this browser; null before it was loaded. */
  get peerKey(): string | null {
    return this.#peerKey;
  }

  get signingKey(): SigningKey | null {
    return this.#signingKey;
  }

  /** Reads what this browser remembers, and heeds its other pages from then on. Only in the browser. */
  async load(): Promise<void> {
    try {
      const { organisation, person, now } = this.#options;
      this.#pages ??= new BroadcastChannel(`caisey locked ${organisation} ${person}`);
      this.#pages.onmessage = () => void this.#reload();
      this.#device = await loadDevice(this.keeper, person);
      this.#peerKey = await deviceKey(this.#device);
      this.#signingKey = (await this.keeper.signingKey(person)) ?? null;
      const { statement } = this.#device;
      const endsAtMs = this.#speaksFor(statement) ? deviceEndMs(this.#device, now()) : null;
      if (this.#signingKey === null) this.#phase = { kind: 'no-key' };
      else if (statement === null || endsAtMs === null) {
        this.#phase = { kind: 'locked', isOver: this.#speaksFor(statement) };
      } else await this.#begin(statement, endsAtMs);
    } catch (cause) {
      this.#phase = { kind: 'failed', why: wordsOf(cause) };
    }
  }

  /** Remembers a signing key that was just made here. */
  async adopt(key: SigningKey): Promise<void> {
    await this.keeper.keepSigningKey(this.#options.person, key);
    await this.load();
  }

  /**
   * Takes up a signing key that was made in another browser and whose authenticator is at hand: one prompt, which
   * unlocks this browser as well. The host says which key that is, so nothing is kept before it has signed.
   * @throws {PasskeyError} when no authenticator here has it
   * @throws {VerifyError} when another key answered
   */
  async recall(key: SigningKey): Promise<void> {
    const { person, now } = this.#options;
    if (this.#device === null) throw new TypeError('the browser was not loaded');
    const peer = await deviceKey(this.#device);
    const statement = await signDevice({ peer, nowMs: now() }, passkeySigner(key));
    await verifyStatement(statement, { type: 'device', log: '' });
    await this.keeper.keepSigningKey(person, key);
    await this.keeper.keepDevice(person, { ...this.#device, statement });
    await this.load();
  }

  /** Asks for the person's signing key once: for a working day this browser may connect to sites. */
  async unlock(): Promise<void> {
    const { person, now } = this.#options;
    if (this.#signingKey === null || this.#device === null) throw new TypeError('no signing key');
    const peer = await deviceKey(this.#device);
    const signer = passkeySigner(this.#signingKey);
    const statement = await signDevice({ peer, nowMs: now() }, signer);
    this.#device = { ...this.#device, statement };
    await this.keeper.keepDevice(person, this.#device);
    await this.#begin(statement, deviceEndMs(this.#device, now()) ?? now());
  }

  /** Looks whether the word that this browser has is still good: its time has come, or a site refuses it. */
  review(): void {
    if (this.#phase.kind !== 'ready' || this.#device === null) return;
    if (deviceEndMs(this.#device, this.#options.now()) !== null) return;
    this.#phase = { kind: 'locked', isOver: true };
  }

  /** Forgets the device at once, on every page of this browser, and has the relay refuse it: the next unlocking makes another. */
  async lock(): Promise<void> {
    const peerKey = this.#peerKey;
    const wasRegistered = this.#phase.kind === 'ready';
    await this.#letGo();
    await this.keeper.forgetDevice(this.#options.person);
    await this.load();
    this.#pages?.postMessage('locked');
    if (peerKey !== null && wasRegistered) await this.#options.revoke(peerKey);
  }

  /** Opens a client's conversation with an appliance. The device must be unlocked. */
  async dial(address: ApplianceAddress & { signal: AbortSignal }): Promise<Client> {
    const [{ openClient }, node] = await Promise.all([importNode(), this.node()]);
    return openClient(node, address);
  }

  /** The browser's one libp2p node. */
  node(): Promise<ClientNode> {
    const device = this.#device;
    if (device === null) throw new TypeError('the browser was not loaded');
    return (this.#node ??= this.#open(device));
  }

  /** One that failed is not kept: the next dial tries again. */
  async #open({ seed }: Device): Promise<ClientNode> {
    try {
      const { openClientNode } = await importNode();
      return await openClientNode({ seed });
    } catch (cause) {
      this.#node = null;
      throw cause;
    }
  }

  /** Lets go of every connection, and heeds nobody any more. */
  async close(): Promise<void> {
    this.#pages?.close();
    this.#pages = null;
    await this.#letGo();
  }

  /** Another page has locked this browser: the device that is known here is nobody's any more. */
  async #reload(): Promise<void> {
    try {
      await this.#letGo();
      await this.load();
    } catch (cause) {
      this.#phase = { kind: 'failed', why: wordsOf(cause) };
    }
  }

  async #letGo(): Promise<void> {
    clearTimeout(this.#ending);
    const node = await this.#node?.catch(() => null); // one that did not open needs no closing
    this.#node = null;
    await node?.[Symbol.asyncDispose]();
  }

  /** Whether a statement is by the key that is used here now; an older key's counts no more. */
  #speaksFor(statement: Envelope | null): boolean {
    return statement !== null && parseStatement(statement).statement.by === this.#signingKey?.key;
  }

  async #begin(statement: Envelope, endsAtMs: number): Promise<void> {
    if (this.#device === null) return;
    await this.#options.register(await deviceKey(this.#device));
    this.#phase = { kind: 'ready', statement, endsAtMs };
    clearTimeout(this.#ending);
    this.#ending = setTimeout(() => this.review(), endsAtMs - this.#options.now());
  }
}

/**
 * libp2p is nearly half of what a page is made of, and a page can be seen and used without it: it comes beside the
 * page, which does not wait for it.
 */
function importNode(): Promise<typeof import('#appliance/protocol/client-node.ts')> {
  return import('#appliance/protocol/client-node.ts');
}

if (browser) importNode().catch(() => undefined); // the dial that needs it is told when it fails

export const [useBrowser, provideBrowser] = createContext<BrowserState>();
