// The kinds of entries, and the closed set of fields of each. A kind says where an entry belongs (`scope`),
// which earlier entries its leaf must or may cite (`refs`), and its fields. Every entry of a kind carries all
// of its fields, null where there is nothing to say, so that presence leaks nothing.
//
// Widening a kind's fields changes the number of digests in its leaves: a new field is a new kind or a new
// leaf version, never an edit here.

import * as z from 'zod';

import { DIGEST_LEVELS } from './digest-level.ts';
import { textReferenceSchema } from './segment.ts';
import { SHELLS } from './policy.ts';

const MAX_COMMAND_CHARS = 32_768;
const word = z.string().max(256);
const note = z.string().max(4096);
const id = z.string().max(64);
const key = z.string().max(2048);
const rootSet = z.string().max(8195);
const count = z.int().min(0);
const time = z.string().max(32);

/** A signed statement as it stands in an entry: `statement.ts` owns what is inside. */
export const envelopeSchema = z.strictObject({
  statement: z.string().max(1 << 20),
  signature: z.union([
    z.strictObject({ alg: z.literal('ed25519'), signature: z.string().max(86) }),
    z.strictObject({
      alg: z.literal('webauthn'),
      authenticator_data: z.string().max(2048),
      client_data: z.string().max(8192),
      signature: z.string().max(2048),
    }),
  ]),
});

/** What the gate decided, and by which rule of the policy in force (null: its default). */
const decision = z.strictObject({
  effect: z.enum(['allow', 'ask', 'deny']),
  access: z.enum(['read-only', 'sensitive', 'changing', 'unknown']),
  rule: z.string().max(64).nullable(),
  why: note,
});

/** What exactly is run: the same six disclosures in request, start and refusal, signed by digest. */
export const commandFields = {
  command: z.string().max(MAX_COMMAND_CHARS),
  shell: z.enum(SHELLS),
  cwd: z.string().max(4096).nullable(),
  env: z.record(z.string().max(256), z.string().max(8192)),
  timeout_ms: z.int().min(1).max(86_400_000),
  output_limit: z
    .int()
    .min(0)
    .max(1 << 30),
} as const;

export const COMMAND_FIELDS = [
  'command',
  'shell',
  'cwd',
  'env',
  'timeout_ms',
  'output_limit',
] as const;

const approvalDecided = {
  approver: word,
  approver_id: id,
  method: z.enum(['pin', 'key-file', 'passkey']),
  comment: note.nullable(),
  statement: envelopeSchema,
};

interface KindShape {
  readonly scope: 'site' | 'endpoint' | 'session' | 'any';
  readonly refs: { readonly required: readonly RefName[]; readonly optional: readonly RefName[] };
  readonly fields: z.ZodObject;
  readonly texts: readonly string[];
}

export const REF_NAMES = [
  'alert',
  'approval',
  'authority',
  'command',
  'enrolment',
  'entry',
  'policy',
  'previous',
  'request',
  'roster',
  'session',
  'share',
  'snapshot',
  'state',
] as const;

/** The name under which a leaf cites the leaf hash of an earlier entry. */
export type RefName = (typeof REF_NAMES)[number];

const NO_REFS = { required: [], optional: [] } as const;

