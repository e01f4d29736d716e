// What endpoints hold of this log, and what they are told next. Each endpoint is a witness: one that holds a
// checkpoint signed by our key that this log does not contain shows that the log was rolled back, or forked.

import { EMPTY_ROOT } from '#crypto/hash.ts';
import { frontierOf, frontierRoot } from '#crypto/tree.ts';
import type { SeenCheckpoint } from '#crypto/work-order.ts';
import type { ApplianceMessage } from '#agent/protocol/link-message.ts';
import type { Ledger } from '../ledger/ledger.ts';
import { formatHashes } from '../work/order.ts';

/** Before the first checkpoint. */
export const NOTHING_SEEN: SeenCheckpoint = { size: 0, root: EMPTY_ROOT };

/**
 * Checks a checkpoint that an endpoint holds against this log. When the log does not contain it, the log ends.
 * @throws {VerifyError} when our key did not sign it: then it says nothing about this log
 * @throws {LedgerError} as `Ledger.checkWitnessed`
 */
export async function checkHeld(
  note: string,
  { ledger }: { ledger: Ledger },
): Promise<SeenCheckpoint> {
  const held = await ledger.checkWitnessed(note);
  return { size: held.size, root: held.root };
}

/** This log at an earlier size; null when it was never so large. */
export function stateAt(ledger: Ledger, size: number): SeenCheckpoint | null {
  if (size === 0) return NOTHING_SEEN;
  if (size > ledger.checkpoint.size) return null;
  return { size, root: frontierRoot(frontierOf(size, ledger.readHash)) };
}

/** The newest checkpoint, proved from what was seen; null when there is nothing new. */
export function nextCheckpoint(
  ledger: Ledger,
  seen: SeenCheckpoint,
): { message: Extract<ApplianceMessage, { kind: 'checkpoint' }>; seen: SeenCheckpoint } | null {
  const { note, size, root } = ledger.checkpoint;
  if (size <= seen.size) return null;
  const consistency = seen.size === 0 ? [] : formatHashes(ledger.proveConsistency(seen.size, size));
  return {
    message: { kind: 'checkpoint', note, seen: seen.size, consistency },
    seen: { size, root },
  };
}
