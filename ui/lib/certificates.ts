// Root certificates on a page: which one may go into a roster, and which ones are of no use any more.

import { FormatError, VerifyError } from '#crypto/error.ts';
import { parseTime } from '#crypto/leaf.ts';
import {
  checkInForce,
  type Envelope,
  parseStatement,
  type Signed,
  verifyStatement,
} from '#crypto/statement.ts';
import type { CheckedRoster } from './roster-standing.ts';

/** A certificate names no log. */
const NO_LOG = '';

/**
 * Verifies a certificate for this root set, before a roster carries it.
 * @throws {VerifyError} `not-authorised` for another set, `wrong-kind`, `signature`, `webauthn`, `expired`,
 *   `not-yet-valid`
 * @throws {FormatError} code `statement`
 */
export async function verifyCertificate(
  certificate: Envelope,
  { rootKeys, atMs }: { rootKeys: string; atMs: number },
): Promise<Signed<'root'>> {
  const signed = await verifyStatement(certificate, { type: 'root', log: NO_LOG });
  if (signed.statement.keys !== rootKeys) {
    const message = 'That site certified another root than yours; nothing is signed';
    throw new VerifyError('not-authorised', message);
  }
  checkInForce(signed.statement, atMs);
  return signed;
}

/** Those that a next roster still carries: without what has run out, and what holds nowhere. */
export async function liveCertificates(
  certificates: readonly Envelope[],
  atMs: number,
): Promise<Envelope[]> {
  const live: Envelope[] = [];
  for (const envelope of certificates) if (await isLive(envelope, atMs)) live.push(envelope);
  return live;
}

/** A root certificate that a roster carries. */
export interface CertifiedRoot {
  /** The text of its statement: no other certificate has it. */
  readonly id: string;
  /** The key that signed it, and whose that is when it stands in the roster. */
  readonly by: string;
  readonly name: string | null;
  /** The root set that it lets sign. */
  readonly keys: string;
  /** It is for the roster's own root: a site that pins the key that signed it takes this roster for it. */
  readonly isForUs: boolean;
  readonly since: string;
  readonly until: string;
}

/** The certificates in a roster, in its order. */
export function certifiedRoots({
  statement: { roots = [], members },
  rootKeys,
}: Pick<CheckedRoster, 'statement' | 'rootKeys'>): CertifiedRoot[] {
  return roots.flatMap((envelope) => {
    const { statement } = parseStatement(envelope);
    if (statement.type !== 'root') return []; // the next roster leaves it behind
    const { by, keys, not_before: since, expires: until } = statement;
    const name = members.find(({ key }) => key === by)?.name ?? null;
    return [{ id: envelope.statement, by, name, keys, isForUs: keys === rootKeys, since, until }];
  });
}

/** Until when, at the latest, a site goes on by this roster when it takes no later one for want of a certificate. */
export function lastsUntilMs(
  { until }: Pick<CertifiedRoot, 'until'>,
  { expiresAtMs }: Pick<CheckedRoster, 'expiresAtMs'>,
): number {
  return Math.min(parseTime(until), expiresAtMs);
}

async function isLive(envelope: Envelope, atMs: number): Promise<boolean> {
  try {
    const { statement } = await verifyStatement(envelope, { type: 'root', log: NO_LOG });
    return atMs < parseTime(statement.expires);
  } catch (cause) {
    if (cause instanceof FormatError || cause instanceof VerifyError) return false;
    throw cause;
  }
}
