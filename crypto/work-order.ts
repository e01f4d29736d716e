// The work order: what an agent gets before it runs anything, and the one function that decides whether it may.
//
//   no proof, no execution   the command's leaf is in a checkpoint that the site's log key signed, and that
//                            checkpoint extends the last one this agent saw
//   no consent, no change    `checkAuthorised`: technician, session key, command; policy, or approvals
//
// Single use is the agent's part: it remembers `command.hash` of what it ran.

import * as z from 'zod';

import {
  type AuthorisedCommand,
  checkAuthorised,
  type Judgement,
  type ProvedEntry,
  type SeenVersions,
} from './authorisation.ts';
import { encodeBase64url, parseBase64url } from './base64.ts';
import { encodeUtf8, equalBytes } from './bytes.ts';
import { type VerifiedCheckpoint, verifyCheckpoint } from './checkpoint.ts';
import { checkConsistency, consistencyProofLength } from './consistency.ts';
import { FormatError, VerifyError } from './error.ts';
import { type Hash, leafHash } from './hash.ts';
import { checkInclusion } from './inclusion.ts';
import type { VerifierKey } from './key.ts';
import type { FieldsOf } from './kind.ts';
import { fieldNamesOf } from './kind.ts';
import { MAX_LEAF_BYTES, parseLeaf, parseTime } from './leaf.ts';
import { envelopeSchema } from './statement.ts';

/** An order's clock and the endpoint's may differ by so much: policy windows are judged by the order's. */
export const MAX_CLOCK_SKEW_MS = 10 * 60_000;

const hashSchema = z.string().length(43);

const provedSchema = z.strictObject({
  leaf: z.string().max(MAX_LEAF_BYTES),
  proof: z.array(hashSchema).max(64),
  disclosures: z.array(z.string().max(1 << 20)).max(32),
});

/** Hashes are base64url; `leaf` is the leaf's text as stored; `seen` the tree size that `consistency` starts from. */
export const workOrderSchema = z.strictObject({
  checkpoint: z.string().max(16_384),
  seen: z.int().min(0),
  consistency: z.array(hashSchema).max(64),
  started: provedSchema,
  request: provedSchema.nullable(),
  grants: z.array(provedSchema).max(5),
  session: envelopeSchema,
  roster: envelopeSchema,
  authority: envelopeSchema,
  policy: envelopeSchema,
});

export type WorkOrder = z.infer<typeof workOrderSchema>;

/** A checkpoint that was seen and held true: later ones must extend it. Size 0: none was. */
export interface SeenCheckpoint {
  readonly size: number;
  readonly root: Hash;
}

/** What an agent holds from its enrolment and its past. */
export interface OrderTrust {
  readonly logKey: VerifierKey;
  readonly mspRoot: string;
  readonly authorityKey: string;
  readonly endpoint: string;
  readonly seen: SeenVersions;
  readonly seenCheckpoint: SeenCheckpoint;
  readonly judgement: Judgement;
}

/** An order that may be run, once. */
export interface CheckedOrder {
  readonly authorised: AuthorisedCommand;
  readonly fields: FieldsOf<'command.started'>;
  readonly index: number;
  readonly checkpoint: VerifiedCheckpoint;
}

/**
 * Checks the log's part of an order: the checkpoint's signature, and that it extends what was seen. What holds
 * here is remembered even when the order is then refused.
 * @throws {VerifyError} `signature`, `wrong-log`, `rolled-back`, `consistency` when the proof starts elsewhere;
 *   `fork` for two signed roots of one size, which prove two histories by themselves, and for a larger size that
 *   does not follow by a proof of the right form: then the log was rewritten, or a hash of the proof is wrong
 * @throws {FormatError} when the proof cannot be one, which says nothing about the log
 */
