// The language of the one live link between an agent and its appliance, `/caisey/agent/link/1`.
//
//   agent      hello ─────────────► appliance     who I am, what I last saw, what I still hold
//   agent      ◄──────────── welcome              which of those runs to go on with, from where
//   agent      ◄──────────── order, cancel, checkpoint, ack
//   agent      output, exited, refused, heartbeat, alarm ─────────────► appliance
//
// A run is named by the leaf hash of its `command.started` entry. Output and end of a run carry `seq`, counted
// from 0; the agent keeps each until the appliance has it durably in the log and says so (`ack`), so a link may
// break at any moment and nothing is lost or recorded twice.

import * as z from 'zod';

import { SHELLS } from '#crypto/policy.ts';
import { workOrderSchema } from '#crypto/work-order.ts';

export const LINK_PROTOCOL = '/caisey/agent/link/1';

/** At most this much of a run's output is in flight before the agent waits for an `ack`. */
export const MAX_UNACKNOWLEDGED_BYTES = 1024 * 1024;
/** At most this much output in one message. */
export const MAX_OUTPUT_BYTES = 256 * 1024;
export const MAX_RUNS = 64;
export const HEARTBEAT_MS = 15_000;

const run = z.string().length(43);
const seq = z.int().min(0);
const word = z.string().max(256);
const count = z.number().min(0).max(Number.MAX_SAFE_INTEGER);

/** Facts of the machine, for the heartbeat. All of it is what the endpoint says, and hostile. */
/** As whom and where commands run: what an approver should know, by the endpoint's own word. */
const runsAsSchema = z.strictObject({
  user: word,
  /** Whether this user may do anything on the machine; null where the system does not tell. */
  isRoot: z.boolean().nullable(),
  /** Where a command starts that names no folder. */
  folder: z.string().max(4096),
});

export const hostSchema = z.strictObject({
  hostname: word,
  os: word,
  arch: word,
  version: word,
  uptimeS: count,
  load1: count,
  cpuCount: count,
  memoryTotalBytes: count,
  memoryFreeBytes: count,
  diskTotalBytes: count,
  diskFreeBytes: count,
  runtime: z.enum(['node', 'deno']),
  runtimeVersion: word,
  /** Absent from endpoints that do not say. */
  runsAs: runsAsSchema.exactOptional(),
});

export type Host = z.infer<typeof hostSchema>;

const helloSchema = z.strictObject({
  kind: z.literal('hello'),
  endpoint: z.string().length(22),
  software: word,
  host: hostSchema,
  shells: z.array(z.enum(SHELLS)).max(SHELLS.length),
  /** The last checkpoint that this agent saw, as signed; null before the first. */
  seen: z.string().max(16_384).nullable(),
  /** Runs of which the agent still holds something: the first `seq` that was not acknowledged. */
  runs: z.array(z.strictObject({ run, next: seq })).max(MAX_RUNS),
});

const outputSchema = z.strictObject({
  kind: z.literal('output'),
  run,
  seq,
  stream: z.enum(['stdout', 'stderr']),
  /** Where this chunk begins in its stream, in bytes. */
  offset: count,
  /** Base64 of at most MAX_OUTPUT_BYTES. */
  data: z.string().max(Math.ceil(MAX_OUTPUT_BYTES / 3) * 4),
});

const exitedSchema = z.strictObject({
  kind: z.literal('exited'),
  run,
  seq,
  outcome: z.enum(['exited', 'signalled', 'timed-out', 'cancelled', 'not-started', 'interrupted']),
  exitCode: z.int().nullable(),
  signal: word.nullable(),
  durationMs: count.nullable(),
  stdoutBytes: count,
  stderrBytes: count,
  droppedBytes: count,
  problem: z.string().max(2048).nullable(),
});

const refusedSchema = z.strictObject({
  kind: z.literal('refused'),
  run,
  code: word,
  message: z.string().max(2048),
  /** The tree size that this agent's next consistency proof must start from. */
  seenSize: seq,
});

/** What an agent says to its appliance. */
export const agentMessageSchema = z.discriminatedUnion('kind', [
  helloSchema,
  outputSchema,
  exitedSchema,
  refusedSchema,
  /** A checkpoint was verified and is now the one that later ones must extend. */
  z.strictObject({ kind: z.literal('seen'), size: seq }),
  z.strictObject({ kind: z.literal('heartbeat'), host: hostSchema }),
  /** Two histories signed by one key: the notes that prove it. */
  z.strictObject({
    kind: z.literal('alarm'),
    code: z.enum(['fork', 'rolled-back']),
    message: z.string().max(2048),
    seen: z.string().max(16_384),
    offered: z.string().max(16_384),
  }),
]);

/** What an appliance says to an agent. */
export const applianceMessageSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('welcome'),
    /** Runs to go on with, and the next `seq` wanted of each. A run of `hello` that is not here is ended. */
    runs: z.array(z.strictObject({ run, next: seq })).max(MAX_RUNS),
  }),
  z.strictObject({ kind: z.literal('order'), run, order: workOrderSchema }),
  z.strictObject({ kind: z.literal('cancel'), run }),
  /** Everything of this run below `next` is durable in the log. */
  z.strictObject({ kind: z.literal('ack'), run, next: seq }),
  z.strictObject({
    kind: z.literal('checkpoint'),
    note: z.string().max(16_384),
    seen: seq,
    consistency: z.array(z.string().length(43)).max(64),
  }),
  /** This endpoint was removed: stop, and do not come back. */
  z.strictObject({ kind: z.literal('removed') }),
]);

export type AgentMessage = z.infer<typeof agentMessageSchema>;
export type ApplianceMessage = z.infer<typeof applianceMessageSchema>;
export type AgentMessageOf<K extends AgentMessage['kind']> = Extract<AgentMessage, { kind: K }>;
