// The language that a technician's client speaks to an appliance, `/caisey/appliance/client/1`. The peer is
// authenticated by Noise: its key is in the site's roster, or is an approver's; any other first says `client.hello`,
// by which a member vouches for it, and until then nothing else. One long stream; every request
// has an id, every answer names it. A request that follows something is answered by events until its end.
//
//   client     { id, verb, … } ───────────────► appliance
//   client     ◄─────── { id, kind: 'answer' | 'failed' | 'event' | 'end', … }
//
// An entry is shown only after it is durable in the log, and with all that is needed to check it: the leaf's
// text, the disclosures, and long texts with their entry keys.

import * as z from 'zod';

import { endpointNameSchema, sitePinsSchema } from '#agent/protocol/enrol-message.ts';
import { COMMAND_FIELDS, KIND_SHAPES } from '#crypto/kind.ts';
import { ROLES } from '#crypto/policy.ts';
import { envelopeSchema } from '#crypto/statement.ts';
import { boundedText } from './bounded-text.ts';
import { judgedFieldsSchema } from './command-fields.ts';
import { endpointSummarySchema, tokenIdSchema, tokenSummarySchema } from './endpoint-summary.ts';
import { logEntriesAsked, logEntriesSchema } from './log-entries.ts';
import { logProofSchema, MAX_PROVED } from './log-proof.ts';
import { REQUEST_STATES } from './request-state.ts';
import { sessionSummarySchema } from './session-summary.ts';
import { shownEntrySchema } from './shown-entry.ts';
import { siteStatusSchema } from './site-status.ts';

export const CLIENT_PROTOCOL = '/caisey/appliance/client/1';

const id = z.string().length(22);
const hash = z.string().length(43);
const requestId = z.int().min(1);
const saidWord = boundedText(256);
const saidNote = boundedText(4096);
const word = z.string().max(256);
const note = z.string().max(4096);
const time = z.string().max(32);
const disclosure = z.string().max(1 << 17);

/** A list is answered page by page, newest first: so many at most, and as many as fit one answer. */
const limit = z.int().min(1).max(1000);
/** Those whose entry stands before this one in the log: `next` of the page before. */
const before = z.int().min(0).exactOptional();

/** A command signed by its session key, and the disclosures that it signed by digest. */
export const signedCommandSchema = z.strictObject({
  envelope: envelopeSchema,
  disclosures: z.array(disclosure).length(COMMAND_FIELDS.length),
});

export type SignedCommand = z.infer<typeof signedCommandSchema>;