export async function checkOrderCheckpoint(
  order: Pick<WorkOrder, 'checkpoint' | 'seen' | 'consistency'>,
  { logKey, seenCheckpoint }: Pick<OrderTrust, 'logKey' | 'seenCheckpoint'>,
): Promise<VerifiedCheckpoint> {
  const checkpoint = await verifyCheckpoint(order.checkpoint, logKey);
  if (checkpoint.size < seenCheckpoint.size) {
    throw new VerifyError(
      'rolled-back',
      `Cannot accept checkpoint: size ${checkpoint.size} is behind ${seenCheckpoint.size}, already seen`,
    );
  }
  const isSameSize = checkpoint.size === seenCheckpoint.size && checkpoint.size > 0;
  if (isSameSize && !equalBytes(checkpoint.root, seenCheckpoint.root)) {
    throw new VerifyError(
      'fork',
      `Cannot accept checkpoint: the log signed another root of size ${checkpoint.size} before`,
    );
  }
  if (order.seen !== seenCheckpoint.size) {
    throw new VerifyError(
      'consistency',
      `Cannot accept checkpoint: its proof starts from size ${order.seen}, ${seenCheckpoint.size} was seen`,
    );
  }
  if (seenCheckpoint.size === 0) return checkpoint;
  const sizes = { from: seenCheckpoint.size, to: checkpoint.size };
  const proof = parseProof(order.consistency, sizes);
  try {
    const roots = { fromRoot: seenCheckpoint.root, toRoot: checkpoint.root };
    checkConsistency({ ...sizes, ...roots, proof });
  } catch (cause) {
    throw new VerifyError(
      'fork',
      `Cannot accept checkpoint: size ${checkpoint.size} does not extend size ${seenCheckpoint.size}, already seen`,
      { cause },
    );
  }
  return checkpoint;
}

/**
 * Checks a work order whole. `nowMs` is the checker's clock, milliseconds since 1970.
 * @throws {VerifyError} naming what does not hold
 * @throws {FormatError} for malformed parts
 */
export async function checkWorkOrder(
  order: WorkOrder,
  trust: OrderTrust,
  nowMs: number,
): Promise<CheckedOrder> {
  const checkpoint = await checkOrderCheckpoint(order, trust);
  const started = proveEntry(order.started, checkpoint);
  if (started.leaf.e !== trust.endpoint) {
    throw new VerifyError('wrong-endpoint', 'Cannot accept order: it is for another endpoint');
  }
  if (Math.abs(parseTime(started.leaf.t) - nowMs) > MAX_CLOCK_SKEW_MS) {
    throw new VerifyError(
      'expired',
      `Cannot accept order: it was made at ${started.leaf.t}, too far from this endpoint's clock`,
    );
  }
  const claim = {
    started,
    session: order.session,
    roster: order.roster,
    authority: order.authority,
    policy: order.policy,
    request: order.request === null ? null : proveEntry(order.request, checkpoint),
    grants: order.grants.map((grant) => proveEntry(grant, checkpoint)),
  };
  const authorised = await checkAuthorised(claim, { ...trust, log: checkpoint.origin }, nowMs);
  return {
    authorised,
    fields: wholeFields(authorised.fields),
    index: started.leaf.i,
    checkpoint,
  };
}

function proveEntry(
  { leaf: text, proof, disclosures }: z.infer<typeof provedSchema>,
  checkpoint: VerifiedCheckpoint,
): ProvedEntry {
  const bytes = encodeUtf8(text);
  const leaf = parseLeaf(bytes);
  if (leaf.log !== checkpoint.origin) {
    throw new VerifyError('wrong-log', `Cannot accept entry ${leaf.i}: it is of another log`);
  }
  const hash = leafHash(bytes);
  checkInclusion({
    index: leaf.i,
    size: checkpoint.size,
    leafHash: hash,
    root: checkpoint.root,
    proof: proof.map(parseHash),
  });
  return { leaf, hash: encodeBase64url(hash), disclosures };
}

function wholeFields(
  fields: Readonly<Partial<FieldsOf<'command.started'>>>,
): FieldsOf<'command.started'> {
  for (const name of fieldNamesOf('command.started')) {
    if (!Object.hasOwn(fields, name)) {
      throw new VerifyError('binding', `Cannot accept order: "${name}" is not disclosed`);
    }
  }
  return fields as FieldsOf<'command.started'>; // every field is there, and each was checked
}

/** The hashes of a consistency proof, when there are as many as the sizes ask for. */
function parseProof(texts: readonly string[], sizes: { from: number; to: number }): Hash[] {
  const expected = consistencyProofLength(sizes);
  if (texts.length === expected) return texts.map(parseHash);
  const state = `expected ${expected} hashes from size ${sizes.from} to ${sizes.to}, got ${texts.length}`;
  throw new FormatError('proof', `Cannot parse consistency proof: ${state}`);
}

function parseHash(text: string): Hash {
  const hash = parseBase64url(text);
  if (hash.length !== 32) throw new FormatError('order', 'Cannot parse order: bad hash');
  return hash;
}
