// A session's key on the technician's side: made for one session, delegated to by one statement, and then it
// signs each command by the digests of what it discloses.

import * as z from 'zod';

import { MAX_DEVICE_LIFE_MS } from '#crypto/device.ts';
import { createDisclosure, type Disclosure } from '#crypto/disclosure.ts';
import { createId, type Id } from '#crypto/id.ts';
import { describeIssue } from '#crypto/issue.ts';
import { formatTime } from '#crypto/leaf.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { type Envelope, parseStatement, signStatement } from '#crypto/statement.ts';
import type { StatementOf, StatementSigner } from '#crypto/statement.ts';
import type { Signer } from '#crypto/webcrypto.ts';
import { boundedText } from './bounded-text.ts';
import { ClientError } from './client.ts';
import type { SignedCommand } from './client-message.ts';
import { type CommandFields, commandFieldsSchema } from './command-fields.ts';

/** Statements are valid from a little before they were made: clocks differ. */
export const CLOCK_SLACK_MS = 5 * 60_000;
/** A command may wait for approval; its signature must not run out meanwhile. */
export const COMMAND_LIFE_MS = 8 * 86_400_000;

/** Where a session is, and until when. */
export interface SessionPlace {
  readonly log: string;
  readonly endpoint: string;
  readonly session: string;
}

/** What `session.open` sends. */
export interface SignedOpening {
  readonly session: Id;
  readonly envelope: Envelope;
  readonly reason: string;
  readonly ticket: string;
}

const openingSchema = z.strictObject({
  reason: boundedText(4096).nullable(),
  ticket: boundedText(256).nullable(),
});

/**
 * Signs the opening of a session by the technician's own key, delegating to the session's.
 * @throws {ClientError} code `request-invalid` for a reason or ticket that cannot be kept
 */
export async function signOpening({
  log,
  endpoint,
  technician,
  delegate,
  reason,
  ticket,
  nowMs,
  lifeMs,
}: {
  log: string;
  endpoint: string;
  technician: StatementSigner;
  /** The session key's raw public key. */
  delegate: Signer['publicKey'];
  reason: string | null;
  ticket: string | null;
  nowMs: number;
  lifeMs: number;
}): Promise<SignedOpening> {
  const { error } = openingSchema.safeParse({ reason, ticket });
  if (error !== undefined) throw invalid('Cannot open session', error);
  const session = createId();
  const reasonDisclosure = createDisclosure('reason', reason);
  const ticketDisclosure = createDisclosure('ticket', ticket);
  const envelope = await signStatement(
    {
      ...commonOf(technician, { nowMs, lifeMs }),
      type: 'session',
      log,
      endpoint,
      session,
      delegate: formatPersonKey({ kind: 'ed25519', publicKey: delegate }),
      digests: { reason: reasonDisclosure.digest, ticket: ticketDisclosure.digest },
    },
    technician,
  );
  return { session, envelope, reason: reasonDisclosure.text, ticket: ticketDisclosure.text };
}

/**
 * Signs a command by the session's key. `hash` names it from then on.
 * @throws {ClientError} code `request-invalid` for fields that no command may have
 */
export async function signCommand({
  place,
  key,
  purpose,
  fields,
  nowMs,
}: {
  place: SessionPlace;
  key: StatementSigner;
  purpose: StatementOf<'command'>['purpose'];
  fields: CommandFields;
  nowMs: number;
}): Promise<SignedCommand & { readonly hash: string }> {
  const { error } = commandFieldsSchema.safeParse(fields);
  if (error !== undefined) throw invalid('Cannot sign command', error);
  const disclosed: Record<keyof CommandFields, Disclosure> = {
    command: createDisclosure('command', fields.command),
    shell: createDisclosure('shell', fields.shell),
    cwd: createDisclosure('cwd', fields.cwd),
    env: createDisclosure('env', fields.env),
    timeout_ms: createDisclosure('timeout_ms', fields.timeout_ms),
    output_limit: createDisclosure('output_limit', fields.output_limit),
  };
  const envelope = await signStatement(
    {
      ...commonOf(key, { nowMs, lifeMs: COMMAND_LIFE_MS }),
      type: 'command',
      ...place,
      purpose,
      digests: {
        command: disclosed.command.digest,
        shell: disclosed.shell.digest,
        cwd: disclosed.cwd.digest,
        env: disclosed.env.digest,
        timeout_ms: disclosed.timeout_ms.digest,
        output_limit: disclosed.output_limit.digest,
      },
    },
    key,
  );
  return {
    envelope,
    disclosures: Object.values(disclosed).map(({ text }) => text),
    hash: parseStatement(envelope).hash,
  };
}

function invalid(what: string, error: z.ZodError): ClientError {
  return new ClientError('request-invalid', `${what}: ${describeIssue(error)}`);
}

/** What an approver signs over: the request as the appliance shows it. */
export interface Deciding {
  readonly log: string;
  readonly request: string;
  readonly order: string;
  readonly command: string;
  readonly endpoint: string;
  readonly session: string;
  readonly state: string | null;
}

/** An approval may wait for other approvals before it is used, not longer. */
export const APPROVAL_LIFE_MS = 8 * 86_400_000;

/** Signs an approver's decision over one request. */
export function signApproval(
  deciding: Deciding,
  {
    decision,
    approver,
    nowMs,
  }: { decision: 'approve' | 'deny'; approver: StatementSigner; nowMs: number },
): Promise<Envelope> {
  const common = commonOf(approver, { nowMs, lifeMs: APPROVAL_LIFE_MS });
  return signStatement({ ...common, type: 'approval', decision, ...deciding }, approver);
}

/** Signs that a peer key is this person's device, for as long as such a statement may live. */
export function signDevice(
  { peer, nowMs }: { peer: string; nowMs: number },
  signer: StatementSigner,
): Promise<Envelope> {
  const common = commonOf(signer, { nowMs, lifeMs: MAX_DEVICE_LIFE_MS - CLOCK_SLACK_MS });
  return signStatement({ ...common, type: 'device', peer }, signer);
}

/** The members that every statement has. */
export function commonOf(
  { key }: Pick<StatementSigner, 'key'>,
  { nowMs, lifeMs }: { nowMs: number; lifeMs: number },
): Pick<StatementOf<'session'>, 'v' | 'by' | 'not_before' | 'expires' | 'nonce'> {
  return {
    v: 1,
    by: key,
    not_before: formatTime(nowMs - CLOCK_SLACK_MS),
    expires: formatTime(nowMs + lifeMs),
    nonce: createId(),
  };
}
