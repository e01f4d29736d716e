// The language of the one conversation that an appliance keeps with its console, `/caisey/appliance/uplink/1`. The
// appliance dials; both keys are pinned.
//
//   appliance   hello ───────────────► console      which site, which log, which software
//   appliance   ◄──────────── welcome               the console knows this key as that site's
//   appliance   status, endpoints ───► console      what the site's digest level lets go
//   appliance   ◄──────────── roster                a roster that the MSP's root signed
//   appliance   rostered ────────────► console      what became of it
//
// What comes down says nothing by itself: a roster is checked against the pinned root and recorded as if a client
// had brought it. There is no message that runs a command, opens a session or approves, and none is to be added.

import * as z from 'zod';

import { hostSchema } from '#agent/protocol/link-message.ts';
import { DIGEST_LEVELS } from '#crypto/digest-level.ts';
import { MAX_ORIGIN_CHARS } from '#crypto/leaf.ts';
import { envelopeSchema } from '#crypto/statement.ts';

export const UPLINK_PROTOCOL = '/caisey/appliance/uplink/1';

/** A status is sent at least this often; a console that hears nothing for three times as long takes it as gone. */
export const STATUS_MS = 15_000;
/** Endpoints in one message: each has its bounds, and together they fit one frame. */
export const MAX_ENDPOINTS_PER_MESSAGE = 64;

const id = z.string().length(22);
const word = z.string().max(256);
const time = z.string().max(32);
const count = z.int().min(0);

export const uplinkHelloSchema = z.strictObject({
  kind: z.literal('hello'),
  /** The site's opaque id, as the join token named it. */
  site: z.string().min(1).max(64),
  origin: z.string().min(1).max(MAX_ORIGIN_CHARS),
  /** The log's C2SP verifier key; null as long as the site is not founded. */
  log: z.string().max(512).nullable(),
  software: word,
});

export type UplinkHello = z.infer<typeof uplinkHelloSchema>;

const statusSchema = z.strictObject({
  kind: z.literal('status'),
  /** The log's signed checkpoint. */
  checkpoint: z.string().max(16_384),
  size: count,
  openSessions: count,
  waitingRequests: count,
  rosterVersion: count,
  level: z.enum(DIGEST_LEVELS),
});

export type UplinkStatus = z.infer<typeof statusSchema>;

export const uplinkEndpointSchema = z.strictObject({
  endpoint: id,
  /** False: pending. */
  isVerified: z.boolean(),
  state: z.enum(['online', 'reconnecting', 'offline', 'never-seen']),
  /** Null at the level `sealed`. */
  details: z
    .strictObject({
      name: word,
      labels: z.array(z.string().max(64)).max(32),
      lastSeen: time.nullable(),
      software: word.nullable(),
      host: hostSchema.nullable(),
      openSession: id.nullable(),
    })
    .nullable(),
});

export type UplinkEndpoint = z.infer<typeof uplinkEndpointSchema>;

const endpointsSchema = z.strictObject({
  kind: z.literal('endpoints'),
  /** True for the first message of a conversation: what was known before is gone. */
  isReset: z.boolean(),
  /** False while more of the same follows: only then it is to be believed that there are no others. */
  isWhole: z.boolean(),
  endpoints: z.array(uplinkEndpointSchema).max(MAX_ENDPOINTS_PER_MESSAGE),
  /** Ids of those that were removed. */
  removed: z.array(id).max(MAX_ENDPOINTS_PER_MESSAGE),
});

export type UplinkEndpoints = z.infer<typeof endpointsSchema>;

const rosteredSchema = z.strictObject({
  kind: z.literal('rostered'),
  /** Of the `roster` that it answers. */
  id: count,
  /** Null: it is in force. */
  refusal: z.strictObject({ code: z.string().max(64), message: z.string().max(4096) }).nullable(),
});

/** What an appliance says to its console. */
export const uplinkUpSchema = z.discriminatedUnion('kind', [
  uplinkHelloSchema,
  statusSchema,
  endpointsSchema,
  rosteredSchema,
]);

/** What a console says to an appliance. */
export const uplinkDownSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('welcome'), organisation: word }),
  z.strictObject({ kind: z.literal('roster'), id: count, envelope: envelopeSchema }),
]);

export type UplinkUp = z.infer<typeof uplinkUpSchema>;
export type UplinkDown = z.infer<typeof uplinkDownSchema>;
