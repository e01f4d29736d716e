// One site as the pages see it: the link to it, how that is, and who is looking.

import { createContext } from 'svelte';

import { type Client, ClientError } from '#appliance/protocol/client.ts';
import type { ApplianceAddress } from '#appliance/protocol/client-node.ts';
import type { SiteKeys } from '#crypto/site-fingerprints.ts';
import type { Envelope } from '#crypto/statement.ts';
import type { Keeper } from '#ui/lib/keeper.ts';
import { type LinkState, SiteLink, type SiteLinkOptions } from '#ui/lib/site.ts';
import { pinSiteKeys } from '#ui/lib/site-keys.ts';
import { SiteProof } from '#ui/lib/site-proof.ts';
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

/** Begins to link a site by the way to it. */
export function openSite(
  { facts, appliance }: { facts: SiteFacts; appliance: ApplianceAddress },
  {
    dial,
    device,
  }: {
    dial: (address: ApplianceAddress & { signal: AbortSignal }) => Promise<Client>;
    device: Envelope;
  },
): SiteState {
  return new SiteState(facts, {
    dial: (signal) => dial({ ...appliance, signal }),
    ...{ device, now: Date.now },
  });
}

/** `useSite()` gives a getter: a page stays while its site changes. */
export const [useSite, provideSite] = createContext<() => SiteState>();
