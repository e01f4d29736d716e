// An appliance that waits to be claimed, for tests.

import { type Appliance, openAppliance } from '#appliance/appliance.ts';
import { type ClaimState, loadClaimState } from '#appliance/claim/claim-state.ts';
import { openUnclaimed, type Unclaimed } from '#appliance/claim/unclaimed.ts';
import { createClaimSecret } from '#appliance/protocol/claim-code.ts';
import type { ClaimOffer } from '#appliance/protocol/claim-message.ts';
import { commonOf } from '#appliance/protocol/session-key.ts';
import { signStatement, statementSigner } from '#crypto/statement.ts';
import type { Keyed } from './live-site.ts';

const KEY = 'ed25519:B3mVlr8D6p_ri3Gu-Re1KiJlGkOSaYo6B2YYI3zzAME';

/** The state of an appliance that nobody has claimed. */
export function claimState(over: Partial<ClaimState['config']> = {}): ClaimState {
  return {
    format: 'caisey/claim/v1',
    config: {
      format: 'caisey/appliance/v1',
      origin: 'console.example/site/site-1/1',
      listen: ['/ip4/127.0.0.1/tcp/0'],
      http: { host: '127.0.0.1', port: 0 },
      mdns: false,
      console: { site: 'site-1', key: KEY, addresses: ['/ip4/127.0.0.1/tcp/9'], level: 'standard' },
      ...over,
    },
    organisation: 'Acme IT',
    secret: createClaimSecret(),
    ...{ wrongTries: 0, locks: 0, lockedUntilMs: 0, offer: null },
  };
}

/** What an owner with this root offers. */
export async function offerOf(root: Keyed, owner: Keyed = root): Promise<ClaimOffer> {
  const signer = statementSigner(root.signer);
  const roster = await signStatement(
    {
      ...commonOf(signer, { nowMs: Date.now(), lifeMs: 86_400_000 }),
      type: 'roster',
      msp: 'Acme IT',
      version: 1,
      members: [{ id: 'olga', name: 'Olga Owner', role: 'owner', key: owner.key }],
    },
    signer,
  );
  return { msp: 'Acme IT', client: 'Corner Bakery', site: 'Main Street', root: root.key, roster };
}

/** Opens the appliance of a folder, to wait for its claim; the PIN is sealed cheaply. */
export async function openWaiting(folder: string): Promise<Unclaimed> {
  const state = await loadClaimState(folder);
  if (state === null) throw new Error('Cannot open: it did not join, or is founded');
  const quiet = { onEvent: () => undefined, software: 'caisey/test', costLog2: 10 };
  return openUnclaimed({ folder, state, ...quiet });
}

/** Opens the appliance of a folder that is founded. */
export function openFounded(folder: string): Promise<Appliance> {
  return openAppliance({ folder, software: 'caisey/test', onEvent: () => undefined });
}

/** Who has claimed the appliance of a folder, as its disk has it; undefined: it waits no more. */
export async function offerIn(folder: string): Promise<ClaimState['offer'] | undefined> {
  return (await loadClaimState(folder))?.offer;
}
