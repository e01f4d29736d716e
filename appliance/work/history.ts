// The sessions of a site in summary, read from the log's index of kinds.

import type { Leaf } from '#crypto/leaf.ts';
import { parseStatement } from '#crypto/statement.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import type { SessionSummary } from '../protocol/session-summary.ts';
import { openStored } from './record.ts';

export interface SessionFilter {
  /** Only those that were opened before this index of the log. */
  readonly before?: number | undefined;
  /** Only those on this endpoint. */
  readonly endpoint?: string | undefined;
  /** Only those that have not ended. */
  readonly isOpen: boolean;
}

/** Sessions, newest first. What was erased is left out. */
export async function* listSessions(
  ledger: Ledger,
  { before, endpoint, isOpen }: SessionFilter,
): AsyncGenerator<SessionSummary, void, undefined> {
  const open = new Set(ledger.openSessions());
  const range = { newestFirst: true, ...(before === undefined ? {} : { before }) };
  for await (const opened of ledger.entriesOfKind('session.opened', range)) {
    const { s: session = '', e } = opened.leaf;
    if (isOpen && !open.has(session)) continue;
    if (endpoint !== undefined && e !== endpoint) continue;
    if (opened.content !== null) yield await summarise(ledger, opened);
  }
}

async function summarise(ledger: Ledger, opened: StoredEntry): Promise<SessionSummary> {
  const { s: session = '', e: endpoint = '' } = opened.leaf;
  const tally = await ledger.tallySession(session, 'command.started');
  if (tally === null) throw new Error('unreachable: it was opened');
  const { last, entries, ofKind: commands } = tally;
  const fields = openStored('session.opened', opened);
  const state = stateAfter(last);
  return {
    index: opened.index,
    session,
    endpoint,
    endpointName: fields.endpoint_name,
    technician: fields.technician,
    technicianKey: parseStatement(fields.statement).statement.by,
    reason: fields.reason,
    ticket: fields.ticket,
    openedAt: opened.leaf.t,
    closedAt: state === 'open' ? null : last.t,
    state,
    ...{ entries, commands },
  };
}

function stateAfter({ k }: Leaf): SessionSummary['state'] {
  if (k === 'session.closed') return 'closed';
  return k === 'session.abandoned' ? 'abandoned' : 'open';
}