/** What a client asks. */
export const clientRequestSchema = z.discriminatedUnion('verb', [
  /** Says by a signed `device` statement whose browser this is. Who is known by their own key says nothing. */
  z.strictObject({ id: requestId, verb: z.literal('client.hello'), device: envelopeSchema }),
  z.strictObject({ id: requestId, verb: z.literal('site.status') }),
  /** Puts a newer roster, list of approvers or policy in force. Its signature is its authority. */
  z.strictObject({ id: requestId, verb: z.literal('site.change'), envelope: envelopeSchema }),
  /** The statements in force, signed. */
  z.strictObject({ id: requestId, verb: z.literal('site.statements') }),
  z.strictObject({
    id: requestId,
    verb: z.literal('endpoint.list'),
    /** Those after this one in the order of ids: `next` of the page before. */
    after: id.exactOptional(),
  }),
  z.strictObject({
    id: requestId,
    verb: z.literal('endpoint.token'),
    name: endpointNameSchema,
    labels: z.array(boundedText(64, { minChars: 1 })).max(32),
    lifeS: z
      .int()
      .min(60)
      .max(30 * 86_400),
  }),
  z.strictObject({
    id: requestId,
    verb: z.literal('endpoint.tokens'),
    /** Those after this one in the order of ids: `next` of the page before. */
    after: tokenIdSchema.exactOptional(),
  }),
  z.strictObject({ id: requestId, verb: z.literal('endpoint.token-revoke'), token: tokenIdSchema }),
  /** Says that this endpoint's key is that of the machine it is taken for: only then it can be worked on. */
  z.strictObject({ id: requestId, verb: z.literal('endpoint.verify'), endpoint: id }),
  z.strictObject({
    id: requestId,
    verb: z.literal('endpoint.remove'),
    endpoint: id,
    reason: saidNote.nullable(),
  }),
  z.strictObject({
    id: requestId,
    verb: z.literal('session.open'),
    envelope: envelopeSchema,
    reason: disclosure,
    ticket: disclosure,
    /** It lives with this client: when that is gone, nothing new begins in it, and it is closed. @default false */
    isTied: z.boolean().exactOptional(),
  }),
  z.strictObject({
    id: requestId,
    verb: z.literal('session.close'),
    session: id,
    note: saidNote.nullable(),
    ticket: saidWord.nullable(),
  }),
  z.strictObject({
    id: requestId,
    verb: z.literal('session.list'),
    state: z.enum(['open', 'all']),
    endpoint: id.exactOptional(),
    limit,
    before,
  }),
  /**
   * Events `entry` from position `from` of the session on; with `follow`, until the session ends. Who lost the
   * connection goes on by asking from the position after the last that it has.
   */
  z.strictObject({
    id: requestId,
    verb: z.literal('session.read'),
    session: id,
    from: z.int().min(0),
    follow: z.boolean(),
  }),
  /**
   * Answered when the command has ended, was refused, or its request was decided against it. Until then events
   * `endpoint` tell when its endpoint goes away and comes back.
   */
  z.strictObject({
    id: requestId,
    verb: z.literal('command.submit'),
    session: id,
    command: signedCommandSchema,
    why: saidNote.nullable(),
    before: signedCommandSchema.nullable(),
    after: signedCommandSchema.nullable(),
  }),
  z.strictObject({
    id: requestId,
    verb: z.literal('command.cancel'),
    session: id,
    /** Hash of the command's statement. */
    command: hash,
  }),
  /**
   * What the gate would say if this were submitted in the caller's session now. It leaves no trace and binds nobody:
   * what is submitted is judged again.
   */
  z.strictObject({
    id: requestId,
    verb: z.literal('command.judge'),
    session: id,
    fields: judgedFieldsSchema,
  }),
  z.strictObject({
    id: requestId,
    verb: z.literal('chat.say'),
    session: id,
    text: boundedText(65_536, { minChars: 1 }),
  }),
  z.strictObject({
    id: requestId,
    verb: z.literal('request.list'),
    state: z.enum(['waiting', 'all']),
    limit,
    before,
  }),
  z.strictObject({ id: requestId, verb: z.literal('request.show'), request: hash }),
  z.strictObject({
    id: requestId,
    verb: z.literal('request.decide'),
    request: hash,
    envelope: envelopeSchema,
    comment: saidNote.nullable(),
  }),
  z.strictObject({
    id: requestId,
    verb: z.literal('request.withdraw'),
    request: hash,
    reason: saidNote.nullable(),
  }),
  /** Has the approvers of a waiting request told of it once more; at most once a minute. */
  z.strictObject({ id: requestId, verb: z.literal('request.remind'), request: hash }),
  /** Events `chunk`: the evidence file's bytes. */
  z.strictObject({ id: requestId, verb: z.literal('records.export'), session: id }),
  /** Events `progress`, then an answer. */
  z.strictObject({ id: requestId, verb: z.literal('log.fsck') }),
  /** Events `file`: a tlog-tiles directory, file by file. */
  z.strictObject({ id: requestId, verb: z.literal('log.export') }),
  /** Proves that entries are in the log, and that it extends the newest tree that the client has seen. */
  z.strictObject({
    id: requestId,
    verb: z.literal('log.prove'),
    indices: z.array(z.int().min(0)).max(MAX_PROVED),
    /** The checkpoint that the client holds, as it was signed; null: none. */
    seen: z.string().max(16_384).nullable(),
  }),
  /** Entries that belong to no session, by their kinds, newest first. */
  z.strictObject({ id: requestId, verb: z.literal('log.entries'), ...logEntriesAsked }),
  /** Ends a following request. */
  z.strictObject({ id: requestId, verb: z.literal('stop'), target: requestId }),
]);

export type ClientRequest = z.infer<typeof clientRequestSchema>;

