// Claiming, with patience: an appliance that has just joined may not have reached the relay yet.

import { type claimSite } from '#appliance/protocol/claim-client.ts';

/** How often an appliance that is not there is looked for again, and how long between. */
export const CLAIM_TRIES = 10;
const BETWEEN_MS = 2_000;

/**
 * Runs a claim again as long as the appliance cannot be reached. Every other failure is told at once.
 * @throws what `claim` throws
 */
export async function claimPatiently(
  claim: () => ReturnType<typeof claimSite>,
  { pause = wait, signal }: { pause?: (ms: number) => Promise<void>; signal: AbortSignal },
): ReturnType<typeof claimSite> {
  for (let tries = 1; ; tries++) {
    try {
      return await claim();
    } catch (cause) {
      if (!isUnreachable(cause) || tries === CLAIM_TRIES || signal.aborted) throw cause;
      await pause(BETWEEN_MS);
    }
  }
}

/** Whether a claim that the appliance has taken only lost sight of it: it goes on there. */
export function isLostClaim(cause: unknown): boolean {
  return cause instanceof Error && cause.name === 'ProtocolError';
}

function isUnreachable(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && cause.code === 'peer-unreachable';
}

function wait(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
