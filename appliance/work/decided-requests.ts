// The requests that were decided last, in the order of their decisions, out of the log: also those of before a
// restart. What has ended does not change, so each is read once.

import { encodeBase64url } from '#crypto/base64.ts';
import type { Kind } from '#crypto/kind.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import type { RequestItem } from '../protocol/client-message.ts';
import { findEntries } from './entries.ts';
import { itemOf, summariseRequest } from './request-history.ts';
import type { SiteFacts } from './site.ts';

/** So many are listed. */
export const MAX_DECIDED = 50;
/** A request that so many others were asked after is not looked for: it is in the record. */
const MAX_ASKED_SINCE = 256;

const DECIDING: readonly Kind[] = [
  'approval.granted',
  'approval.denied',
  'approval.expired',
  'approval.withdrawn',
];

/** Reads the requests that were decided last, the newest decision first. What was erased is left out. */
export function createDecidedReader(
  ledger: Ledger,
  { facts }: { facts: SiteFacts },
): () => Promise<readonly RequestItem[]> {
  let remembered = new Map<string, RequestItem | null>();
  return async () => {
    const { found } = await findEntries(ledger, { kinds: DECIDING, limit: 2 * MAX_DECIDED });
    const items = new Map<string, RequestItem | null>();
    for (const decision of found) {
      const name = decision.leaf.ref?.request ?? '';
      if (items.has(name)) continue; // an earlier one of several approvals
      if (items.size >= MAX_DECIDED) break;
      const known = remembered.get(name);
      const item = known === undefined ? await readItem(ledger, { decision, facts }) : known;
      if (item?.state !== 'waiting') items.set(name, item);
    }
    remembered = items;
    return [...items.values()].filter((item) => item !== null);
  };
}

/** The request that an entry decided; null when it was erased, or lies too far back. */
async function readItem(
  ledger: Ledger,
  { decision, facts }: { decision: StoredEntry; facts: SiteFacts },
): Promise<RequestItem | null> {
  const before = { before: decision.index, newestFirst: true };
  let askedSince = 0;
  for await (const entry of ledger.entriesOfKind('approval.requested', before)) {
    if (encodeBase64url(entry.hash) === decision.leaf.ref?.request) {
      const summary = await summariseRequest(ledger, { entry, facts });
      return summary && itemOf(summary);
    }
    askedSince += 1;
    if (askedSince > MAX_ASKED_SINCE) break;
  }
  return null;
}
