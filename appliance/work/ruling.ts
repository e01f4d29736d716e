// What rules a site: the signed statements of which one of each is in force, as the log holds them.

import { encodeBase64url } from '#crypto/base64.ts';
import type { FieldsOf, Kind } from '#crypto/kind.ts';
import { approverByKey, type SeenVersion, verifyAuthority } from '#crypto/roster.ts';
import { type Approver, type Envelope, type Signed, verifyStatement } from '#crypto/statement.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import { WorkError } from './error.ts';
import { openStored, type Recorded } from './record.ts';

/** The statements of which one of each is in force. */
export type Ruling = 'roster' | 'authority' | 'policy' | 'digest';
export type DigestFields = FieldsOf<'digest.changed'>;

/** A statement in force, and the entry that put it there. */
export interface InForce<T extends Ruling> {
  readonly envelope: Envelope;
  readonly signed: Signed<T>;
  /** Leaf hash of its entry, base64url: what other entries cite. */
  readonly entry: string;
  readonly index: number;
}

/** A statement that was put in force by an entry. */
export function inForce<T extends Ruling>(
  envelope: Envelope,
  signed: Signed<T>,
  { name, index }: Recorded,
): InForce<T> {
  return { envelope, signed, entry: name, index };
}

/** What is remembered of a statement in force: none older is taken. */
export function versionOf(signed: { statement: { version: number }; hash: string }): SeenVersion {
  return { version: signed.statement.version, hash: signed.hash };
}

/**
 * The newest entry of a kind, or the newest before a place in the log.
 * @throws {WorkError} code `record-incomplete` when the log holds none
 */
export async function latest(
  ledger: Ledger,
  kind: Kind,
  range: { readonly before?: number } = {},
): Promise<StoredEntry> {
  for await (const entry of ledger.entriesOfKind(kind, { ...range, newestFirst: true })) {
    return entry;
  }
  throw new WorkError('record-incomplete', `Cannot load site: the log holds no ${kind}`);
}

/**
 * The newest word on what the console may know; null when nobody has said. Whoever said it must have been an approver
 * by the list that was in force where it stands: it counts on when they are struck off later.
 * @throws {VerifyError} code `not-authorised` when it is nobody's who might; `signature`
 */
export async function latestDigest(
  ledger: Ledger,
  { authorityKey }: { authorityKey: string },
): Promise<InForce<'digest'> | null> {
  const { origin: log } = ledger;
  for await (const entry of ledger.entriesOfKind('digest.changed', { newestFirst: true })) {
    const { statement: envelope } = openStored('digest.changed', entry);
    const signed = await verifyStatement(envelope, { type: 'digest', log });
    const authority = await latestStatement(ledger, 'authority.changed', {
      before: entry.index,
      verify: (list, atMs) => verifyAuthority(list, { log, root: authorityKey, seen: null, atMs }),
    });
    approverByKey(authority.signed.statement, signed.statement.by);
    return { envelope, signed, entry: encodeBase64url(entry.hash), index: entry.index };
  }
  return null;
}

/** The fields of `digest.changed`, by whoever is to record one. */
export function digestFields(
  {
    envelope,
    signed: { statement },
    method,
  }: { envelope: Envelope; signed: Signed<'digest'>; method: DigestFields['method'] },
  authority: { readonly approvers: readonly Approver[] },
): DigestFields {
  const { id, name } = approverByKey(authority, statement.by);
  return { level: statement.level, approver: name, approver_id: id, method, statement: envelope };
}

/** The newest statement of a kind, verified as of its entry: one that has run out since still names the site. */
export async function latestStatement<T extends Exclude<Ruling, 'digest'>>(
  ledger: Ledger,
  kind: 'roster.changed' | 'authority.changed' | 'policy.changed',
  {
    verify,
    ...range
  }: {
    readonly verify: (envelope: Envelope, atMs: number) => Promise<Signed<T>>;
    readonly before?: number;
  },
): Promise<InForce<T>> {
  const entry = await latest(ledger, kind, range);
  const { statement: envelope } = openStored(kind, entry);
  const signed = await verify(envelope, Date.parse(entry.leaf.t));
  return { envelope, signed, entry: encodeBase64url(entry.hash), index: entry.index };
}
