// `POST /api/join`: an appliance brings a token's secret and its own key, and when its site is founded already, its
// log's key, which signs as well. Pure but for its ports.

import {
  type JoinAnswer,
  joinedOrigin,
  joinKindOf,
  type JoinKind,
  joinProofMessage,
  type JoinRefusal,
  type JoinRequest,
  joinRequestSchema,
} from '#appliance/protocol/join-message.ts';
import { parseBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { FormatError } from '#crypto/error.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import { isEd25519Signature } from '#crypto/webcrypto.ts';
import { ConsoleError } from './error.ts';

export const MAX_JOIN_BYTES = 8192;

/** The log of a site that was founded before it joined, proved. */
export interface FoundedLog {
  /** C2SP verifier key; its name is the origin. */
  readonly key: string;
  readonly origin: string;
}

interface JoinedSite {
  readonly siteId: string;
  readonly organisationName: string;
}

/** What joining asks of the directory. */
export interface JoinDirectory {
  siteByToken(secret: string, joins: JoinKind): Promise<JoinedSite | null>;
  /** Uses the token up. @throws {ConsoleError} `expired`, also for the other kind; `conflict` for a key in use */
  joinByToken(input: {
    secret: string;
    peerKey: string;
    log: FoundedLog | null;
  }): Promise<JoinedSite>;
  siteByPeerKey(peerKey: string): Promise<JoinedSite | null>;
}

export interface JoinPlace {
  readonly directory: JoinDirectory;
  /** The console's origin, as in people's address bars. */
  readonly origin: string;
  readonly relay: { readonly key: string; readonly addresses: readonly string[] };
}

/** The answer as HTTP gives it. */
export type JoinOutcome =
  | { readonly status: 200; readonly body: JoinAnswer }
  | { readonly status: 400 | 403 | 409 | 410; readonly body: JoinRefusal };

/**
 * Joins an appliance. An appliance that joined already by the same key, and did not hear so, is told again.
 * Rejects only with what the directory fails on.
 */
export async function joinSite(body: unknown, place: JoinPlace): Promise<JoinOutcome> {
  const parsed = joinRequestSchema.safeParse(body);
  if (!parsed.success) {
    return refused(400, 'invalid', 'Cannot join: this is not what an appliance sends');
  }
  const { site, secret, key } = parsed.data;
  if (!(await isProved(parsed.data))) {
    return refused(403, 'proof-invalid', 'Cannot join: the appliance does not hold its key');
  }
  const log = await provedLog(parsed.data);
  if (log === 'not-proved') {
    return refused(403, 'proof-invalid', "Cannot join: the appliance does not hold its log's key");
  }
  const { directory } = place;
  const own = await directory.siteByPeerKey(key);
  if (own !== null) {
    if (own.siteId === site) return joined(own, { log, place });
    return refused(409, 'key-taken', 'Cannot join: this appliance belongs to another site');
  }
  const invited = await directory.siteByToken(secret, joinKindOf(log));
  if (invited?.siteId !== site) return unusable();
  try {
    return joined(await directory.joinByToken({ secret, peerKey: key, log }), { log, place });
  } catch (cause) {
    if (!(cause instanceof ConsoleError)) throw cause;
    if (cause.code === 'expired') return unusable(); // another appliance was faster
    if (cause.code !== 'conflict') throw cause;
    return refused(409, 'key-taken', cause.message);
  }
}

function joined(
  { siteId, organisationName }: JoinedSite,
  { log, place: { origin, relay } }: { log: FoundedLog | null; place: JoinPlace },
): JoinOutcome {
  return {
    status: 200,
    body: {
      relay: { key: relay.key, addresses: relay.addresses.slice(0, 16) },
      origin: log?.origin ?? joinedOrigin({ console: origin, site: siteId }),
      organisation: organisationName,
    },
  };
}

async function isProved(request: JoinRequest): Promise<boolean> {
  const parsed = parsePersonKey(request.key);
  return parsed.kind === 'ed25519' && (await isSigned(request, { ...request, ...parsed }));
}

/** Who brings a log must hold its key: a log's checkpoints are there for everybody to read. */
async function provedLog(request: JoinRequest): Promise<FoundedLog | 'not-proved' | null> {
  if (request.log === undefined) return null;
  const { key, proof } = request.log;
  try {
    const { name: origin, type, publicKey } = parseVerifierKey(key);
    const isProof = type === 0x01 && (await isSigned(request, { proof, publicKey }));
    return isProof ? { key, origin } : 'not-proved';
  } catch (cause) {
    if (cause instanceof FormatError) return 'not-proved';
    throw cause;
  }
}

async function isSigned(
  request: JoinRequest,
  { proof, publicKey }: { proof: string; publicKey: Bytes },
): Promise<boolean> {
  try {
    const signature = parseBase64url(proof);
    return await isEd25519Signature(publicKey, { signature, message: joinProofMessage(request) });
  } catch {
    return false; // not base64url at all
  }
}

function unusable(): JoinOutcome {
  const message =
    'Cannot join: the token was used, has expired, was replaced by a newer one, or is for another kind of appliance';
  return refused(410, 'token-unusable', message);
}

function refused(
  status: 400 | 403 | 409 | 410,
  code: JoinRefusal['code'],
  message: string,
): JoinOutcome {
  return { status, body: { code, message } };
}
