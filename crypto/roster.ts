// The two authorities that meet at a site. A key of the MSP's root set, or one that it certified, signs the roster:
// who may ask. The client's authority key signs who may approve, and the policy: what may be done. Neither can
// replace the other.
//
// The root also signs which keys a site has: its appliance's, and its log's. So a browser that comes to a site for the
// first time need not take them from the console's host.
//
// Versions only go up. Who pins a root also remembers the last version it saw, so that an old roster, in
// which a dismissed technician still stands, is refused although its signature holds.

import { VerifyError } from './error.ts';
import { checkRootSigner } from './root-certificate.ts';
import {
  type Approver,
  checkInForce,
  type Envelope,
  type Member,
  type Signed,
  type StatementOf,
  verifyStatement,
} from './statement.ts';

/** The last version of a statement that was seen, and its hash: the floor below which nothing is accepted. */
export interface SeenVersion {
  readonly version: number;
  readonly hash: string;
}

/** What is known of the root that must have signed. */
export interface RootedAt {
  readonly log: string;
  /** What is pinned: for the MSP's statements a root set (`root-set.ts`), for the client's a single key. */
  readonly root: string;
  readonly seen: SeenVersion | null;
  readonly atMs: number;
}

/**
 * Verifies a roster against the MSP's pinned root, and the certificates that the roster brings along.
 * @throws {VerifyError} `not-authorised` for another signer, `rolled-back`, `fork`, `expired`, `signature`; as
 *   `trustedRoots` for its certificates
 */
export async function verifyRoster(envelope: Envelope, at: RootedAt): Promise<Signed<'roster'>> {
  return verifyRooted(envelope, 'roster', at);
}

/**
 * Verifies which keys a site has, as the MSP's pinned root says.
 * @throws {VerifyError} `binding` when it is another site's; else as `verifyRoster`
 */
export async function verifySite(
  envelope: Envelope,
  { site, ...at }: Omit<RootedAt, 'log'> & { readonly site: string },
): Promise<Signed<'site'>> {
  const { statement } = await verifyStatement(envelope, { type: 'site', log: NO_LOG });
  if (statement.site !== site) {
    throw new VerifyError('binding', 'Cannot accept site: the statement is of another site');
  }
  return verifyRooted(envelope, 'site', { ...at, log: NO_LOG });
}

/**
 * Verifies the client's list of approvers against the pinned authority key.
 * @throws {VerifyError} as `verifyRoster`
 */
export async function verifyAuthority(
  envelope: Envelope,
  at: RootedAt,
): Promise<Signed<'authority'>> {
  return verifyRooted(envelope, 'authority', at);
}

/**
 * Verifies the client's policy against the pinned authority key.
 * @throws {VerifyError} as `verifyRoster`
 */
export async function verifyPolicy(envelope: Envelope, at: RootedAt): Promise<Signed<'policy'>> {
  return verifyRooted(envelope, 'policy', at);
}

/**
 * Verifies an approver's word on what the console may know. It counts until another one does: its expiry says by
 * when it must have been taken. Only the next version is taken: otherwise one approver, with the highest number that
 * there is, would have the last word for ever.
 * @throws {VerifyError} `not-authorised` unless an approver signed it, `skipped` for a version further on; else as
 *   `verifyRoster`
 */
export async function verifyDigest(
  envelope: Envelope,
  {
    log,
    authority,
    seen,
    atMs,
  }: Pick<RootedAt, 'log' | 'seen' | 'atMs'> & {
    authority: { readonly approvers: readonly Approver[] };
  },
): Promise<Signed<'digest'>> {
  const signed = await verifyStatement(envelope, { type: 'digest', log });
  const { statement, hash } = signed;
  approverByKey(authority, statement.by);
  checkInForce(statement, atMs);
  const { version } = statement;
  checkVersion({ type: 'digest', version, hash }, seen);
  const next = (seen?.version ?? 0) + 1;
  if (version > next) {
    throw new VerifyError('skipped', `Cannot accept digest: version ${version}, not ${next}`);
  }
  return signed;
}

/** The member with this key. @throws {VerifyError} code `not-authorised` when there is none */
export function memberByKey(roster: { members: readonly Member[] }, key: string): Member {
  const member = roster.members.find((candidate) => candidate.key === key);
  if (member === undefined) {
    throw new VerifyError('not-authorised', 'Cannot accept key: it is not in the roster');
  }
  return member;
}

/** The approver with this key. @throws {VerifyError} code `not-authorised` when there is none */
export function approverByKey(
  authority: { readonly approvers: readonly Approver[] },
  key: string,
): Approver {
  const approver = authority.approvers.find((candidate) => candidate.key === key);
  if (approver === undefined) {
    throw new VerifyError('not-authorised', 'Cannot accept key: it is no approver of this site');
  }
  return approver;
}

/** A `site` statement has no member `log` to compare. */
const NO_LOG = '';

type Rooted = StatementOf<'roster' | 'site' | 'authority' | 'policy'>;

async function verifyRooted<T extends Rooted['type']>(
  envelope: Envelope,
  type: T,
  { log, root, seen, atMs }: RootedAt,
): Promise<Signed<T>> {
  const signed = await verifyStatement(envelope, { type, log });
  const rooted: Rooted = signed.statement;
  const { by, version } = rooted;
  if (rooted.type === 'roster' || rooted.type === 'site') {
    await checkRootSigner(rooted, { root, atMs });
  } else if (by !== root) {
    throw new VerifyError('not-authorised', `Cannot accept ${type}: not signed by the pinned root`);
  }
  checkInForce(rooted, atMs);
  checkVersion({ type, version, hash: signed.hash }, seen);
  return signed;
}

function checkVersion(
  { type, version, hash }: SeenVersion & { type: string },
  seen: SeenVersion | null,
): void {
  if (seen !== null && version < seen.version) {
    throw new VerifyError(
      'rolled-back',
      `Cannot accept ${type}: version ${version} is older than ${seen.version}, already seen`,
    );
  }
  if (seen !== null && version === seen.version && hash !== seen.hash) {
    throw new VerifyError('fork', `Cannot accept ${type}: another version ${version} was seen`);
  }
}