const VERBS: ReadonlySet<string> = new Set(
  clientRequestSchema.options.map(({ shape }) => shape.verb.value),
);

/** What an appliance receives: a request, or one of a verb that it does not know, which it can answer still. */
export const receivedRequestSchema = z.union([
  clientRequestSchema,
  z.looseObject({
    id: requestId,
    verb: z
      .string()
      .max(64)
      .refine((verb) => !VERBS.has(verb), 'malformed'),
  }),
]);

export type ReceivedRequest = z.infer<typeof receivedRequestSchema>;

/** Whether a received request is of a verb that we know: then the whole of it was checked. */
export function isClientRequest(request: ReceivedRequest): request is ClientRequest {
  return VERBS.has(request.verb);
}

export type ClientVerb = ClientRequest['verb'];
export type ClientRequestOf<V extends ClientVerb> = Extract<ClientRequest, { verb: V }>;

/** A command in a list is a reminder of which it is, not what anybody decides by. */
export const MAX_ITEM_COMMAND_CHARS = 256;

/** A request among others; `request.show` gives all of it. */
export const requestItemSchema = z.strictObject({
  /** Tree index of the entry that asked. */
  index: z.int(),
  request: hash,
  match: word,
  state: z.enum(REQUEST_STATES),
  session: id,
  endpoint: id,
  endpointName: word,
  technician: word,
  /** The beginning of the command; all of it when `isCut` is false. */
  command: z.string().max(MAX_ITEM_COMMAND_CHARS),
  isCut: z.boolean(),
  requestedAt: time,
  expires: time,
  decidedAt: time.nullable(),
  /** The approvers who decided; last, who took it back. */
  decidedBy: z.array(word),
  approvals: z.int(),
  granted: z.int(),
});

export const requestSummarySchema = z.strictObject({
  index: z.int(),
  request: hash,
  /** The short code that technician and approver compare. */
  match: word,
  state: z.enum(REQUEST_STATES),
  session: id,
  endpoint: id,
  endpointName: word,
  technician: word,
  client: word,
  site: word,
  shell: word,
  command: z.string(),
  cwd: z.string().nullable(),
  env: z.record(z.string(), z.string()),
  why: note.nullable(),
  policy: note,
  requestedAt: time,
  expires: time,
  decidedAt: time.nullable(),
  /** The approvers who decided; last, who took it back. */
  decidedBy: z.array(word),
  /** What was said with the last decision, or why it was taken back. */
  comment: note.nullable(),
  /** Who last had the approvers reminded; null when nobody did. */
  reminded: z.strictObject({ by: word, at: time }).nullable(),
  approvals: z.int(),
  granted: z.int(),
  /** What an approver signs over: see the `approval` statement. */
  order: hash,
  commandDigest: hash,
  stateHash: hash.nullable(),
  stateText: z.string().nullable(),
  /** Printed beyond the text, and not kept: the text is cut when this is not 0. */
  stateDroppedBytes: z.int().min(0),
});

export type RequestItem = z.infer<typeof requestItemSchema>;
export type RequestSummary = z.infer<typeof requestSummarySchema>;

/** How a submitted command ended, for the client's exit code. */
export const commandOutcomeSchema = z.strictObject({
  outcome: z.enum([
    'exited',
    'signalled',
    'timed-out',
    'cancelled',
    'not-started',
    'interrupted',
    'refused',
    'denied',
    'expired',
    'withdrawn',
  ]),
  exitCode: z.int().nullable(),
  signal: word.nullable(),
  problem: z.string().nullable(),
  /** Why it was refused, for programs; null when it was not. */
  code: word.nullable(),
  /** Who stopped it, when that was not its own technician; null when nobody else did. */
  stoppedBy: word.nullable(),
  /** Output beyond the command's limit: it was printed there, and is not on record. */
  droppedBytes: z.int(),
  /** Tree index of the entry that says so, and its position in the session. */
  index: z.int(),
  n: z.int(),
});

export type CommandOutcome = z.infer<typeof commandOutcomeSchema>;

