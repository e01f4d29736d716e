// An open session: who works where, under which signed word, and what runs in it at the moment.

import type { Disclosure } from '#crypto/disclosure.ts';
import { KIND_SHAPES } from '#crypto/kind.ts';
import { memberByKey } from '#crypto/roster.ts';
import {
  checkInForce,
  type Envelope,
  type Member,
  type Signed,
  verifyStatement,
} from '#crypto/statement.ts';
import { WorkError } from './error.ts';
import type { Recorded } from './record.ts';
import type { Endpoint, Site } from './site.ts';

export const MAX_COMMANDS_AT_ONCE = 16;
/** So long a client that a session is tied to may be away before that is taken for its end. */
export const CLIENT_AWAY_MS = 10_000;

/** Who stopped a command: as the record names them, and on whose side they stand. */
export interface Stop {
  readonly name: string;
  readonly by: 'technician' | 'approver' | 'appliance';
}

/** A command that runs, or waits for approval, in a session. */
export interface LiveCommand {
  /** Leaf hash of its `command.started`; null while it waits. */
  run: string | null;
  /** Who stopped it; null when nobody did. */
  stopped: Stop | null;
  readonly ended: Promise<unknown>;
}

export interface Session {
  readonly id: string;
  readonly endpoint: Endpoint;
  readonly technician: Member;
  readonly signed: Signed<'session'>;
  readonly envelope: Envelope;
  readonly opened: Recorded;
  /** By the hash of the command's statement: every one that was ever submitted in this session. */
  readonly commands: Map<string, LiveCommand | null>;
  isClosing: boolean;
  /** Who keeps from beginning what has not begun; null: nobody does. */
  stopped: Stop | null;
  /** Of a session that is tied to its client: aborts when that is gone. Null: it is not tied. */
  clientLeft: AbortSignal | null;
  stopTimers: (() => void)[];
}

/** A session that its technician's key opened; not yet on record. */
export interface OpenedBy {
  readonly signed: Signed<'session'>;
  readonly technician: Member;
  readonly endpoint: Endpoint;
}

/**
 * Checks who opens a session, and where.
 * @throws {WorkError} `not-allowed`, `endpoint-unknown`, `endpoint-pending`, `statement-invalid`
 * @throws {VerifyError} when the statement does not hold
 */
export async function checkOpening(
  site: Site,
  {
    envelope,
    caller,
    reason,
    ticket,
  }: { envelope: Envelope; caller: string; reason: Disclosure; ticket: Disclosure },
): Promise<OpenedBy> {
  const signed = await verifyStatement(envelope, { type: 'session', log: site.ledger.origin });
  const { statement } = signed;
  checkInForce(statement, site.now());
  if (statement.by !== caller) {
    throw new WorkError('not-allowed', 'Cannot open session: signed by another key than yours');
  }
  const roster = site.roster.signed.statement;
  checkInForce(roster, site.now());
  const technician = memberByKey(roster, statement.by);
  if (technician.role === 'reviewer') {
    throw new WorkError('not-allowed', 'Cannot open session: reviewers may read, not act');
  }
  const { reason: reasonDigest, ticket: ticketDigest } = statement.digests;
  const isSigned = reason.digest === reasonDigest && ticket.digest === ticketDigest;
  const { reason: reasonSchema, ticket: ticketSchema } = KIND_SHAPES['session.opened'].fields.shape;
  const isValid =
    reason.name === 'reason' &&
    ticket.name === 'ticket' &&
    reasonSchema.safeParse(reason.value).success &&
    ticketSchema.safeParse(ticket.value).success;
  if (!isSigned || !isValid) {
    throw new WorkError(
      'statement-invalid',
      'Cannot open session: reason or ticket was not signed',
    );
  }
  const endpoint = site.endpoint(statement.endpoint);
  if (!site.isVerified(endpoint.id)) {
    throw new WorkError(
      'endpoint-pending',
      `Cannot open session: ${endpoint.name} is pending until a person verifies it`,
    );
  }
  return { signed, technician, endpoint };
}
