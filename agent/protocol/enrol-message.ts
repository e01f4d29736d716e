// Enrolment, `/caisey/agent/enrol/1`. The token is an Ed25519 seed: the appliance keeps only its public key and
// lets that peer in, once, until it expires. So the secret never crosses the wire, and the endpoint, which got
// the site's keys in the same token, trusts nothing on first use.
//
//   agent (as the token's peer)   enrol: its own new key, and a signature by it over the token's key
//   appliance                     enrolled: the endpoint's id and labels · refused: why
//
//   token = "caisey1." base64url( JCS )

import * as z from 'zod';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { type Bytes, concatBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { encodeJcs, parseJcs } from '#crypto/json.ts';
import { isPersonKey, MAX_KEY_CHARS } from '#crypto/person-key.ts';
import { isRootSet, MAX_ROOT_SET_CHARS } from '#crypto/root-set.ts';
import { ProtocolError } from './error.ts';
import { hostSchema } from './link-message.ts';

export const ENROL_PROTOCOL = '/caisey/agent/enrol/1';

const key = z.string().max(MAX_KEY_CHARS).refine(isPersonKey, 'not a key');
const name = z
  .string()
  .min(1)
  .max(64)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, dot, dash and underline only');

export { name as endpointNameSchema };

/** What an endpoint pins: its site's keys and where its appliance is. Public, but not to be replaced. */
export const sitePinsSchema = z.strictObject({
  /** The appliance's peer key, `ed25519:…`. */
  appliance: key,
  /** Multiaddrs to try, in order; mDNS is tried beside them. */
  addresses: z.array(z.string().max(256)).max(16),
  /** The log's C2SP verifier key; its name is the origin. */
  log: z.string().max(512),
  msp_root: z.string().max(MAX_ROOT_SET_CHARS).refine(isRootSet, 'not a root set'),
  authority: key,
});

export type SitePins = z.infer<typeof sitePinsSchema>;

const tokenSchema = z.strictObject({
  site: sitePinsSchema,
  name,
  secret: z.string().length(43),
  expires: z.string().max(32),
});

/** An enrolment token. `secret` is the seed of its one-time peer key: never logged, never an argument. */
export type EnrolToken = z.infer<typeof tokenSchema>;

const TOKEN_PREFIX = 'caisey1.';
const MAX_TOKEN_CHARS = 8192;

/** Formats a token as its one line of text. */
export function formatEnrolToken(token: EnrolToken): string {
  return TOKEN_PREFIX + encodeBase64url(encodeJcs(tokenSchema.parse(token)));
}

/** Parses a token's text. @throws {ProtocolError} code `message-invalid`; the message never holds the token */
export function parseEnrolToken(text: string): EnrolToken {
  const trimmed = text.trim();
  if (trimmed === '') throw new ProtocolError('message-invalid', 'Cannot parse token: it is empty');
  if (trimmed.length > MAX_TOKEN_CHARS || !trimmed.startsWith(TOKEN_PREFIX)) {
    throw new ProtocolError('message-invalid', 'Cannot parse token: it does not begin "caisey1."');
  }
  try {
    return tokenSchema.parse(parseJcs(parseBase64url(trimmed.slice(TOKEN_PREFIX.length))));
  } catch {
    // no cause: it would quote the token
    throw new ProtocolError('message-invalid', 'Cannot parse token: damaged or incomplete');
  }
}

/** What the endpoint signs with its own new key, so that nobody enrols a key that he does not hold. */
export function enrolProofMessage(
  tokenPublicKey: Uint8Array,
  endpointPublicKey: Uint8Array,
): Bytes {
  return concatBytes(encodeUtf8('caisey/enrol/v1\0'), tokenPublicKey, endpointPublicKey);
}

/** What an enrolling agent says. */
export const enrolRequestSchema = z.strictObject({
  kind: z.literal('enrol'),
  key,
  /** base64url of the signature over `enrolProofMessage`. */
  proof: z.string().length(86),
  software: z.string().max(256),
  host: hostSchema,
});

/** What the appliance answers. */
export const enrolAnswerSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('enrolled'),
    endpoint: z.string().length(22),
    name,
    labels: z.array(z.string().max(64)).max(32),
    /** The checkpoint that holds the enrolment: the first one this agent sees. */
    checkpoint: z.string().max(16_384),
  }),
  z.strictObject({
    kind: z.literal('refused'),
    code: z.enum(['token-expired', 'token-used', 'proof-invalid', 'name-taken', 'unavailable']),
    message: z.string().max(1024),
  }),
]);

export type EnrolRequest = z.infer<typeof enrolRequestSchema>;
export type EnrolAnswer = z.infer<typeof enrolAnswerSchema>;
