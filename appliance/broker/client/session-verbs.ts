// What a client does in sessions: open, read, run, chat, close.

import { ProtocolError } from '#agent/protocol/error.ts';
import { recordedDecision } from '../../gate/requests.ts';
import { listSessions } from '../../work/history.ts';
import { WorkError } from '../../work/error.ts';
import type { Session } from '../../work/session.ts';
import type { Call, Handler } from './call.ts';
import { demandKnown, demandRole, isTechnician, nameOf } from './call.ts';
import { takePage } from './page.ts';
import { RESUME_MS } from '../endpoint-runs.ts';
import { showEntry } from '../shown-entry.ts';

export const sessionOpen: Handler<'session.open'> = async (request, { desk, caller, left }) => {
  const { key } = demandRole(caller, ['owner', 'technician']);
  const { envelope, reason, ticket, isTied = false } = request;
  const opened = await desk.sessions.openSession({
    ...{ envelope, reason, ticket },
    caller: key,
  });
  if (isTied) desk.sessions.tie(opened, left);
  return { session: opened.id, index: opened.opened.index };
};

/** Whoever may work here may also stop the work of another: the record says who did. */
export const sessionClose: Handler<'session.close'> = async (request, { desk, caller }) => {
  demandKnown(caller);
  if (caller.approver === null) demandRole(caller, ['owner', 'technician']);
  const session = desk.sessions.find(request.session);
  const entry = await desk.sessions.closeSession(session, {
    by: nameOf(caller),
    reason: caller.member === null ? 'approver' : 'technician',
    note: request.note,
    ticket: request.ticket,
  });
  return { index: entry.index };
};

export const sessionList: Handler<'session.list'> = async (request, { desk, caller }) => {
  demandKnown(caller);
  const { limit, state, endpoint, before } = request;
  const list = listSessions(desk.site.ledger, { before, endpoint, isOpen: state === 'open' });
  const { items, next } = await takePage(list, { limit, cursorOf: ({ index }) => index });
  return { sessions: items, next };
};

/** Reads a session's entries, and with `follow` goes on until it ends or the client stops. */
export const sessionRead: Handler<'session.read'> = async (request, call) => {
  const { ledger } = call.desk.site;
  demandKnown(call.caller);
  const isOpen = ledger.openSessions().includes(request.session); // now: what comes later is followed
  let position = request.from;
  let isOver = false;
  let index: number | null = null;
  for await (const entry of ledger.sessionEntries(request.session, request.from)) {
    call.signal.throwIfAborted();
    await call.emit({ kind: 'entry', entry: showEntry(entry) });
    position = (entry.leaf.n ?? 0) + 1;
    index = entry.index + 1;
    isOver = entry.leaf.k === 'session.closed' || entry.leaf.k === 'session.abandoned';
  }
  if (index === null && !(await isKnown(call, request.session))) {
    throw new WorkError('session-unknown', 'Cannot read session: the log does not know it');
  }
  const count = (): number => position - request.from;
  if (!request.follow || isOver || !isOpen)
    return { entries: count(), next: position, isOver: isOver || !isOpen };
  retieOwn(request.session, call);
  const from = index ?? call.desk.sessions.find(request.session).opened.index;
  for await (const entry of ledger.follow(from, { signal: call.signal })) {
    const { leaf } = entry;
    if (leaf.s !== request.session || (leaf.n ?? 0) < position) continue;
    await call.emit({ kind: 'entry', entry: showEntry(entry) });
    position = (leaf.n ?? 0) + 1;
    isOver = leaf.k === 'session.closed' || leaf.k === 'session.abandoned';
    if (isOver) break;
  }
  return { entries: count(), next: position, isOver };
};

/** Whoever follows a session of their own goes on with it. */
function retieOwn(id: string, { desk, caller, left }: Call): void {
  const session = desk.sessions.open.find((open) => open.id === id);
  if (session !== undefined && isTechnician(session, caller)) desk.sessions.retie(session, left);
}

async function isKnown({ desk }: Call, session: string): Promise<boolean> {
  const { done } = await desk.site.ledger.sessionEntries(session)[Symbol.asyncIterator]().next();
  return done !== true;
}

export const commandSubmit: Handler<'command.submit'> = async (request, call) => {
  const session = ownSession(request.session, call);
  const { command, why, before, after } = request;
  call.desk.sessions.retie(session, call.left);
  using _ = tellPresence(session, call);
  return await call.desk.commands.submit(session, { command, why, before, after });
};

/** Tells the client when the endpoint of its command goes away, and when it is back. */
function tellPresence({ endpoint }: Session, { desk, emit }: Call): Disposable {
  let isOnline = desk.links.isOnline(endpoint.id);
  const stop = desk.links.onChange(() => {
    if (desk.links.isOnline(endpoint.id) === isOnline) return;
    isOnline = !isOnline;
    emit({ kind: 'endpoint', isOnline, waitMs: RESUME_MS }).catch(ignoreGone);
  });
  return { [Symbol.dispose]: stop };
}

function ignoreGone(cause: unknown): void {
  if (!(cause instanceof ProtocolError)) throw cause; // its conversation tells that the client is gone
}

export const commandCancel: Handler<'command.cancel'> = async (request, call) => {
  demandKnown(call.caller);
  const session = call.desk.sessions.find(request.session);
  const isOwn = isTechnician(session, call.caller);
  if (!isOwn && call.caller.approver === null) {
    throw new WorkError('not-allowed', "Not allowed: it is another technician's session");
  }
  const cancelled = await call.desk.commands.cancel(session, request.command, {
    name: nameOf(call.caller),
    by: isOwn ? 'technician' : 'approver',
  });
  return { cancelled };
};

/** Judges what is still being written: nothing is recorded, and the session's idle time goes on. */
export const commandJudge: Handler<'command.judge'> = async (request, call) => {
  const session = ownSession(request.session, call);
  return Promise.resolve(recordedDecision(call.desk.commands.judge(session, request.fields)));
};

export const chatSay: Handler<'chat.say'> = async (request, call) => {
  demandKnown(call.caller);
  if (call.caller.approver === null) demandRole(call.caller, ['owner', 'technician']);
  const session = call.desk.sessions.find(request.session);
  const from = call.caller.member === null ? 'client' : 'technician';
  const entry = await call.desk.sessions.say(session, {
    ...{ from, text: request.text },
    name: nameOf(call.caller),
  });
  return { index: entry.index };
};

/** The caller's own open session. @throws {WorkError} `session-unknown`, or `not-allowed` for another's */
function ownSession(id: string, call: Call): Session {
  demandRole(call.caller, ['owner', 'technician']);
  const session = call.desk.sessions.find(id);
  if (!isTechnician(session, call.caller)) {
    throw new WorkError('not-allowed', "Not allowed: it is another technician's session");
  }
  return session;
}
