// Root certificates on a page: which one may go into a roster, and which ones are of no use any more.

import { FormatError, VerifyError } from '#crypto/error.ts';
import { parseTime } from '#crypto/leaf.ts';
import { checkInForce, type Envelope, type Signed, verifyStatement } from '#crypto/statement.ts';

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

async function isLive(envelope: Envelope, atMs: number): Promise<boolean> {
  try {
    const { statement } = await verifyStatement(envelope, { type: 'root', log: NO_LOG });
    return atMs < parseTime(statement.expires);
  } catch (cause) {
    if (cause instanceof FormatError || cause instanceof VerifyError) return false;
    throw cause;
  }
}
