// What a client asks about requests for approval, and how an approver decides one with a key of his own.

import { WorkError } from '../../work/error.ts';
import { itemOf, listRequests, readRequest } from '../../work/request-history.ts';
import type { RequestItem } from '../../protocol/client-message.ts';
import type { Call, Handler } from './call.ts';
import { demandKnown, nameOf } from './call.ts';
import { takePage } from './page.ts';

export const requestList: Handler<'request.list'> = async (request, { desk, caller }) => {
  demandKnown(caller);
  const { state, limit, before } = request;
  const { ledger, facts } = desk.site;
  const isOnPage = ({ index }: RequestItem): boolean => before === undefined || index < before;
  const list =
    state === 'all'
      ? listRequests(ledger, { facts, before })
      : desk.requests.waiting().map(itemOf).filter(isOnPage);
  const { items, next } = await takePage(list, { limit, cursorOf: ({ index }) => index });
  return { requests: items, next };
};

export const requestShow: Handler<'request.show'> = async ({ request }, { desk, caller }) => {
  demandKnown(caller);
  const live = desk.requests.find(request);
  if (live === null) {
    const { ledger, facts } = desk.site;
    const ended = await readRequest(ledger, { request, facts });
    if (ended !== null) return ended;
    throw new WorkError('request-unknown', 'Cannot show request: the log has none of this id');
  }
  if (caller.approver !== null) {
    const seen = { channel: 'command line', by: caller.approver.name };
    await desk.requests.view(request, seen);
  }
  return live;
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

export const requestWithdraw: Handler<'request.withdraw'> = async (request, call) => {
  const { desk, caller } = call;
  demandOwn(request.request, call);
  const entry = await desk.requests.withdraw(request.request, {
    by: nameOf(caller),
    reason: request.reason,
  });
  return { index: entry.index };
};

export const requestRemind: Handler<'request.remind'> = async ({ request }, call) => {
  demandOwn(request, call);
  const { entry, to } = await call.desk.requests.remind(request, { by: nameOf(call.caller) });
  return { index: entry.index, to };
};

/** @throws {WorkError} `request-unknown`, or `not-allowed` unless it is the caller's request, or an owner asks */
function demandOwn(request: string, { desk, caller }: Call): void {
  const { technician, session } = desk.requests.show(request);
  const isOwn = desk.sessions.find(session).technician.key === caller.member?.key;
  if (isOwn || caller.member?.role === 'owner') return;
  throw new WorkError('not-allowed', `Not allowed: it is the request of ${technician}`);
}
