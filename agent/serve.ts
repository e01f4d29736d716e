// One conversation of an agent with its appliance, `/caisey/agent/link/1`: say who we are and what we hold, go
// on with what the log wants, then take what comes, one after another.

import { FormatError } from '#crypto/error.ts';
import { AgentError } from './error.ts';
import { readHostFacts } from './host.ts';
import { type Alarm, type OrderDesk, standingAlarm, takeCheckpoint, takeOrder } from './orders.ts';
import type { Conversation } from './protocol/conversation.ts';
import { openDeadline } from './protocol/deadline.ts';
import { isProtocolError, ProtocolError } from './protocol/error.ts';
import type { AgentMessage, AgentMessageOf, ApplianceMessage } from './protocol/link-message.ts';
import type { Runs } from './runs.ts';
import { availableShells } from './shell/shell.ts';

/** How long the appliance may take to answer `hello`. */
const WELCOME_MS = 30_000;

export type LinkConversation = Conversation<ApplianceMessage, AgentMessage>;

/** What a link is served with, and who is told. */
export interface Service {
  readonly desk: OrderDesk;
  readonly runs: Runs;
  readonly folder: string;
  readonly software: string;
  readonly heartbeatMs: number;
  readonly signal: AbortSignal;
  readonly onReady: () => void;
  readonly onRefused: (refusal: { run: string; code: string; message: string }) => void;
  readonly onAlarm: (alarm: Alarm) => void;
  readonly onRemoved: () => void;
  /** Told what should not have happened, and did not end the link. */
  readonly onError: (error: unknown) => void;
}

type MessageOf<K extends ApplianceMessage['kind']> = Extract<ApplianceMessage, { kind: K }>;

/**
 * Serves one link until it ends, or until the endpoint is removed.
 * @throws {ProtocolError} as `Conversation.receive`; `message-invalid` when the appliance breaks the protocol
 */
export async function serveLink(link: LinkConversation, service: Service): Promise<void> {
  const { runs } = service;
  await link.send(await hello(service));
  const welcome = await receiveWelcome(link, service.signal);
  if (welcome === null) return;
  if (welcome.kind === 'removed') return leave(service);
  const post = (message: AgentMessage): void => {
    link.send(message).catch((error: unknown) => ignoreLost(error, service));
  };
  using _ = beatRegularly(service, post);
  runs.resume(welcome.runs, (message) => link.send(message));
  try {
    const alarm = standingAlarm(service.desk.journal);
    if (alarm !== null) raise(alarm, { service, post });
    service.onReady();
    await serveMessages(link, { service, post });
  } finally {
    runs.detach();
  }
}

type Post = (message: AgentMessage) => void;

interface Line {
  readonly service: Service;
  readonly post: Post;
}

async function hello({ desk, runs, folder, software }: Service): Promise<AgentMessageOf<'hello'>> {
  const [host, shells] = await Promise.all([readHostFacts(folder), availableShells()]);
  return {
    kind: 'hello',
    endpoint: desk.identity.endpoint,
    software,
    host,
    shells,
    seen: desk.journal.checkpoint?.note ?? null,
    runs: runs.held(),
  };
}

/** What the appliance answers to `hello`; null when it ended the conversation. */
async function receiveWelcome(
  link: LinkConversation,
  signal: AbortSignal,
): Promise<MessageOf<'welcome'> | MessageOf<'removed'> | null> {
  using deadline = openDeadline(WELCOME_MS, {
    signal,
    onLate: () => new ProtocolError('timeout', 'Cannot serve link: the appliance says nothing'),
  });
  const message = await link.receive({ signal: deadline.signal });
  if (message === null || message.kind === 'welcome' || message.kind === 'removed') return message;
  throw new ProtocolError(
    'message-invalid',
    `Cannot serve link: "${message.kind}" before "welcome"`,
  );
}

async function serveMessages(link: LinkConversation, line: Line): Promise<void> {
  for (;;) {
    const message = await receiveKnown(link);
    if (message === null) return;
    if (message.kind === 'removed') return leave(line.service);
    await take(message, line);
  }
}

