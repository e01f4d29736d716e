// What happened at a site, in summary: its sessions and its requests, read from the log's index of kinds.

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import { matchCode } from '#crypto/match-code.ts';
import { parseStatement } from '#crypto/statement.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import type { RequestSummary, SessionSummary } from '../protocol/client-message.ts';
import { openStored, type SiteFacts } from './site.ts';

/** The newest sessions, at most `limit`, newest first; with `openOnly`, those that have not ended. */
export async function listSessions(
  ledger: Ledger,
  { limit, openOnly }: { limit: number; openOnly: boolean },
): Promise<readonly SessionSummary[]> {
  const open = new Set(ledger.openSessions());
  const summaries: SessionSummary[] = [];
  for await (const session of ledger.sessionIds()) {
    if (summaries.length >= limit) break;
    if (openOnly && !open.has(session)) continue;
    const summary = await summarise(ledger, session);
    if (summary !== null) summaries.push(summary);
  }
  return summaries;
}

/** Every request of the log, newest first, at most `limit`. */
export async function listRequests(
  ledger: Ledger,
  { limit, facts }: { limit: number; facts: SiteFacts },
): Promise<readonly RequestSummary[]> {
  const ends = await readEnds(ledger);
  const opened = await readOpened(ledger);
  const requests: RequestSummary[] = [];
  for await (const entry of ledger.entriesOfKind('approval.requested')) {
    const session = opened.get(entry.leaf.s ?? '');
    if (entry.content === null || session === undefined) continue;
    requests.push(summariseRequest(entry, { facts, session, end: ends.get(hashOf(entry)) }));
    if (requests.length > limit) requests.shift();
  }
  return requests.reverse();
}

interface RequestEnd {
  readonly state: RequestSummary['state'];
  readonly at: string;
  readonly by: readonly string[];
  readonly comment: string | null;
  readonly granted: number;
}

async function readEnds(ledger: Ledger): Promise<Map<string, RequestEnd>> {
  const ends = new Map<string, RequestEnd>();
  for (const kind of ['approval.granted', 'approval.denied'] as const) {
    for await (const entry of ledger.entriesOfKind(kind)) {
      if (entry.content === null) continue;
      const { approver, comment } = openStored(kind, entry);
      const request = entry.leaf.ref?.request ?? '';
      const before = ends.get(request);
      ends.set(request, {
        state: kind === 'approval.granted' ? 'granted' : 'denied',
        at: entry.leaf.t,
        by: [...(before?.by ?? []), approver],
        comment,
        granted: (before?.granted ?? 0) + (kind === 'approval.granted' ? 1 : 0),
      });
    }
  }
  for (const kind of ['approval.expired', 'approval.withdrawn'] as const) {
    for await (const { leaf } of ledger.entriesOfKind(kind)) {
      const state = kind === 'approval.expired' ? 'expired' : 'withdrawn';
      const end = { state, at: leaf.t, by: [], comment: null, granted: 0 } as const;
      ends.set(leaf.ref?.request ?? '', end);
    }
  }
  return ends;
}

async function readOpened(ledger: Ledger): Promise<Map<string, FieldsOf<'session.opened'>>> {
  const opened = new Map<string, FieldsOf<'session.opened'>>();
  for await (const entry of ledger.entriesOfKind('session.opened')) {
    if (entry.content !== null) opened.set(entry.leaf.s ?? '', openStored('session.opened', entry));
  }
  return opened;
}

function summariseRequest(
  entry: StoredEntry,
  {
    facts,
    session,
    end,
  }: {
    facts: SiteFacts;
    session: FieldsOf<'session.opened'>;
    end: RequestEnd | undefined;
  },
): RequestSummary {
  const fields = openStored('approval.requested', entry);
  const { statement, hash: order } = parseStatement(fields.statement);
  const commandDigest = statement.type === 'command' ? statement.digests.command : '';
  const isEnough = end?.state !== 'granted' || end.granted >= fields.approvals;
  return {
    request: hashOf(entry),
    match: matchCode(parseBase64url(hashOf(entry))),
    state: end !== undefined && isEnough ? end.state : 'waiting',
    session: entry.leaf.s ?? '',
    endpoint: entry.leaf.e ?? '',
    endpointName: session.endpoint_name,
    technician: session.technician,
    client: facts.client,
    site: facts.site,
    shell: fields.shell,
    command: fields.command,
    cwd: fields.cwd,
    env: fields.env,
    why: fields.why,
    policy: fields.decision.why,
    requestedAt: entry.leaf.t,
    expires: fields.expires,
    decidedAt: end?.at ?? null,
    decidedBy: [...(end?.by ?? [])],
    comment: end?.comment ?? null,
    approvals: fields.approvals,
    granted: end?.granted ?? 0,
    order,
    commandDigest,
    stateHash: entry.leaf.ref?.state ?? null,
    stateText: null,
  };
}

async function summarise(ledger: Ledger, session: string): Promise<SessionSummary | null> {
  let opened: StoredEntry | null = null;
  let last: StoredEntry | null = null;
  let commands = 0;
  for await (const entry of ledger.sessionEntries(session)) {
    opened ??= entry;
    last = entry;
    if (entry.leaf.k === 'command.started') commands += 1;
  }
  if (opened === null || last === null || opened.content === null) return null;
  const fields = openStored('session.opened', opened);
  const state = stateAfter(last);
  return {
    session,
    endpoint: opened.leaf.e ?? '',
    endpointName: fields.endpoint_name,
    technician: fields.technician,
    reason: fields.reason,
    ticket: fields.ticket,
    openedAt: opened.leaf.t,
    closedAt: state === 'open' ? null : last.leaf.t,
    state,
    entries: (last.leaf.n ?? 0) + 1,
    commands,
  };
}

function stateAfter({ leaf }: StoredEntry): SessionSummary['state'] {
  if (leaf.k === 'session.closed') return 'closed';
  return leaf.k === 'session.abandoned' ? 'abandoned' : 'open';
}

function hashOf({ hash }: StoredEntry): string {
  return encodeBase64url(hash);
}
