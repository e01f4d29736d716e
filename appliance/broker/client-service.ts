// A client's conversation, `/caisey/appliance/client/1`: requests come in, each is answered under its id, as
// many at once as the client likes within MAX_CALLS. A call that fails says why and the conversation goes on.

import { FormatError, VerifyError } from '#crypto/error.ts';
import type { Conversation } from '#agent/protocol/conversation.ts';
import { isProtocolError, ProtocolError } from '#agent/protocol/error.ts';
import { LedgerError } from '../ledger/error.ts';
import {
  type ClientAnswer,
  type ClientRequest,
  type ClientVerb,
  isClientRequest,
  type ReceivedRequest,
} from '../protocol/client-message.ts';
import { WorkError } from '../work/error.ts';
import { type Call, callerOf, demandKnown, type Desk, type Handler } from './client/call.ts';
import { clientHello } from './client/hello.ts';
import { logEntries, logExport, logFsck, logProve, recordsExport } from './client/log-verbs.ts';
import {
  requestDecide,
  requestList,
  requestRemind,
  requestShow,
  requestWithdraw,
} from './client/request-verbs.ts';
import {
  chatSay,
  commandCancel,
  commandJudge,
  commandSubmit,
  sessionClose,
  sessionList,
  sessionOpen,
  sessionRead,
} from './client/session-verbs.ts';
import {
  endpointList,
  endpointRemove,
  endpointToken,
  endpointTokenRevoke,
  endpointTokens,
  endpointVerify,
  siteChange,
  siteStatements,
  siteStatus,
} from './client/site-verbs.ts';

/** A client may have so many calls going at once. */
export const MAX_CALLS = 128;

type CalledVerb = Exclude<ClientVerb, 'stop'>;

const HANDLERS: { readonly [V in CalledVerb]: Handler<V> } = {
  'client.hello': clientHello,
  'site.status': siteStatus,
  'site.change': siteChange,
  'site.statements': siteStatements,
  'endpoint.list': endpointList,
  'endpoint.token': endpointToken,
  'endpoint.tokens': endpointTokens,
  'endpoint.token-revoke': endpointTokenRevoke,
  'endpoint.verify': endpointVerify,
  'endpoint.remove': endpointRemove,
  'session.open': sessionOpen,
  'session.close': sessionClose,
  'session.list': sessionList,
  'session.read': sessionRead,
  'command.submit': commandSubmit,
  'command.cancel': commandCancel,
  'command.judge': commandJudge,
  'chat.say': chatSay,
  'request.list': requestList,
  'request.show': requestShow,
  'request.decide': requestDecide,
  'request.withdraw': requestWithdraw,
  'request.remind': requestRemind,
  'records.export': recordsExport,
  'log.fsck': logFsck,
  'log.export': logExport,
  'log.prove': logProve,
  'log.entries': logEntries,
};

export type ClientConversation = Conversation<ReceivedRequest, ClientAnswer>;

/** Serves one client until it leaves. What it started goes on: only its following ends. */
export async function serveClient(
  conversation: ClientConversation,
  { desk, onUnexpected }: { desk: Desk; onUnexpected: (cause: unknown) => void },
): Promise<void> {
  await using held = conversation;
  const leaving = new AbortController();
  const calls = new Map<number, { controller: AbortController; done: Promise<void> }>();
  const context = { desk, conversation: held, onUnexpected, left: leaving.signal };
  try {
    for (;;) {
      const request = await held.receive();
      if (request === null) break;
      if (!isClientRequest(request)) await held.send(unknownVerb(request.id));
      else if (request.verb === 'stop') {
        calls.get(request.target)?.controller.abort();
        await held.send({ id: request.id, kind: 'answer', value: {} });
      } else if (calls.has(request.id) || calls.size >= MAX_CALLS) {
        await held.send(failure(request.id, new WorkError('overloaded', 'Too many calls at once')));
      } else {
        const controller = new AbortController();
        const signal = AbortSignal.any([controller.signal, leaving.signal]);
        const done = answer(request, { ...context, signal }).finally(() =>
          calls.delete(request.id),
        );
        calls.set(request.id, { controller, done });
      }
    }
  } finally {
    leaving.abort();
    await Promise.allSettled([...calls.values()].map(({ done }) => done));
  }
}

const TOO_LARGE = new WorkError('answer-too-large', 'Cannot answer: it is more than one message');

interface Answering {
  readonly desk: Desk;
  readonly conversation: ClientConversation;
  readonly signal: AbortSignal;
  readonly left: AbortSignal;
  readonly onUnexpected: (cause: unknown) => void;
}

/** Answers one call. Never rejects: what the client no longer hears is dropped. */
async function answer(
  request: Exclude<ClientRequest, { verb: 'stop' }>,
  { desk, conversation, signal, left, onUnexpected }: Answering,
): Promise<void> {
  const { id } = request;
  const call: Call = {
    desk,
    caller: callerOf(desk, conversation.remotePeer),
    ...{ signal, left },
    emit: (event) => conversation.send({ id, kind: 'event', event }),
  };
  try {
    const value = await handle(request, call);
    await conversation.send({ id, kind: 'answer', value });
  } catch (caught) {
    const cause = isProtocolError(caught, 'frame-too-large') ? TOO_LARGE : caught;
    if (cause instanceof ProtocolError) return; // the client is gone
    if (signal.aborted) {
      const stopped = new WorkError('stopping', 'Stopped, as asked');
      await conversation.send(failure(id, stopped)).catch(ignoreGone);
      return;
    }
    if (!isExpected(cause)) onUnexpected(cause);
    await conversation.send(failure(id, cause)).catch(ignoreGone);
  }
}

async function handle(
  request: Exclude<ClientRequest, { verb: 'stop' }>,
  call: Call,
): Promise<unknown> {
  if (request.verb !== 'client.hello') demandKnown(call.caller); // all that a guest may say
  const handler = HANDLERS[request.verb] as Handler<CalledVerb>; // the table pairs each verb with its handler
  return handler(request, call);
}

function isExpected(cause: unknown): cause is WorkError | VerifyError | FormatError | LedgerError {
  return (
    cause instanceof WorkError ||
    cause instanceof VerifyError ||
    cause instanceof FormatError ||
    cause instanceof LedgerError
  );
}

function failure(id: number, cause: unknown): ClientAnswer {
  if (!isExpected(cause)) {
    const message = 'The appliance failed on this; its log says why.';
    return { id, kind: 'failed', code: 'internal', message, retryAfterMs: null };
  }
  const retryAfterMs = 'retryAfterMs' in cause ? cause.retryAfterMs : null;
  const message = cause.message.slice(0, 4096);
  return { id, kind: 'failed', code: cause.code, message, retryAfterMs };
}

function unknownVerb(id: number): ClientAnswer {
  const message = 'This appliance does not know that verb.';
  return { id, kind: 'failed', code: 'verb-unknown', message, retryAfterMs: null };
}

function ignoreGone(cause: unknown): void {
  if (cause instanceof ProtocolError) return;
  throw cause;
}
