// A site as the host shows it, and what a page needs to go there itself.

import type { ApplianceAddress } from '#appliance/protocol/client-node.ts';
import type { Envelope } from '#crypto/statement.ts';
import { applianceAddress } from './appliance-address.ts';
import type { Keeper } from './keeper.ts';
import type { Me, SiteFacts } from './state/site.svelte.ts';

/** What the host tells of a site. Its keys are judged before they are used (`site-keys.ts`). */
export interface ShownSite {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly origin: string | null;
  readonly logKey: string | null;
  readonly peerKey: string | null;
  /** Both keys as the organisation's root signed them; null: nobody did. */
  readonly signedKeys: Envelope | null;
}

/** How this page goes to a site. */
export interface Way {
  readonly facts: SiteFacts;
  /** By the relay. */
  readonly appliance: ApplianceAddress;
  /**
   * Whether a page as this one may try the appliance's own network first. Browsers refuse plain WebSockets to a page
   * by https; only a console on one's own computer serves another.
   */
  readonly mayGoStraight: boolean;
}

/** Who looks, and from where. */
export interface Visitor {
  readonly me: Me;
  readonly keeper: Keeper;
  readonly relay: readonly string[];
  readonly isSecurePage: boolean;
}

/** Who looks, as the console says, with the key that stands in rosters. */
export function meOf(
  { id, name, role }: { id: string; name: string; role: Me['role'] },
  signingKey: { readonly key: string } | null,
): Me {
  return { person: id, name, role, key: signingKey?.key ?? null };
}

/** The way to a site; null: nothing is at work there yet. */
export function wayTo(site: ShownSite, { me, keeper, relay, isSecurePage }: Visitor): Way | null {
  const { id, name, state, origin, logKey, peerKey, signedKeys } = site;
  if (state !== 'claimed' || logKey === null || peerKey === null) return null;
  const appliance = applianceAddress({ peerKey, relay });
  if (appliance === null) return null;
  const keys = { appliance: peerKey, log: logKey };
  const facts = { id, name, origin: origin ?? '', keys, signedKeys, me, keeper };
  return { facts, appliance, mayGoStraight: !isSecurePage };
}
