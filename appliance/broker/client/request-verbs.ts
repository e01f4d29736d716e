// What a client asks about requests for approval, and how an approver decides one with a key of his own.

import { WorkError } from '../../work/error.ts';
import { listRequests } from '../../work/history.ts';
import type { Handler } from './call.ts';
import { demandKnown, nameOf } from './call.ts';

export const requestList: Handler<'request.list'> = async (request, { desk, caller }) => {
  demandKnown(caller);
  const live = desk.requests.list();
  if (request.state === 'waiting') {
    const waiting = live.filter(({ state }) => state === 'waiting');
    return { requests: waiting.slice(0, request.limit) };
  }
  const { ledger, facts } = desk.site;
  const all = await listRequests(ledger, { limit: request.limit, facts });
  const byHash = new Map(live.map((summary) => [summary.request, summary]));
  return { requests: all.map((summary) => byHash.get(summary.request) ?? summary) };
};

export const requestShow: Handler<'request.show'> = async (request, { desk, caller }) => {
  demandKnown(caller);
  const summary = desk.requests.show(request.request);
  if (caller.approver !== null) {
    const seen = { channel: 'command line', by: caller.approver.name };
    await desk.requests.view(request.request, seen);
  }
  return summary;
};

export const requestDecide: Handler<'request.decide'> = async (request, { desk, caller }) => {
  if (caller.approver === null) {
    throw new WorkError('not-allowed', 'Not allowed: only an approver of the client decides');
  }
  const { envelope, comment } = request;
  const decided = await desk.requests.decide(request.request, {
    ...{ envelope, comment },
    method: 'key-file',
  });
  return { state: decided.request.state, index: decided.entry.index };
};

export const requestWithdraw: Handler<'request.withdraw'> = async (request, { desk, caller }) => {
  const { technician, session } = desk.requests.show(request.request);
  const own = desk.sessions.find(session).technician.key === caller.member?.key;
  if (!own && caller.member?.role !== 'owner') {
    throw new WorkError('not-allowed', `Not allowed: it is the request of ${technician}`);
  }
  const entry = await desk.requests.withdraw(request.request, {
    by: nameOf(caller),
    reason: request.reason,
  });
  return { index: entry.index };
};
