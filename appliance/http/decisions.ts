// What the log holds about a request: who decided, when, and the numbers of the entries that say so. A receipt
// is read from there and from nowhere else.

import type { FieldsOf } from '#crypto/kind.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import type { RequestSummary } from '../protocol/client-message.ts';
import { openStored } from '../work/record.ts';

/** One entry that decided, or ended, a request. */
export interface DecidedEntry {
  /** Tree index: the number that anybody can look up in the record. */
  readonly index: number;
  readonly kind: (typeof DECIDING)[number];
  readonly atMs: number;
  readonly approver: string | null;
  readonly method: FieldsOf<'approval.granted'>['method'] | null;
  readonly comment: string | null;
}

const DECIDING = [
  'approval.granted',
  'approval.denied',
  'approval.expired',
  'approval.withdrawn',
] as const;

/** Requests that have ended do not change: their entries are read once. */
const MAX_REMEMBERED = 256;

/** Reads the entries that decided requests. */
export function createDecisionReader(
  ledger: Ledger,
): (request: RequestSummary) => Promise<readonly DecidedEntry[]> {
  const remembered = new Map<string, readonly DecidedEntry[]>();

  return async (request) => {
    const known = remembered.get(request.request);
    if (known !== undefined) return known;
    const entries = await readDecisions(ledger, request);
    if (request.state !== 'waiting') {
      const [oldest] = remembered.keys();
      if (oldest !== undefined && remembered.size >= MAX_REMEMBERED) remembered.delete(oldest);
      remembered.set(request.request, entries);
    }
    return entries;
  };
}

async function readDecisions(
  ledger: Ledger,
  request: RequestSummary,
): Promise<readonly DecidedEntry[]> {
  const entries: DecidedEntry[] = [];
  for await (const stored of ledger.sessionEntries(request.session)) {
    if (stored.leaf.ref?.request !== request.request) continue;
    const decided = decidedBy(stored);
    if (decided === null) continue;
    entries.push(decided);
    const isGrant = decided.kind === 'approval.granted';
    if (!isGrant || entries.length >= request.approvals) break; // what follows is the command's run
  }
  return entries;
}

function decidedBy(stored: StoredEntry): DecidedEntry | null {
  const { leaf, index } = stored;
  const kind = DECIDING.find((candidate) => candidate === leaf.k);
  if (kind === undefined) return null;
  const at = { index, kind, atMs: Date.parse(leaf.t) };
  if (kind === 'approval.expired' || stored.content === null) {
    return { ...at, approver: null, method: null, comment: null };
  }
  if (kind === 'approval.withdrawn') {
    const { by, reason } = openStored(kind, stored);
    return { ...at, approver: by, method: null, comment: reason };
  }
  const { approver, method, comment } = openStored(kind, stored);
  return { ...at, approver, method, comment };
}
