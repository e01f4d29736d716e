// One site as the pages see it: the link to it, how that is, and who is looking.

import { createContext } from 'svelte';

import { type Client, ClientError } from '#appliance/protocol/client.ts';
import type { ApplianceAddress } from '#appliance/protocol/client-node.ts';
import type { SiteKeys } from '#crypto/site-fingerprints.ts';
import type { Envelope } from '#crypto/statement.ts';
import type { Keeper } from '#ui/lib/keeper.ts';
import type { Way } from '#ui/lib/site-facts.ts';
import { type LinkState, SiteLink, type SiteLinkOptions } from '#ui/lib/site.ts';
import { pinSiteKeys } from '#ui/lib/site-keys.ts';
import { SiteProof } from '#ui/lib/site-proof.ts';
import { findStraight, straightAddresses } from '#ui/lib/straight.ts';
import { wordsOf } from '#ui/lib/words-of.ts';

/** Who looks: what the console says of the person, and the key that stands in rosters. */
export interface Me {
  readonly person: string;
  readonly name: string;
  readonly role: 'owner' | 'technician' | 'reviewer' | 'read-only';
  /** The signing key's text; null: none was made yet. */
  readonly key: string | null;
}

export interface SiteFacts {
  readonly id: string;
  readonly name: string;
  /** The log's origin: `<console host>/site/<id>/<number>`. */
  readonly origin: string;
  /** As the host says, and as it shows them signed. */
  readonly keys: SiteKeys;
  readonly signedKeys: Envelope | null;
  readonly me: Me;
  readonly keeper: Keeper;
}

export class SiteState implements AsyncDisposable {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
  /** As the host names them. */
  readonly keys: SiteKeys;
  readonly me: Me;
  readonly keeper: Keeper;
  readonly link: SiteLink;
  /** Proves to this page what it shows. */
  readonly proof: SiteProof;
  #linkState = $state.raw<LinkState>({ kind: 'connecting', why: null });

  constructor(facts: SiteFacts, link: Omit<SiteLinkOptions, 'onState'>) {
    this.id = facts.id;
    this.name = facts.name;
    this.origin = facts.origin;
    this.keys = facts.keys;
    this.me = facts.me;
    this.keeper = facts.keeper;
    const { id: site, keeper, keys } = facts;
    this.link = new SiteLink({
      ...link,
      dial: async (signal) => {
        await pinKeys(facts, link.now());
        return link.dial(signal);
      },
      onState: (state) => (this.#linkState = state),
    });
    this.proof = new SiteProof({ link: this.link, keeper, site, logKey: keys.log });
  }

  get linkState(): LinkState {
    return this.#linkState;
  }

  /** Whether no question will be answered, all for the one reason that the link tells. */
  get isRefused(): boolean {
    return this.#linkState.kind === 'refused';
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
  }
}

/** The host may not put another appliance in the place of one that this browser knows, or that an owner signed. */
async function pinKeys({ keeper, ...shown }: SiteFacts, atMs: number): Promise<void> {
  try {
    await pinSiteKeys(shown, { keeper, atMs });
  } catch (cause) {
    throw new ClientError('keys-changed', wordsOf(cause));
  }
}

/** A straight dial that takes longer goes nowhere: what is near answers at once. */
const STRAIGHT_MS = 3000;

type Dial = (address: ApplianceAddress & { signal: AbortSignal }) => Promise<Client>;

/** Begins to link a site by the way to it. */
export function openSite(
  { facts, appliance, mayGoStraight }: Way,
  { dial, device }: { dial: Dial; device: Envelope },
): SiteState {
  const { id, keeper } = facts;
  if (!mayGoStraight) {
    return new SiteState(facts, {
      dial: (signal) => dial({ ...appliance, signal }),
      ...{ device, now: Date.now },
    });
  }
  return new SiteState(facts, {
    dial: async (signal) => {
      const straight = await findStraight(await keeper.straight(id), { signal });
      return dialStraight(straight, { appliance, dial, signal });
    },
    onHello: async (client) => {
      const { addresses } = await client.call('site.status', {});
      await keeper.keepStraight(id, straightAddresses(addresses));
    },
    ...{ device, now: Date.now },
  });
}

/** What answered straight may be somebody else, or gone again: then the relay is the way. */
async function dialStraight(
  straight: string | null,
  { appliance, dial, signal }: { appliance: ApplianceAddress; dial: Dial; signal: AbortSignal },
): Promise<Client> {
  if (straight !== null) {
    const soon = AbortSignal.any([signal, AbortSignal.timeout(STRAIGHT_MS)]);
    const target = { publicKey: appliance.publicKey, addresses: [straight] };
    const client = await dial({ ...target, signal: soon }).catch(() => null);
    if (client !== null) return client;
    signal.throwIfAborted();
  }
  return dial({ ...appliance, signal });
}

/** `useSite()` gives a getter: a page stays while its site changes. */
export const [useSite, provideSite] = createContext<() => SiteState>();