/** The next message of a kind that we know: a newer appliance may say more than that. */
async function receiveKnown(link: LinkConversation): Promise<ApplianceMessage | null> {
  for (;;) {
    try {
      return await link.receive();
    } catch (error) {
      if (!isProtocolError(error, 'message-unknown')) throw error;
    }
  }
}

async function take(
  message: Exclude<ApplianceMessage, { kind: 'removed' }>,
  line: Line,
): Promise<void> {
  const { runs } = line.service;
  switch (message.kind) {
    case 'order':
      return answerOrder(message, line);
    case 'cancel':
      return runs.cancel(message.run);
    case 'ack':
      return runs.acknowledge(message.run, message.next);
    case 'checkpoint':
      return answerCheckpoint(message, line);
    case 'welcome':
      throw new ProtocolError('message-invalid', 'Cannot serve link: "welcome" twice');
    default:
      throw new Error(`unreachable: message ${String(message satisfies never)}`);
  }
}

async function answerOrder({ run, order }: MessageOf<'order'>, line: Line): Promise<void> {
  const { service, post } = line;
  const { runs, desk } = service;
  const busy = runs.refusal;
  if (busy !== null) return refuse({ run, code: 'busy', message: busy }, line);
  const answer = await takeOrder({ run, order }, desk);
  switch (answer.kind) {
    case 'accepted':
      runs.start(run, answer.request);
      post({ kind: 'seen', size: desk.journal.seen.size });
      return;
    case 'refused':
      if (answer.error !== null) service.onError(answer.error);
      if (answer.alarm !== null) raise(answer.alarm, line);
      refuse({ run, code: answer.code, message: answer.message }, line);
      if (answer.malformed !== null) throw broken(answer.malformed);
      return;
    default:
      throw new Error(`unreachable: answer ${String(answer satisfies never)}`);
  }
}

function refuse(
  { run, code, message }: { run: string; code: string; message: string },
  { service, post }: Line,
): void {
  const seenSize = service.desk.journal.seen.size;
  post({ kind: 'refused', run, code, message: message.slice(0, MAX_MESSAGE_CHARS), seenSize });
  service.onRefused({ run, code, message });
}

const MAX_MESSAGE_CHARS = 2048;

async function answerCheckpoint(
  { note, seen, consistency }: MessageOf<'checkpoint'>,
  line: Line,
): Promise<void> {
  const { service, post } = line;
  const { desk } = service;
  try {
    const alarm = await takeCheckpoint({ checkpoint: note, seen, consistency }, desk);
    if (alarm !== null) raise(alarm, line);
  } catch (error) {
    if (error instanceof FormatError) throw broken(error);
    service.onError(error); // nothing is remembered of it, and the next one is proved from what was
  }
  post({ kind: 'seen', size: desk.journal.seen.size });
}

/** What is in no form at all proves nothing about the log: the link ends, and nothing of it is remembered. */
function broken(cause: FormatError): ProtocolError {
  const state = 'the appliance sent a checkpoint or proof that is malformed';
  return new ProtocolError('message-invalid', `Cannot serve link: ${state}`, { cause });
}

function raise(alarm: Alarm, { service, post }: Line): void {
  post({ kind: 'alarm', ...alarm });
  service.onAlarm(alarm);
}

async function leave(service: Service): Promise<void> {
  try {
    await service.desk.journal.recordRemoved();
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    service.onError(error); // it leaves all the same; a restart will be told again
  }
  service.onRemoved();
}

function beatRegularly({ folder, heartbeatMs, onError }: Service, post: Post): Disposable {
  const timer = setInterval(() => {
    readHostFacts(folder).then((host) => post({ kind: 'heartbeat', host }), onError);
  }, heartbeatMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** A link that breaks is noticed where it is read. */
function ignoreLost(error: unknown, { onError }: Service): void {
  if (!isProtocolError(error, 'closed', 'peer-closed', 'stream-lost')) onError(error);
}
