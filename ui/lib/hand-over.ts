// What a site with a root of its own hands over to an organisation: the certificate for the organisation's root, and
// the roster in force there. The host carries both, and could have made both up: so whoever gave them out shows a code
// over the two, and a person types it into the page that is about to sign.
//
//   code = 12 letters of SHA-256("caisey/hand-over/v1\0" || certificate's hash || roster's hash)

import { parseBase64url } from '#crypto/base64.ts';
import { concatBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { sha256 } from '#crypto/hash.ts';
import { crockford, plainCode } from '#crypto/match-code.ts';
import { verifyRoster } from '#crypto/roster.ts';
import type { Envelope, Member } from '#crypto/statement.ts';
import { verifyCertificate } from './certificates.ts';

const CODE_CHARS = 12;

/** As it is carried. */
export interface HandOver {
  readonly certificate: Envelope;
  /** The roster in force at the site. */
  readonly roster: Envelope;
}

/** A hand-over whose signatures hold, all of them by one root; whose root that is, the code alone tells. */
export interface VerifiedHandOver {
  readonly certificate: Envelope;
  /** The key of the site's root that signed the certificate. */
  readonly by: string;
  /** Who may ask there now, by a roster that this root signed or certified. */
  readonly members: readonly Member[];
  readonly rosterVersion: number;
  /** `7QK2-FD0M-93XA`: 60 bits. */
  readonly code: string;
}

/**
 * Verifies what was handed over to this root set.
 * @throws {VerifyError} as `verifyCertificate` and `verifyRoster`
 * @throws {FormatError} code `statement`
 */
export async function verifyHandOver(
  { certificate, roster }: HandOver,
  { rootKeys, atMs }: { rootKeys: string; atMs: number },
): Promise<VerifiedHandOver> {
  const root = await verifyCertificate(certificate, { rootKeys, atMs });
  const { by } = root.statement;
  const signed = await verifyRoster(roster, { log: '', root: by, seen: null, atMs });
  const { members, version } = signed.statement;
  const code = codeOf(root.hash, signed.hash);
  return { certificate, by, members, rosterVersion: version, code };
}

/** Whether somebody typed this code. */
export function isTyped(text: string, code: string): boolean {
  return plainCode(text) === plainCode(code);
}

function codeOf(...hashes: readonly string[]): string {
  const parts = [encodeUtf8('caisey/hand-over/v1\0'), ...hashes.map(parseBase64url)];
  const letters = crockford(sha256(concatBytes(...parts)), CODE_CHARS);
  return (letters.match(/.{4}/g) ?? []).join('-');
}