export const KIND_SHAPES = {
  'log.opened': site({ log_key: key, appliance_key: key, software: word }),
  'site.claimed': site({
    client: word,
    site: word,
    msp: word,
    msp_root: rootSet,
    authority_key: key,
  }),
  'roster.changed': site({ statement: envelopeSchema }, { required: [], optional: ['previous'] }),
  'authority.changed': site(
    { statement: envelopeSchema },
    { required: [], optional: ['previous'] },
  ),
  'policy.changed': site(
    { statement: envelopeSchema },
    { required: ['authority'], optional: ['previous'] },
  ),
  /** What the console may know from here on: an approver's word. */
  'digest.changed': site(
    {
      level: z.enum(DIGEST_LEVELS),
      approver: word,
      approver_id: id,
      method: z.enum(['pin', 'key-file', 'passkey']),
      statement: envelopeSchema,
    },
    { required: ['authority'], optional: ['previous'] },
  ),

  'token.created': site({
    token: id,
    name: word,
    labels: z.array(word).max(32),
    expires: time,
    by: word,
  }),
  'token.revoked': site({ token: id, name: word, by: word }),

  'endpoint.enrolled': endpoint({
    name: word,
    key,
    labels: z.array(word).max(32),
    os: word,
    version: word,
    token: id,
    by: word,
  }),
  'endpoint.verified': endpoint({ name: word, by: word }),
  'endpoint.removed': endpoint({ name: word, by: word, reason: note.nullable() }),
  'endpoint.online': endpoint({
    name: word,
    os: word,
    version: word,
    runtime: word,
    address: word,
  }),
  'endpoint.offline': endpoint({ name: word, reason: word }),

  'session.opened': session(
    {
      technician: word,
      technician_id: id,
      endpoint_name: word,
      client: word,
      site: word,
      reason: note.nullable(),
      ticket: word.nullable(),
      statement: envelopeSchema,
    },
    { required: ['roster', 'enrolment'], optional: [] },
  ),
  'session.closed': session({
    by: word,
    reason: z.enum([
      'technician',
      'approver',
      'idle',
      'too-long',
      'revoked',
      'endpoint-removed',
      /** The client that opened it for one command went away. */
      'client-gone',
    ]),
    note: note.nullable(),
    ticket: word.nullable(),
  }),
  'session.abandoned': session({ reason: note }),

  'approval.requested': session(
    {
      ...commandFields,
      decision,
      why: note.nullable(),
      approvals: z.int().min(1).max(5),
      approvers: z.array(id).max(64).nullable(),
      expires: time,
      statement: envelopeSchema,
    },
    { required: ['policy', 'roster', 'authority'], optional: ['state'] },
  ),
  'approval.notified': session(
    /** `by`: who reminded; null when the policy's own terms told them. */
    { channel: word, to: word.nullable(), by: word.nullable() },
    { required: ['request'], optional: [] },
  ),
  'approval.viewed': session(
    { channel: word, by: word.nullable() },
    { required: ['request'], optional: [] },
  ),
  'approval.granted': session(approvalDecided, { required: ['request'], optional: [] }),
  'approval.denied': session(approvalDecided, { required: ['request'], optional: [] }),
  'approval.expired': session({ after_s: count }, { required: ['request'], optional: [] }),
  'approval.withdrawn': session(
    { by: word, reason: note.nullable() },
    { required: ['request'], optional: [] },
  ),

  'command.started': session(
    {
      ...commandFields,
      purpose: z.enum(['work', 'state-before', 'state-after']),
      decision,
      statement: envelopeSchema,
    },
    { required: ['policy', 'roster', 'authority'], optional: ['approval', 'request'] },
  ),
  'command.output': session(
    {
      stream: z.enum(['stdout', 'stderr']),
      offset: count,
      text: textReferenceSchema,
    },
    { required: ['command'], optional: [] },
    ['text'],
  ),
  'command.exited': session(
    {
      outcome: z.enum([
        'exited',
        'signalled',
        'timed-out',
        'cancelled',
        'not-started',
        'interrupted',
      ]),
      exit_code: z.int().nullable(),
      signal: word.nullable(),
      duration_ms: count.nullable(),
      stdout_bytes: count,
      stderr_bytes: count,
      dropped_bytes: count,
      problem: note.nullable(),
    },
    { required: ['command'], optional: [] },
  ),
  'command.refused': session(
    {
      ...commandFields,
      by: z.enum(['policy', 'approver', 'appliance', 'agent', 'technician']),
      code: word,
      why: note,
      statement: envelopeSchema,
    },
    { required: [], optional: ['policy', 'request', 'command'] },
  ),
  'state.captured': session(
    {
      phase: z.enum(['before', 'after']),
      exit_code: z.int().nullable(),
      text: textReferenceSchema,
      /** Printed beyond the text, and not kept: the state is cut when this is not 0. */
      dropped_bytes: count,
    },
    { required: ['command'], optional: [] },
    ['text'],
  ),
  'chat.said': session(
    { from: z.enum(['technician', 'client']), name: word, text: textReferenceSchema },
    NO_REFS,
    ['text'],
  ),

  'alert.raised': any({
    code: word,
    severity: z.enum(['info', 'warning', 'critical']),
    subject: word.nullable(),
    detail: note,
  }),
  'alert.cleared': any({ code: word, by: word.nullable() }, { required: ['alert'], optional: [] }),

  'snapshot.attested': site(
    { snapshot: key, statement: envelopeSchema },
    { required: ['session'], optional: [] },
  ),
  'share.created': site(
    { share: id, audience: note.nullable(), expires: time.nullable(), by: word },
    { required: ['snapshot'], optional: [] },
  ),
  'share.viewed': site({ share: id, by: word.nullable() }, { required: ['share'], optional: [] }),
  'share.revoked': site(
    { share: id, by: word, reason: note.nullable() },
    { required: ['share'], optional: [] },
  ),
  'content.erased': site(
    { first: count, last: count, by: word, reason: note },
    { required: [], optional: ['entry'] },
  ),
  'audit.failed': site({ code: word, detail: note }),
  'audit.resumed': site({ code: word, detail: note, missed_ms: count.nullable() }),
  'clock.checked': site({ source: word, offset_ms: z.int().nullable(), detail: note.nullable() }),
} satisfies Record<string, KindShape>;

