// One site as the pages see it: the link to it, how that is, and who is looking.

import { createContext } from 'svelte';

import { type Client, ClientError } from '#appliance/protocol/client.ts';
import type { ApplianceAddress } from '#appliance/protocol/client-node.ts';
import type { SiteKeys } from '#appliance/protocol/site-fingerprints.ts';
import type { Envelope } from '#crypto/statement.ts';
import type { Keeper } from '#ui/lib/keeper.ts';
import { type LinkState, SiteLink, type SiteLinkOptions } from '#ui/lib/site.ts';
import { wordsOf } from '#ui/lib/words-of.ts';
import { SiteProof } from '#ui/lib/site-proof.ts';

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
  /** The log's C2SP verifier key, and `ed25519:…` of the appliance, as the host says. */
  readonly logKey: string;
  readonly applianceKey: string;
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
  #linkState = $state.raw<LinkState>({ kind: 'connecting', attempt: 0 });

  constructor(facts: SiteFacts, link: Omit<SiteLinkOptions, 'onState'>) {
    this.id = facts.id;
    this.name = facts.name;
    this.origin = facts.origin;
    this.keys = { appliance: facts.applianceKey, log: facts.logKey };
    this.me = facts.me;
    this.keeper = facts.keeper;
    const { id: site, keeper, logKey } = facts;
    this.link = new SiteLink({
      ...link,
      dial: async (signal) => {
        await checkPinned(facts);
        return link.dial(signal);
      },
      onState: (state) => (this.#linkState = state),
    });
    this.proof = new SiteProof({ link: this.link, keeper, site, logKey });
  }

  get linkState(): LinkState {
    return this.#linkState;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
  }
}

/** The host may not put another appliance in the place of one that this browser knows. */
async function checkPinned({ id, keeper, logKey, applianceKey }: SiteFacts): Promise<void> {
  try {
    await keeper.pinSite(id, { appliance: applianceKey, log: logKey });
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
