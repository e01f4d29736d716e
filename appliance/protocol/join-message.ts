// Joining an appliance to its console, by `POST /api/join`. The token is what the console's "Add site" shows: one line
// of text that names the console, the fingerprint of its relay's key, the site's opaque id, which kind of appliance it
// is for, and a secret for one use.
//
//   token = "caisey-join1." base64url( JCS {console, joins, relay, secret, site} )

import * as z from 'zod';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { type Bytes, concatBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { sha256 } from '#crypto/hash.ts';
import { encodeJcs, parseJcs } from '#crypto/json.ts';
import { isPersonKey, MAX_KEY_CHARS } from '#crypto/person-key.ts';
import { ProtocolError } from '#agent/protocol/error.ts';

export const JOIN_PATH = '/api/join';

const TOKEN_PREFIX = 'caisey-join1.';
const MAX_TOKEN_CHARS = 2048;

const site = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/);
/**
 * What a token joins, as the owner chose: a `new` appliance, which is claimed by the code it shows, or a `founded` one,
 * which comes with its log and is claimed by nobody. A token for one is none for the other.
 */
export const JOIN_KINDS = ['new', 'founded'] as const;
export type JoinKind = (typeof JOIN_KINDS)[number];

/** 256 bits, base64url. */
const secret = z.string().length(43);
const peerKey = z
  .string()
  .max(MAX_KEY_CHARS)
  .startsWith('ed25519:')
  .refine(isPersonKey, 'not a peer key');

const tokenSchema = z.strictObject({
  /** The console's origin: scheme, host and port. */
  console: z.string().max(256).refine(isConsoleOrigin, 'not a console'),
  /** `relayFingerprint` of the relay's key. */
  relay: z.string().length(22),
  joins: z.enum(JOIN_KINDS),
  site,
  secret,
});

/** A join token. `secret` is good for one appliance: never logged, never shown again. */
export type JoinToken = z.infer<typeof tokenSchema>;

/** Formats a token as its one line of text. @throws {z.ZodError} when it is not one */
export function formatJoinToken(token: JoinToken): string {
  return TOKEN_PREFIX + encodeBase64url(encodeJcs(tokenSchema.parse(token)));
}

/** Parses a token's text. @throws {ProtocolError} code `message-invalid`; the message never holds the token */
export function parseJoinToken(text: string): JoinToken {
  const trimmed = text.trim();
  if (trimmed.length > MAX_TOKEN_CHARS || !trimmed.startsWith(TOKEN_PREFIX)) {
    throw new ProtocolError(
      'message-invalid',
      `Cannot parse join token: it does not begin "${TOKEN_PREFIX}"`,
    );
  }
  try {
    return tokenSchema.parse(parseJcs(parseBase64url(trimmed.slice(TOKEN_PREFIX.length))));
  } catch {
    // no cause: it would quote the token
    throw new ProtocolError('message-invalid', 'Cannot parse join token: damaged or incomplete');
  }
}

/** 128 bits of SHA-256(key), base64url: enough that no second key is found to match. */
export function relayFingerprint(publicKey: Uint8Array): string {
  return encodeBase64url(sha256(publicKey).subarray(0, 16));
}

/**
 * What an appliance signs with its peer key, so that no key is joined by who does not hold it. A founded one signs it
 * with its log's key as well: so no log is joined by who does not hold that.
 */
export function joinProofMessage({
  site: id,
  secret: shared,
  key,
  log,
}: {
  site: string;
  secret: string;
  key: string;
  log?: { readonly key: string } | undefined;
}): Bytes {
  const tag = encodeUtf8(`caisey/join/v2/${joinKindOf(log)}\0`);
  const keys = log === undefined ? [key] : [key, log.key];
  const hashes = keys.map((each) => sha256(encodeUtf8(each)));
  return concatBytes(tag, encodeUtf8(id), sha256(parseBase64url(shared)), ...hashes);
}

/** Which token an appliance needs: it brings a log or it has none. */
export function joinKindOf(log: object | null | undefined): JoinKind {
  return log === null || log === undefined ? 'new' : 'founded';
}

/** base64url of a signature over `joinProofMessage`. */
const proof = z.string().length(86);

/** What an appliance posts. */
export const joinRequestSchema = z.strictObject({
  site,
  secret,
  key: peerKey,
  /** By the peer key. */
  proof,
  /** A site that is founded already: its log's C2SP verifier key, and the proof by it. */
  log: z.strictObject({ key: z.string().max(512), proof }).exactOptional(),
});

/** What the console answers, 200. */
export const joinAnswerSchema = z.strictObject({
  relay: z.strictObject({
    key: peerKey,
    /** Multiaddrs to dial. */
    addresses: z.array(z.string().max(256)).min(1).max(16),
  }),
  /** The origin that the site's log is to have: `<console host>/site/<id>/1`; a founded site keeps its own. */
  origin: z.string().min(1).max(255),
  organisation: z.string().min(1).max(256),
});

/** Why the console does not join, with a 4xx status. */
export const joinRefusalSchema = z.strictObject({
  code: z.enum(['invalid', 'proof-invalid', 'token-unusable', 'key-taken']),
  message: z.string().max(1024),
});

export type JoinRequest = z.infer<typeof joinRequestSchema>;
export type JoinAnswer = z.infer<typeof joinAnswerSchema>;
export type JoinRefusal = z.infer<typeof joinRefusalSchema>;

/** The origin of a site's first log at a console. */
export function joinedOrigin({
  console: at,
  site: id,
}: Pick<JoinToken, 'console' | 'site'>): string {
  return `${new URL(at).host}/site/${id}/1`;
}

/** https, or http on this very machine: over any other way the secret could be read on its way. */
export function isConsoleOrigin(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { origin, protocol, hostname } = new URL(text);
  const isLoopback = ['localhost', '127.0.0.1', '[::1]'].includes(hostname);
  return origin === text && (protocol === 'https:' || (protocol === 'http:' && isLoopback));
}
