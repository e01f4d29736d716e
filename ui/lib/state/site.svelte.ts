// One site as the pages see it: the link to it, how that is, and who is looking.

import { createContext } from 'svelte';

import type { Keeper } from '#ui/lib/keeper.ts';
import { type LinkState, SiteLink, type SiteLinkOptions } from '#ui/lib/site.ts';

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
  readonly me: Me;
  readonly keeper: Keeper;
}

export class SiteState implements AsyncDisposable {
  readonly id: string;
  readonly name: string;
  readonly origin: string;
  readonly me: Me;
  readonly keeper: Keeper;
  readonly link: SiteLink;
  #linkState = $state.raw<LinkState>({ kind: 'connecting', attempt: 0 });

  constructor(facts: SiteFacts, link: Omit<SiteLinkOptions, 'onState'>) {
    this.id = facts.id;
    this.name = facts.name;
    this.origin = facts.origin;
    this.me = facts.me;
    this.keeper = facts.keeper;
    this.link = new SiteLink({ ...link, onState: (state) => (this.#linkState = state) });
  }

  get linkState(): LinkState {
    return this.#linkState;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
  }
}

/** `useSite()` gives a getter: a page stays while its site changes. */
export const [useSite, provideSite] = createContext<() => SiteState>();