/** The value of each verb's answer. */
export const answerSchemas = {
  'client.hello': z.strictObject({ member: word, name: word, role: z.enum(ROLES), expires: time }),
  'site.status': siteStatusSchema,
  'site.change': z.strictObject({ type: word, version: z.int() }),
  'site.statements': z.strictObject({
    roster: envelopeSchema,
    authority: envelopeSchema,
    policy: envelopeSchema,
    /** What the console may know; null: no approver has said. */
    digest: envelopeSchema.nullable(),
  }),
  'endpoint.list': z.strictObject({
    endpoints: z.array(endpointSummarySchema),
    /** `after` of the next page; null: there is none. */
    next: id.nullable(),
  }),
  'endpoint.token': z.strictObject({ token: z.string(), expires: time, site: sitePinsSchema }),
  'endpoint.tokens': z.strictObject({
    tokens: z.array(tokenSummarySchema),
    next: tokenIdSchema.nullable(),
  }),
  'endpoint.token-revoke': z.strictObject({}),
  'endpoint.verify': z.strictObject({ index: z.int() }),
  'endpoint.remove': z.strictObject({ index: z.int() }),
  'session.open': z.strictObject({ session: id, index: z.int() }),
  'session.close': z.strictObject({ index: z.int() }),
  'session.list': z.strictObject({
    sessions: z.array(sessionSummarySchema),
    /** `before` of the next page; null: there is none. */
    next: z.int().nullable(),
  }),
  'session.read': z.strictObject({
    entries: z.int(),
    /** The position to go on from. */
    next: z.int(),
    /** Whether the session has ended: nothing will follow. */
    isOver: z.boolean(),
  }),
  'command.submit': commandOutcomeSchema,
  'command.cancel': z.strictObject({ cancelled: z.boolean() }),
  /** As the log would hold it. */
  'command.judge': KIND_SHAPES['command.started'].fields.shape.decision,
  'chat.say': z.strictObject({ index: z.int() }),
  'request.list': z.strictObject({
    requests: z.array(requestItemSchema),
    next: z.int().nullable(),
  }),
  'request.show': requestSummarySchema,
  'request.decide': z.strictObject({ state: z.enum(REQUEST_STATES), index: z.int() }),
  'request.withdraw': z.strictObject({ index: z.int() }),
  /** `to`: the names of those who were reminded; null when the site has nobody to tell. */
  'request.remind': z.strictObject({ index: z.int(), to: word.nullable() }),
  'records.export': z.strictObject({ bytes: z.int(), checkpoint: z.string() }),
  'log.fsck': z.strictObject({
    size: z.int(),
    root: z.string(),
    firstBad: z.int().nullable(),
    problems: z.array(z.strictObject({ index: z.int().nullable(), what: note })).max(1000),
  }),
  'log.export': z.strictObject({ files: z.int(), size: z.int() }),
  'log.prove': logProofSchema,
  'log.entries': logEntriesSchema,
  stop: z.strictObject({}),
} as const satisfies Record<ClientVerb, z.ZodType>;

export type AnswerOf<V extends ClientVerb> = z.infer<(typeof answerSchemas)[V]>;

/** An event of a request that follows something. */
export const clientEventSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('entry'), entry: shownEntrySchema }),
  z.strictObject({ kind: z.literal('chunk'), data: z.string() }),
  z.strictObject({ kind: z.literal('file'), path: z.string().max(128), data: z.string() }),
  z.strictObject({ kind: z.literal('progress'), done: z.int(), total: z.int() }),
  /** `waitMs`: how long a command that runs is waited for, from when its endpoint went away. */
  z.strictObject({ kind: z.literal('endpoint'), isOnline: z.boolean(), waitMs: z.int() }),
]);

export type ClientEvent = z.infer<typeof clientEventSchema>;

/** What an appliance answers; `value` is parsed by the asker with `answerSchemas[verb]`. */
export const clientAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({ id: requestId, kind: z.literal('answer'), value: z.unknown() }),
  z.strictObject({ id: requestId, kind: z.literal('event'), event: clientEventSchema }),
  z.strictObject({
    id: requestId,
    kind: z.literal('failed'),
    code: z.string().max(64),
    message: z.string().max(4096),
    retryAfterMs: z.int().nullable(),
  }),
]);

export type ClientAnswer = z.infer<typeof clientAnswerSchema>;