/** The kind of an entry, as its leaf names it. */
export type Kind = keyof typeof KIND_SHAPES;

/** The fields of an entry of kind K, as plain values; long texts as their references. */
export type FieldsOf<K extends Kind> = z.infer<(typeof KIND_SHAPES)[K]['fields']>;

/**
 * The only place in a log where `site.claimed` may stand, after `log.opened`: what names the two authorities is said
 * once, before they say anything. An appliance that is taken could write a second one, and rule by keys of its own.
 */
export const CLAIM_INDEX = 1;

export const KINDS = Object.keys(KIND_SHAPES) as readonly Kind[]; // the keys of a closed table

const known: ReadonlySet<string> = new Set(KINDS);

/** Whether a text is a kind of entry that this version knows. */
export function isKind(text: string): text is Kind {
  return known.has(text);
}

/** The shape of a kind, without its literal types, for code that handles every kind alike. */
export function shapeOf(kind: Kind): KindShape {
  return KIND_SHAPES[kind];
}

const fieldNames = new Map<Kind, readonly string[]>(
  KINDS.map((kind) => [kind, Object.keys(KIND_SHAPES[kind].fields.shape)]),
);

/** The names of a kind's fields: as many as its leaves hold digests. */
export function fieldNamesOf(kind: Kind): readonly string[] {
  return fieldNames.get(kind) ?? [];
}

type Refs = KindShape['refs'];

function site<F extends z.ZodRawShape>(fields: F, refs: Refs = NO_REFS) {
  return { scope: 'site' as const, refs, fields: z.strictObject(fields), texts: [] };
}

function endpoint<F extends z.ZodRawShape>(fields: F, refs: Refs = NO_REFS) {
  return { scope: 'endpoint' as const, refs, fields: z.strictObject(fields), texts: [] };
}

function session<F extends z.ZodRawShape>(
  fields: F,
  refs: Refs = NO_REFS,
  texts: readonly string[] = [],
) {
  return { scope: 'session' as const, refs, fields: z.strictObject(fields), texts };
}

function any<F extends z.ZodRawShape>(fields: F, refs: Refs = NO_REFS) {
  return { scope: 'any' as const, refs, fields: z.strictObject(fields), texts: [] };
}
