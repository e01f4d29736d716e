// Root certificates. A root set never changes where it is pinned; but one of its keys may certify another set, and
// whoever pins the first then takes rosters by the keys of the second, too. So a site that was founded by one key
// comes to obey an organisation's roots without being founded anew.
//
// A certificate is a `root` statement. It names no log, and travels in the rosters and `site` statements that lean on it
// (`roots`): who carries one of those carries its proof. It adds no power, since a root's key can sign any roster anyway; it ends when
// it expires, and cannot be called back before.
//
//   text = "caisey-root1." base64url( JCS envelope )      what people carry from one place to the other

import { encodeBase64url, parseBase64url } from './base64.ts';
import { FormatError, VerifyError } from './error.ts';
import { encodeJcs, parseJcs } from './json.ts';
import { parseTime } from './leaf.ts';
import { isRootKey, isRootSet, parseRootSet } from './root-set.ts';
import {
  type Envelope,
  envelopeSchema,
  MAX_CERTIFICATES,
  parseStatement,
  type Statement,
  type StatementOf,
  verifyStatement,
} from './statement.ts';

const TEXT_PREFIX = 'caisey-root1.';
const MAX_TEXT_CHARS = 65_536;

/** A `root` statement has no member `log` to compare. */
const NO_LOG = '';

/** What is pinned, the certificates at hand, and the time in milliseconds since 1970. */
export interface CertifiedAt {
  /** A root set (`root-set.ts`). */
  readonly root: string;
  readonly certificates: readonly Envelope[];
  readonly atMs: number;
}

/**
 * The keys whose rosters count: those that are pinned, and those that certificates in force lead to, one after
 * another. A certificate by any other key says nothing, and neither does one that is not in force.
 * @throws {FormatError} code `statement` for what is no statement at all
 * @throws {VerifyError} when one that a trusted key is said to have signed does not hold: `signature`, `webauthn`, or
 *   `wrong-kind` for another statement in a certificate's place
 */
export async function trustedRoots({
  root,
  certificates,
  atMs,
}: CertifiedAt): Promise<ReadonlySet<string>> {
  if (certificates.length > MAX_CERTIFICATES) {
    throw new FormatError('statement', `Cannot use more than ${MAX_CERTIFICATES} certificates`);
  }
  const trusted = new Set(isRootSet(root) ? parseRootSet(root) : []);
  const left = certificates.map((envelope) => ({
    envelope,
    by: parseStatement(envelope).statement.by,
  }));
  for (;;) {
    const at = left.findIndex(({ by }) => trusted.has(by));
    const [next] = at === -1 ? [] : left.splice(at, 1);
    if (next === undefined) return trusted;
    const { statement } = await verifyStatement(next.envelope, { type: 'root', log: NO_LOG });
    if (!isInForce(statement, atMs)) continue;
    for (const key of parseRootSet(statement.keys)) trusted.add(key);
  }
}

/**
 * Checks that the signer of a roster, or of a site's keys, is a root where this set is pinned.
 * @throws {VerifyError} code `not-authorised`; as `trustedRoots`, when the signer is not of the set itself
 */
export async function checkRootSigner(
  { type, by, roots = [] }: Pick<StatementOf<'roster' | 'site'>, 'type' | 'by' | 'roots'>,
  { root, atMs }: Pick<CertifiedAt, 'root' | 'atMs'>,
): Promise<void> {
  if (isRootKey(root, by)) return;
  if ((await trustedRoots({ root, certificates: roots, atMs })).has(by)) return;
  throw new VerifyError('not-authorised', `Cannot accept ${type}: not signed by the pinned root`);
}

/** Formats a certificate as its one line of text. */
export function formatRootCertificate(envelope: Envelope): string {
  return TEXT_PREFIX + encodeBase64url(encodeJcs(envelope));
}

/**
 * Parses a certificate's text, without trusting it.
 * @throws {FormatError} code `statement`
 */
export function parseRootCertificate(text: string): {
  envelope: Envelope;
  statement: StatementOf<'root'>;
} {
  const trimmed = text.trim();
  if (trimmed.length > MAX_TEXT_CHARS || !trimmed.startsWith(TEXT_PREFIX)) {
    throw malformed(`it does not begin "${TEXT_PREFIX}"`);
  }
  const envelope = parseEnvelope(trimmed.slice(TEXT_PREFIX.length));
  const { statement } = parseStatement(envelope);
  if (statement.type !== 'root') throw malformed(`it is a ${statement.type}`);
  return { envelope, statement };
}

function parseEnvelope(text: string): Envelope {
  try {
    return envelopeSchema.parse(parseJcs(parseBase64url(text)));
  } catch (cause) {
    throw malformed('damaged or incomplete', { cause });
  }
}

function isInForce(
  { not_before: from, expires }: Pick<Statement, 'not_before' | 'expires'>,
  atMs: number,
): boolean {
  return atMs >= parseTime(from) && atMs < parseTime(expires);
}

function malformed(state: string, options?: ErrorOptions): FormatError {
  return new FormatError('statement', `Cannot parse root certificate: ${state}`, options);
}
