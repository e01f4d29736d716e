// The requests of a log, read from it: what was asked, and how it ended. An appliance forgets a request some time
// after its end; the log does not.

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import { matchCode } from '#crypto/match-code.ts';
import { parseStatement } from '#crypto/statement.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import {
  MAX_ITEM_COMMAND_CHARS,
  type RequestItem,
  type RequestSummary,
} from '../protocol/client-message.ts';
import { openStored } from './record.ts';
import type { SiteFacts } from './site.ts';

/** Requests, newest first: those that were asked before an index. What was erased is left out. */
export async function* listRequests(
  ledger: Ledger,
  { facts, before }: { facts: SiteFacts; before?: number | undefined },
): AsyncGenerator<RequestItem, void, undefined> {
  const range = { newestFirst: true, ...(before === undefined ? {} : { before }) };
  for await (const entry of ledger.entriesOfKind('approval.requested', range)) {
    const request = await summariseRequest(ledger, { entry, facts });
    if (request !== null) yield itemOf(request);
  }
}

/**
 * All of one request, by its hash, among the newest `among`; null when it is not there, or its content was erased.
 */
export async function readRequest(
  ledger: Ledger,
  { request, facts, among = Infinity }: { request: string; facts: SiteFacts; among?: number },
): Promise<RequestSummary | null> {
  let read = 0;
  for await (const entry of ledger.entriesOfKind('approval.requested', { newestFirst: true })) {
    read += 1;
    if (read > among) return null;
    if (hashOf(entry) !== request) continue;
    const summary = await summariseRequest(ledger, { entry, facts });
    return summary && { ...summary, ...(await readState(ledger, entry)) };
  }
  return null;
}

/** A request as it stands in a list. */
export function itemOf(request: RequestSummary): RequestItem {
  const { command } = request;
  const cut = command.slice(0, MAX_ITEM_COMMAND_CHARS);
  return {
    index: request.index,
    request: request.request,
    match: request.match,
    state: request.state,
    session: request.session,
    endpoint: request.endpoint,
    endpointName: request.endpointName,
    technician: request.technician,
    command: cut.isWellFormed() ? cut : cut.slice(0, -1), // not half of a character
    isCut: cut.length < command.length,
    requestedAt: request.requestedAt,
    expires: request.expires,
    decidedAt: request.decidedAt,
    decidedBy: request.decidedBy,
    approvals: request.approvals,
    granted: request.granted,
  };
}

type End = Pick<
  RequestSummary,
  'state' | 'decidedAt' | 'decidedBy' | 'comment' | 'granted' | 'reminded'
>;

const WAITING: End = {
  state: 'waiting',
  decidedAt: null,
  decidedBy: [],
  comment: null,
  granted: 0,
  reminded: null,
};

/** How a request stands after all that its session says of it. */
async function readEnd(
  ledger: Ledger,
  { entry: { leaf, hash }, approvals }: { entry: StoredEntry; approvals: number },
): Promise<End> {
  const name = encodeBase64url(hash);
  let end = WAITING;
  for await (const entry of ledger.sessionEntries(leaf.s ?? '', (leaf.n ?? 0) + 1)) {
    if (entry.leaf.ref?.request !== name) continue;
    end = endAfter(end, { entry, approvals });
    if (end.state !== 'waiting') break;
  }
  return end;
}

/** The next step of a request's life. */
function endAfter(
  before: End,
  { entry, approvals }: { entry: StoredEntry; approvals: number },
): End {
  const { leaf, content } = entry;
  switch (leaf.k) {
    case 'approval.notified': {
      const by = content === null ? null : openStored(leaf.k, entry).by;
      return by === null ? before : { ...before, reminded: { by, at: leaf.t } };
    }
    case 'approval.granted':
    case 'approval.denied': {
      const fields = content === null ? null : openStored(leaf.k, entry);
      const isGrant = leaf.k === 'approval.granted';
      const granted = before.granted + (isGrant ? 1 : 0);
      const isOver = !isGrant || granted >= approvals;
      return {
        ...before,
        state: isOver ? (isGrant ? 'granted' : 'denied') : 'waiting',
        decidedAt: isOver ? leaf.t : null,
        decidedBy: [...before.decidedBy, ...(fields === null ? [] : [fields.approver])],
        comment: fields?.comment ?? null,
        granted,
      };
    }
    case 'approval.expired':
      return { ...before, state: 'expired', decidedAt: leaf.t };
    case 'approval.withdrawn': {
      const fields = content === null ? null : openStored(leaf.k, entry);
      return {
        ...before,
        state: 'withdrawn',
        decidedAt: leaf.t,
        decidedBy: [...before.decidedBy, ...(fields === null ? [] : [fields.by])],
        comment: fields?.reason ?? before.comment,
      };
    }
    default:
      return before;
  }
}

/** A request by the entry that asked it; null when its content was erased. Its state text is left out. */
export async function summariseRequest(
  ledger: Ledger,
  { entry, facts }: { entry: StoredEntry; facts: SiteFacts },
): Promise<RequestSummary | null> {
  const session = await readOpening(ledger, entry.leaf.s ?? '');
  if (entry.content === null || session === null) return null;
  const fields = openStored('approval.requested', entry);
  const { statement, hash: order } = parseStatement(fields.statement);
  return {
    ...(await readEnd(ledger, { entry, approvals: fields.approvals })),
    index: entry.index,
    request: hashOf(entry),
    match: matchCode(parseBase64url(hashOf(entry))),
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
    approvals: fields.approvals,
    order,
    commandDigest: statement.type === 'command' ? statement.digests.command : '',
    stateHash: entry.leaf.ref?.state ?? null,
    ...NO_STATE,
  };
}

async function readOpening(
  ledger: Ledger,
  session: string,
): Promise<FieldsOf<'session.opened'> | null> {
  for await (const entry of ledger.sessionEntries(session)) {
    return entry.content === null ? null : openStored('session.opened', entry);
  }
  return null;
}

type State = Pick<RequestSummary, 'stateText' | 'stateDroppedBytes'>;

const NO_STATE: State = { stateText: null, stateDroppedBytes: 0 };

/** The state that a request cites; none when it cites none, or it was erased. */
async function readState(ledger: Ledger, { leaf, index }: StoredEntry): Promise<State> {
  const cited = leaf.ref?.state;
  if (cited === undefined) return NO_STATE;
  for await (const entry of ledger.sessionEntries(leaf.s ?? '')) {
    if (entry.index >= index) break;
    if (entry.leaf.k !== 'state.captured' || hashOf(entry) !== cited) continue;
    const segments = entry.content?.texts[0]?.segments;
    if (segments === undefined) break;
    const { dropped_bytes: stateDroppedBytes } = openStored('state.captured', entry);
    return { stateText: Buffer.concat(segments).toString('utf8'), stateDroppedBytes };
  }
  return NO_STATE;
}

function hashOf({ hash }: StoredEntry): string {
  return encodeBase64url(hash);
}
