// An endpoint among others, and a token by which one more may come: what lists tell of them.

import * as z from 'zod';

import { hostSchema } from '#agent/protocol/link-message.ts';

const id = z.string().length(22);
const word = z.string().max(256);
const time = z.string().max(32);

/** A token's id, by which it is revoked: no secret. */
export const tokenIdSchema = z.string().length(12);

export const endpointSummarySchema = z.strictObject({
  endpoint: id,
  name: word,
  labels: z.array(word),
  /** `ed25519:…`: people compare its `keyFingerprint` with what the machine itself says. */
  key: z.string().max(64),
  /** False: pending. It is enrolled, and no session opens there until a person has verified it. */
  isVerified: z.boolean(),
  /** `reconnecting`: its link was lost a moment ago, and the record does not call it offline yet. */
  state: z.enum(['online', 'reconnecting', 'offline', 'never-seen']),
  lastSeen: time.nullable(),
  software: word.nullable(),
  host: hostSchema.nullable(),
  /** The caller's own newest open session there, or, without one, the newest of all. */
  openSession: id.nullable(),
  openSessions: z.int(),
});

/** An enrolment token that can be used still. Its secret was shown once, and is not here. */
export const tokenSummarySchema = z.strictObject({
  token: tokenIdSchema,
  name: word,
  labels: z.array(word),
  by: word,
  expires: time,
});

export type EndpointSummary = z.infer<typeof endpointSummarySchema>;
export type TokenSummary = z.infer<typeof tokenSummarySchema>;
