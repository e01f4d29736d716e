// An appliance as an agent sees it, for tests of the agent: a real node on loopback over the story's site, which
// speaks the link's language under the test's hand. Honest by itself; what a test wants said, it says.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { AgentEvent } from '#agent/agent.ts';
import { createIdentity, type Identity } from '#agent/identity.ts';
import { createJournal } from '#agent/journal.ts';
import { type Conversation, openConversation } from '#agent/protocol/conversation.ts';
import {
  ENROL_PROTOCOL,
  type EnrolAnswer,
  enrolProofMessage,
  type EnrolRequest,
  enrolRequestSchema,
  formatEnrolToken,
  type SitePins,
} from '#agent/protocol/enrol-message.ts';
import {
  type AgentMessage,
  type AgentMessageOf,
  agentMessageSchema,
  type ApplianceMessage,
  LINK_PROTOCOL,
} from '#agent/protocol/link-message.ts';
import { isProtocolError } from '#agent/protocol/error.ts';
import { openPeerNode, type PeerNode } from '#agent/protocol/node.ts';
import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { type Bytes, encodeUtf8 } from '#crypto/bytes.ts';
import { verifyCheckpoint } from '#crypto/checkpoint.ts';
import { sha256 } from '#crypto/hash.ts';
import { formatVerifierKey } from '#crypto/key.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import { isEd25519Signature } from '#crypto/webcrypto.ts';

import type { MemoryEntry } from './memory-log.ts';
import { workOrderOf } from './site-story.ts';
import { signCommand, startCommand } from './story-command.ts';
import { STORY_RULES } from './story-policy.ts';
import { openSession, type Session } from './story-session.ts';
import { foundSite, type Site } from './story-site.ts';
import { inForceFrom, STORY_START_MS } from './story-statements.ts';

export type Talk = Conversation<AgentMessage, ApplianceMessage>;

/** A queue of what happened, that a test can wait on. */
export interface Inbox<T> {
  readonly all: readonly T[];
  put(item: T): void;
  /** Takes the next item that fits, past or future. */
  take(fits?: (item: T) => boolean): Promise<T>;
}

export function createInbox<T>(): Inbox<T> {
  const all: T[] = [];
  const ready: T[] = [];
  const waiting: { fits: (item: T) => boolean; resolve: (item: T) => void }[] = [];
  return {
    all,
    put(item) {
      all.push(item);
      const at = waiting.findIndex(({ fits }) => fits(item));
      if (at >= 0) waiting.splice(at, 1)[0]?.resolve(item);
      else ready.push(item);
    },
    take(fits = () => true) {
      const at = ready.findIndex(fits);
      const [item] = at >= 0 ? ready.splice(at, 1) : [];
      if (item !== undefined) return Promise.resolve(item);
      const { promise, resolve } = Promise.withResolvers<T>();
      waiting.push({ fits, resolve });
      return promise;
    },
  };
}

/** One link, from the appliance's side: what the agent says, by kind. */
export interface ServedLink {
  readonly talk: Talk;
  readonly hello: AgentMessageOf<'hello'>;
  readonly said: Inbox<AgentMessage>;
  readonly closed: Promise<void>;
  send(message: ApplianceMessage): Promise<void>;
  /** The next message of a kind. */
  next<K extends AgentMessage['kind']>(kind: K): Promise<AgentMessageOf<K>>;
}

export interface TestAppliance extends AsyncDisposable {
  readonly node: PeerNode;
  readonly site: Site;
  readonly session: Session;
  readonly pins: SitePins;
  /** The next link whose agent said hello; it waits for its welcome. */
  link(): Promise<ServedLink>;
  /** Starts a command on record, and gives the order for it. */
  order(command: string, options?: { seen?: number; outputLimit?: number }): Promise<TestOrder>;
  /** How an enrolment is answered: honestly, unless a test says otherwise. Null: the conversation just ends. */
  answerEnrolment: (request: EnrolRequest, tokenKey: Bytes) => Promise<EnrolAnswer | null>;
  /** An enrolment token, whose one-time key is made from a name. */
  token(name: string, options?: { expiresMs?: number }): string;
}

export interface TestOrder {
  readonly run: string;
  readonly started: MemoryEntry;
  readonly message: Extract<ApplianceMessage, { kind: 'order' }>;
}

/** Rules by which everything may run: what is tested is how, not whether. */
export const OPEN_RULES = {
  ...STORY_RULES,
  rules: [...STORY_RULES.rules, { id: 'anything', effect: 'allow' as const, arguments: ['**'] }],
};

