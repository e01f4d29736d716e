// approvals-signed: each decision of the client's is the signature of an approver over exactly that request, and
// stands before what was done about it.

import { checkSignedFields } from './authorisation.ts';
import { VerifyError } from './error.ts';
import { atAsync, Fault, type Held } from './evidence-check.ts';
import { checkName, citedStatement, type ProvedSession } from './evidence-commands.ts';
import { type BoundEntry, type BoundValues, fieldsAs } from './evidence-values.ts';
import { parseTime } from './leaf.ts';
import { approverByKey, verifyAuthority } from './roster.ts';
import { checkInForce, type Signed, verifyStatement } from './statement.ts';

/** A session's approvals: how many were given, and by which keys anybody decided. */
export interface SignedApprovals {
  readonly granted: number;
  readonly deciders: readonly string[];
}

/** Checks every request and decision of the session. @throws {Fault} at the first that does not hold */
export async function checkApprovals(
  { site, values }: ProvedSession,
  session: Signed<'session'>,
): Promise<Held<SignedApprovals>> {
  const requests = new Map<string, Signed<'command'>>();
  const deciders = new Set<string>();
  let granted = 0;
  let denied = 0;
  for (const entry of values.session) {
    const { k, i } = entry.leaf;
    if (k === 'approval.requested') {
      const asked = await atAsync(i, () => checkRequest(entry, { log: site.log, session }));
      requests.set(entry.name, asked);
    } else if (k === 'approval.granted' || k === 'approval.denied') {
      deciders.add(await atAsync(i, () => checkDecision(entry, { site, values, requests })));
      if (k === 'approval.granted') granted += 1;
      else denied += 1;
    }
  }
  checkOrder(values);
  const value = { granted, deciders: [...deciders] };
  if (requests.size === 0) {
    return { outcome: 'not-applicable', detail: 'Nothing was asked', value };
  }
  return {
    detail: `Asked: ${requests.size}; approvals signed: ${granted}; refusals signed: ${denied}`,
    value,
  };
}

/** Checks that what was asked is a command of the session key, and that it shows what was signed. */
async function checkRequest(
  entry: BoundEntry,
  { log, session }: { log: string; session: Signed<'session'> },
): Promise<Signed<'command'>> {
  const envelope = fieldsAs('approval.requested', entry)?.statement;
  if (envelope === undefined) throw new Fault(entry.leaf.i, 'The request shows no statement');
  const command = await verifyStatement(envelope, { type: 'command', log });
  const { by, endpoint, session: id, digests } = command.statement;
  if (by !== session.statement.delegate) {
    throw new VerifyError('not-authorised', 'Cannot accept request: not by the session key');
  }
  if (endpoint !== entry.leaf.e || id !== entry.leaf.s) {
    throw new VerifyError('wrong-session', 'Cannot accept request: it is signed for another place');
  }
  checkSignedFields(digests, entry);
  return command;
}

/** Checks one decision; answers the key that signed it. */
async function checkDecision(
  entry: BoundEntry,
  {
    site: { log, authorityKey },
    values,
    requests,
  }: {
    site: ProvedSession['site'];
    values: BoundValues;
    requests: ReadonlyMap<string, Signed<'command'>>;
  },
): Promise<string> {
  const { leaf } = entry;
  const fields = fieldsAs('approval.granted', entry) ?? fieldsAs('approval.denied', entry);
  const request = values.session.find(({ name }) => name === leaf.ref?.request);
  const command = requests.get(leaf.ref?.request ?? '');
  if (fields?.statement === undefined || request === undefined || command === undefined) {
    throw new Fault(leaf.i, `Entry ${leaf.i} shows no statement about an earlier request`);
  }
  const atMs = parseTime(leaf.t);
  const { statement } = await verifyStatement(fields.statement, { type: 'approval', log });
  checkInForce(statement, atMs);
  const isForThis =
    statement.decision === (leaf.k === 'approval.granted' ? 'approve' : 'deny') &&
    statement.endpoint === leaf.e &&
    statement.session === leaf.s &&
    statement.request === request.name &&
    statement.order === command.hash &&
    statement.command === command.statement.digests.command &&
    statement.state === (request.leaf.ref?.state ?? null);
  if (!isForThis) {
    throw new VerifyError('wrong-command', 'Cannot accept approval: it is for something else');
  }
  const envelope = citedStatement(request, 'authority', values);
  const authority = await verifyAuthority(envelope, { log, root: authorityKey, seen: null, atMs });
  const approver = approverByKey(authority.statement, statement.by);
  checkName(entry, { id: fields.approver_id, name: fields.approver, is: approver });
  return statement.by;
}

/** Nothing starts after its request came to an end, and nothing is approved that has already started. */
function checkOrder({ session }: BoundValues): void {
  const ended = new Map<string, string>();
  const started = new Set<string>();
  for (const { leaf } of session) {
    const request = leaf.ref?.request;
    if (request === undefined) continue;
    switch (leaf.k) {
      case 'approval.denied':
      case 'approval.expired':
      case 'approval.withdrawn':
        ended.set(request, leaf.k);
        break;
      case 'approval.granted':
        if (!started.has(request)) break;
        throw new Fault(leaf.i, `Entry ${leaf.i} approves what had already started`);
      case 'command.started':
        if (ended.has(request)) {
          throw new Fault(
            leaf.i,
            `Entry ${leaf.i} starts what was ${ended.get(request) ?? ''} before`,
          );
        }
        started.add(request);
        break;
      default:
        break;
    }
  }
}
