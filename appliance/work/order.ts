// Building a work order out of the log, and checking it as the endpoint will: an order that the agent would
// refuse is never sent.

import { encodeBase64url } from '#crypto/base64.ts';
import { decodeUtf8 } from '#crypto/bytes.ts';
import type { Hash } from '#crypto/hash.ts';
import type { Envelope } from '#crypto/statement.ts';
import { checkWorkOrder, type SeenCheckpoint, type WorkOrder } from '#crypto/work-order.ts';
import type { Ledger, SignedCheckpoint } from '../ledger/ledger.ts';
import type { MadeOrder } from './link-port.ts';
import type { Recorded } from './record.ts';
import type { Endpoint, Site } from './site.ts';

export interface OrderParts {
  readonly started: Recorded;
  readonly request: Recorded | null;
  readonly grants: readonly Recorded[];
  readonly session: Envelope;
  readonly endpoint: Endpoint;
  /** The statements that the `command.started` entry cites: in force when it was recorded. */
  readonly roster: Envelope;
  readonly authority: Envelope;
  readonly policy: Envelope;
}

/**
 * Makes the order for an endpoint whose last checkpoint was `seen`, under the newest checkpoint. It is proved and
 * checked while that is on its way to the second place, and given to the caller when it is there.
 * @throws {VerifyError} when it does not authorise the command
 */
export async function makeOrder(
  site: Site,
  parts: OrderParts,
  seen: SeenCheckpoint,
): Promise<MadeOrder> {
  const { ledger } = site;
  const { checkpoint, published } = await ledger.signFor(parts.started.index + 1);
  const prove = (entry: Recorded): WorkOrder['started'] => provedEntry(ledger, checkpoint, entry);
  const order: WorkOrder = {
    checkpoint: checkpoint.note,
    seen: seen.size,
    consistency:
      seen.size === 0 || seen.size > checkpoint.size
        ? []
        : formatHashes(ledger.proveConsistency(seen.size, checkpoint.size)),
    started: prove(parts.started),
    request: parts.request === null ? null : prove(parts.request),
    grants: parts.grants.map(prove),
    session: parts.session,
    roster: parts.roster,
    authority: parts.authority,
    policy: parts.policy,
  };
  await nextTurn(); // the file of the checkpoint may be on disk by now, and its folder is next
  await checkWorkOrder(
    order,
    {
      logKey: site.logKey,
      mspRoot: site.facts.mspRoot,
      authorityKey: site.facts.authorityKey,
      endpoint: parts.endpoint.id,
      seen: { roster: null, authority: null, policy: null },
      seenCheckpoint: seen,
      judgement: { judge: site.judge, labels: parts.endpoint.labels },
    },
    site.now(),
  );
  await published;
  return { order, checkpoint: { size: checkpoint.size, root: checkpoint.root } };
}

function provedEntry(
  ledger: Ledger,
  { size }: SignedCheckpoint,
  { index, leafBytes, disclosures }: Recorded,
): WorkOrder['started'] {
  return {
    leaf: decodeUtf8(leafBytes),
    proof: formatHashes(ledger.proveInclusion(index, size)),
    disclosures: [...disclosures],
  };
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Hashes as JSON carries them: base64url. */
export function formatHashes(hashes: readonly Hash[]): string[] {
  return hashes.map(encodeBase64url);
}