/** Opens the appliance; its log begins at a time in milliseconds, the story's by default. */
export async function openAppliance({ startMs = STORY_START_MS } = {}): Promise<TestAppliance> {
  const site = await foundSite({ rules: OPEN_RULES, startMs });
  const session = await openSession(site, { over: inForceFrom(startMs) });
  const node = await openPeerNode({
    seed: seedOf('appliance'),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    gater: {},
  });
  const links = createInbox<ServedLink>();
  await node.handle(LINK_PROTOCOL, (stream, remotePublicKey) => {
    const talk: Talk = openConversation(stream, { schema: agentMessageSchema, remotePublicKey });
    void serve(talk, links);
  });
  await node.handle(ENROL_PROTOCOL, (stream, remotePublicKey) => {
    const talk = openConversation<EnrolRequest, EnrolAnswer>(stream, {
      schema: enrolRequestSchema,
      remotePublicKey,
    });
    void serveEnrolment(talk, (request) => appliance.answerEnrolment(request, remotePublicKey));
  });
  const pins: SitePins = {
    appliance: site.people.appliance.key,
    addresses: [...node.addresses],
    log: formatVerifierKey(site.log.key),
    msp_root: site.people.root.key,
    authority: site.people.authority.key,
  };
  const appliance: TestAppliance = {
    node,
    site,
    session,
    pins,
    answerEnrolment: (request, tokenKey) => enrolHonestly(site, { request, tokenKey }),
    link: () => links.take(),
    order: (command, options) => makeOrder({ site, session }, command, options),
    token: (name, { expiresMs = site.nowMs + 3_600_000 } = {}) =>
      formatEnrolToken({
        site: pins,
        name,
        secret: encodeBase64url(seedOf(`token ${name}`)),
        expires: new Date(expiresMs).toISOString(),
      }),
    [Symbol.asyncDispose]: () => node[Symbol.asyncDispose](),
  };
  return appliance;
}

async function serveEnrolment(
  talk: Conversation<EnrolRequest, EnrolAnswer>,
  answer: (request: EnrolRequest) => Promise<EnrolAnswer | null>,
): Promise<void> {
  await using held = talk;
  const request = await held.receive();
  const said = request === null ? null : await answer(request);
  if (said !== null) await held.send(said);
}

/** Answers with the story's endpoint when the key's holder proved it. */
async function enrolHonestly(
  site: Site,
  { request, tokenKey }: { request: EnrolRequest; tokenKey: Bytes },
): Promise<EnrolAnswer> {
  const key = parsePersonKey(request.key);
  if (key.kind !== 'ed25519') throw new Error('expected an Ed25519 key');
  const isProved = await isEd25519Signature(key.publicKey, {
    signature: parseBase64url(request.proof),
    message: enrolProofMessage(tokenKey, key.publicKey),
  });
  if (!isProved) return { kind: 'refused', code: 'proof-invalid', message: 'No proof.' };
  return {
    kind: 'enrolled',
    endpoint: site.endpoint,
    name: 'frontdesk-1',
    labels: ['frontdesk'],
    checkpoint: await site.log.checkpoint(),
  };
}

/** The seed of somebody's key, as `createPerson` makes it. */
export function seedOf(id: string): Uint8Array<ArrayBuffer> {
  return sha256(encodeUtf8(`caisey test key of ${id}`));
}

async function serve(talk: Talk, links: Inbox<ServedLink>): Promise<void> {
  const said = createInbox<AgentMessage>();
  try {
    const hello = await talk.receive();
    if (hello !== null) links.put(servedLink(talk, { hello, said }));
    for (let message = hello; message !== null; message = await talk.receive()) said.put(message);
  } catch (error) {
    if (!isProtocolError(error)) throw error;
  }
  await talk[Symbol.asyncDispose]();
}

function servedLink(
  talk: Talk,
  { hello, said }: { hello: AgentMessage; said: Inbox<AgentMessage> },
): ServedLink {
  if (hello.kind !== 'hello') throw new Error(`expected "hello", got "${hello.kind}"`);
  return {
    talk,
    hello,
    said,
    closed: talk.closed,
    send: (message) => talk.send(message),
    next: async (kind) => {
      const message = await said.take((candidate) => candidate.kind === kind);
      return message as AgentMessageOf<typeof kind>; // asked for by its kind
    },
  };
}

async function makeOrder(
  { site, session }: { site: Site; session: Session },
  command: string,
  {
    seen = site.enrolled.leaf.i + 1,
    outputLimit = 1_048_576,
  }: { seen?: number; outputLimit?: number } = {},
): Promise<TestOrder> {
  const signed = await signCommand(session, { command, outputLimit });
  const started = startCommand(session, signed, {
    decision: { effect: 'allow', access: 'changing', rule: 'anything', why: 'A test.' },
  });
  const order = await workOrderOf({ session }, started, { seen });
  return { run: started.name, started, message: { kind: 'order', run: started.name, order } };
}

/** A folder that is gone after the test. */
export async function openFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'caisey-agent-'));
  return {
    path,
    [Symbol.asyncDispose]: () => rm(path, { recursive: true }),
  };
}

/** Makes the story's endpoint in a folder, as enrolment would have. */
export async function enrolDirectly(
  folder: string,
  { site, pins }: Pick<TestAppliance, 'site' | 'pins'>,
): Promise<Identity> {
  const identity: Identity = {
    endpoint: site.endpoint,
    name: 'frontdesk-1',
    labels: ['frontdesk'],
    seed: seedOf('frontdesk-1'),
    site: pins,
  };
  const note = await site.log.checkpoint(site.enrolled.leaf.i + 1);
  const checkpoint = await verifyCheckpoint(note, site.log.key);
  await createJournal(folder, { endpoint: site.endpoint, checkpoint });
  await createIdentity(folder, identity);
  return identity;
}

/** Waits for an agent's event of a kind. */
export function nextEvent<K extends AgentEvent['kind']>(
  events: Inbox<AgentEvent>,
  kind: K,
): Promise<Extract<AgentEvent, { kind: K }>> {
  return events.take((event) => event.kind === kind) as Promise<Extract<AgentEvent, { kind: K }>>; // by its kind
}
