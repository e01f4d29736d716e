// Whether this endpoint runs an order: no proof, no execution; and each order once. Every checkpoint that comes,
// by an order or alone, is held against the last one that held: so each endpoint is a witness of its site's log.

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { FormatError, VerifyError } from '#crypto/error.ts';
import { leafHash } from '#crypto/hash.ts';
import { parseTime } from '#crypto/leaf.ts';
import type { Judge } from '#crypto/policy.ts';
import {
  type CheckedOrder,
  checkOrderCheckpoint,
  checkWorkOrder,
  MAX_CLOCK_SKEW_MS,
  type OrderTrust,
  type WorkOrder,
} from '#crypto/work-order.ts';
import { AgentError } from './error.ts';
import { type Identity, parsePins, type Pins } from './identity.ts';
import type { Journal } from './journal.ts';
import type { AgentMessageOf } from './protocol/link-message.ts';
import type { ShellRequest } from './shell/shell.ts';

/** What decides about orders. `now` is milliseconds since 1970. */
export interface OrderDesk {
  readonly identity: Identity;
  readonly pins: Pins;
  readonly journal: Journal;
  readonly judge: Judge;
  readonly now: () => number;
}

export type Alarm = Omit<AgentMessageOf<'alarm'>, 'kind'>;

/** An order that was written down and is to be started now, or why it is not. */
export type OrderAnswer =
  | { readonly kind: 'accepted'; readonly request: ShellRequest }
  | {
      readonly kind: 'refused';
      readonly code: string;
      readonly message: string;
      /** Two histories came to light. */
      readonly alarm: Alarm | null;
      /** Its checkpoint, or the proof of it, is in no form at all: whoever sent it is broken. */
      readonly malformed: FormatError | null;
      /** Set when this was no fault of the order. */
      readonly error: unknown;
    };

/** Opens the desk of an endpoint. */
export function openDesk(options: Omit<OrderDesk, 'pins'>): OrderDesk {
  return { ...options, pins: parsePins(options.identity.site) };
}

/**
 * Takes an order: checks it whole, and writes it down before it may be started. Orders must be taken one after
 * another. Never throws: a bad order is answered.
 */
export async function takeOrder(
  { run, order }: { readonly run: string; readonly order: WorkOrder },
  desk: OrderDesk,
): Promise<OrderAnswer> {
  try {
    checkNoFork(desk.journal);
    const checked = await checkWorkOrder(order, trustOf(desk), desk.now());
    const at = checkNew(checked, { run, order, journal: desk.journal });
    const { authorised, checkpoint, fields } = checked;
    await desk.journal.recordRan({
      checkpoint,
      versions: authorised.seen,
      command: authorised.command.hash,
      run,
      expires: authorised.command.statement.expires,
      at,
    });
    return { kind: 'accepted', request: requestOf(fields) };
  } catch (error) {
    return refuse(error, order, desk);
  }
}

type CheckpointClaim = Pick<WorkOrder, 'checkpoint' | 'seen' | 'consistency'>;

/**
 * Takes a checkpoint: remembers it when it extends the last one. Answers the alarm when it shows two histories;
 * a fork is remembered for good. A proof in no form at all shows nothing, and is only refused.
 * @throws {VerifyError} code `signature`, `wrong-log`, `unknown-key`, or `consistency` when its proof starts elsewhere
 * @throws {FormatError} for malformed parts
 * @throws {AgentError} code `journal-failed`
 */
export async function takeCheckpoint(
  claim: CheckpointClaim,
  { journal, pins: { logKey } }: OrderDesk,
): Promise<Alarm | null> {
  if (journal.fork !== null) return null;
  try {
    await journal.recordSeen(
      await checkOrderCheckpoint(claim, { logKey, seenCheckpoint: journal.seen }),
    );
    return null;
  } catch (error) {
    if (!(error instanceof VerifyError)) throw error;
    if (error.code !== 'fork' && error.code !== 'rolled-back') throw error;
    const seen = journal.checkpoint?.note ?? '';
    const proof = { message: error.message, seen, offered: claim.checkpoint };
    if (error.code === 'fork') await journal.recordFork(proof);
    return { code: error.code, ...proof };
  }
}

/** The alarm of a fork that was found before, to be raised again on every link; null when there is none. */
export function standingAlarm({ fork }: Journal): Alarm | null {
  return fork === null ? null : { code: 'fork', ...fork };
}

function trustOf({ identity, pins, journal, judge }: OrderDesk): OrderTrust {
  return {
    logKey: pins.logKey,
    mspRoot: pins.mspRoot,
    authorityKey: pins.authorityKey,
    endpoint: identity.endpoint,
    seen: journal.versions,
    seenCheckpoint: journal.seen,
    judgement: { judge, labels: identity.labels },
  };
}

function checkNoFork({ fork }: Journal): void {
  if (fork === null) return;
  throw new AgentError(
    'fork',
    'Cannot accept order: this log showed two histories. Nothing runs here until the endpoint is enrolled anew',
  );
}

/** Checks that the order is the one it is called, was not started before, and is not from the past. */
function checkNew(
  { authorised, index }: CheckedOrder,
  { run, order, journal }: { run: string; order: WorkOrder; journal: Journal },
): string {
  const leaf = order.started.leaf;
  if (encodeBase64url(leafHash(encodeUtf8(leaf))) !== run) {
    throw new AgentError(
      'wrong-run',
      `Cannot accept order: entry ${index} is not the run it names`,
    );
  }
  if (journal.hasRun(authorised.command.hash)) {
    throw new AgentError('replayed', 'Cannot accept order: it was started before');
  }
  const at = timeOf(leaf);
  if (journal.at !== null && parseTime(at) < parseTime(journal.at) - MAX_CLOCK_SKEW_MS) {
    throw new AgentError(
      'time-went-back',
      `Cannot accept order: it was made at ${at}, long before ${journal.at} of one already started`,
    );
  }
  return at;
}

/** The time of a leaf that was checked. */
function timeOf(leaf: string): string {
  const { t } = JSON.parse(leaf) as { t: string }; // parsed and checked by checkWorkOrder
  return t;
}

function requestOf(fields: CheckedOrder['fields']): ShellRequest {
  const { shell, command, cwd, env, timeout_ms: timeoutMs, output_limit: maxOutputBytes } = fields;
  return { shell, command, cwd, env, timeoutMs, maxOutputBytes };
}

/** Answers why not. What held of the order's checkpoint is remembered all the same. */
async function refuse(error: unknown, order: WorkOrder, desk: OrderDesk): Promise<OrderAnswer> {
  let alarm: Alarm | null = null;
  let malformed: FormatError | null = null;
  try {
    alarm = await takeCheckpoint(order, desk);
  } catch (cause) {
    if (!isKnown(cause)) return refusal(cause);
    if (cause instanceof FormatError) malformed = cause;
  }
  return { ...refusal(error), alarm, malformed };
}

function refusal(error: unknown): Extract<OrderAnswer, { kind: 'refused' }> {
  const plain = { kind: 'refused', alarm: null, malformed: null } as const;
  if (isKnown(error) && error.code !== 'journal-failed') {
    return { ...plain, code: error.code, message: error.message, error: null };
  }
  const code = isKnown(error) ? error.code : 'failed';
  return { ...plain, code, message: 'The endpoint cannot take orders now.', error };
}

function isKnown(error: unknown): error is VerifyError | FormatError | AgentError {
  return (
    error instanceof VerifyError || error instanceof FormatError || error instanceof AgentError
  );
}
