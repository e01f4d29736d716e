// Founding an MSP in its owner's browser: the root set of a signing key and a recovery key, and the first roster.
// The host gets the public halves and the signed roster; the recovery key leaves the browser as a file only.

import { commonOf } from '#appliance/protocol/session-key.ts';
import { FormatError } from '#crypto/error.ts';
import { formatKeyFile, parseKeyFile } from '#crypto/key-file.ts';
import { formatRootSet } from '#crypto/root-set.ts';
import {
  type Envelope,
  MAX_CERTIFICATES,
  type Member,
  parseStatement,
  signStatement,
  type StatementOf,
  type StatementSigner,
} from '#crypto/statement.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { liveCertificates } from './certificates.ts';

/** A roster is signed again before a year is over: who left and was forgotten loses access by then. */
export const ROSTER_LIFE_MS = 365 * 86_400_000;

/** The key that an owner keeps off line: the text of its file, and its public half. */
export interface RecoveryKey {
  readonly file: string;
  readonly fileName: string;
  readonly key: string;
}

/** Makes a recovery key. */
export async function createRecoveryKey(organisation: string): Promise<RecoveryKey> {
  const name = `${organisation}: recovery key`.slice(0, 128);
  const file = await formatKeyFile({ name, seed: randomBytes(32) });
  const { key } = await parseKeyFile(file);
  return { file, fileName: `${slugOf(organisation)}-recovery.caisey-key.json`, key };
}

/** What the host is told when an organisation is founded: nothing secret. */
export interface Founding {
  readonly rootKeys: string;
  readonly roster: Envelope;
}

/** A site that was founded without this organisation and comes to it, as its own root says; proved by whoever hands it in. */
export interface BroughtSite {
  /** By which that site's root lets this organisation's count there. */
  readonly certificate: Envelope;
  /** Who may ask there now. */
  readonly members: readonly Member[];
  /** Of the roster in force there. */
  readonly rosterVersion: number;
}

/** Signs the first roster: the owner, and who may ask already at a site that is brought along. */
export async function signFirstRoster({
  organisation,
  owner,
  recoveryKey,
  brought = null,
  signer,
  nowMs,
}: {
  organisation: string;
  owner: string;
  /** Public half, as a line of text. */
  recoveryKey: string;
  brought?: BroughtSite | null;
  signer: StatementSigner;
  nowMs: number;
}): Promise<Founding> {
  const member: Member = { id: slugOf(owner), name: owner, role: 'owner', key: signer.key };
  const alone = { msp: organisation, version: 1, members: [member] };
  const above = nextVersion(0, brought?.rosterVersion ?? 0);
  const content = brought === null ? alone : { ...withSite(alone, brought), version: above };
  const roster = await signRoster(content, { signer, nowMs });
  return { rootKeys: formatRootSet([signer.key, recoveryKey]), roster };
}

/** What is in a roster. */
export type RosterContent = Pick<StatementOf<'roster'>, 'msp' | 'version' | 'members' | 'roots'>;

/**
 * Signs a roster. The root's word: what it does not list may not ask. Certificates that have run out or do not hold
 * are left behind. @throws {Error} for more certificates than a roster takes
 */
export async function signRoster(
  { roots = [], ...content }: RosterContent,
  { signer, nowMs }: { signer: StatementSigner; nowMs: number },
): Promise<Envelope> {
  const live = await liveCertificates(roots, nowMs);
  if (live.length > MAX_CERTIFICATES) {
    throw new Error(`A roster takes ${MAX_CERTIFICATES} sites with roots of their own, no more`);
  }
  const common = commonOf(signer, { nowMs, lifeMs: ROSTER_LIFE_MS });
  const carried = live.length === 0 ? {} : { roots: live };
  return signStatement({ ...common, type: 'roster', ...content, ...carried }, signer);
}

/** What an owner changes in a roster. */
export type RosterChange =
  /** Takes the place of whoever has this id. */
  | { readonly put: Member }
  /** A further key, be it of somebody who is in the roster: one id, two devices. */
  | { readonly add: Member }
  | { readonly removeKey: string }
  /** A site that has a root of its own comes along, with who may ask there. */
  | { readonly bring: BroughtSite }
  /** A certificate is left behind: the `CertifiedRoot.id` of it. */
  | { readonly takeOut: string }
  /** Nobody comes or goes: a new version, and a new year. */
  | { readonly renew: true };

/**
 * The next roster; versions only go up, and no key stands in it twice. `told` is the highest version that a site is
 * said to have: only above it the roster counts there.
 * @throws {Error} for a certificate that it does not carry
 */
export function nextRoster(current: Envelope, change: RosterChange, told = 0): RosterContent {
  const { statement } = parseStatement(current);
  if (statement.type !== 'roster') throw new TypeError('Cannot change roster: it is none');
  const { msp, version, members, roots } = statement;
  const next = {
    ...{ msp, version: nextVersion(version, told) },
    ...(roots === undefined ? {} : { roots }),
  };
  if ('renew' in change) return { ...next, members };
  if ('bring' in change) {
    const above = nextVersion(version, Math.max(told, change.bring.rosterVersion));
    return { ...withSite({ ...next, members }, change.bring), version: above };
  }
  if ('takeOut' in change) {
    return { ...next, members, roots: withoutCertificate(roots ?? [], change.takeOut) };
  }
  if ('removeKey' in change) {
    return { ...next, members: members.filter(({ key }) => key !== change.removeKey) };
  }
  const member = 'put' in change ? change.put : change.add;
  const kept = members.filter(
    ({ id, key }) => key !== member.key && !('put' in change && id === member.id),
  );
  return { ...next, members: [...kept, member] };
}

/**
 * A site may be ahead by so many versions. One that says more is not believed: nobody is to use the numbers up for
 * everybody else.
 */
export const MAX_VERSIONS_AHEAD = 10_000;

function nextVersion(own: number, told: number): number {
  return Math.max(own, told - own > MAX_VERSIONS_AHEAD ? 0 : told) + 1;
}

/** Adds a site's certificate, and those who may ask there; who stands in the roster by their key stays as they are. */
function withSite(
  content: RosterContent,
  { certificate, members: theirs }: BroughtSite,
): RosterContent {
  const members = [...content.members];
  for (const { id, name, role, key } of theirs) {
    if (members.some((member) => member.key === key)) continue;
    const isTaken = members.some((member) => member.id === id);
    members.push({ id: isTaken ? freeMemberId(name, members) : id, name, role, key });
  }
  return { ...content, members, roots: withCertificate(content.roots ?? [], certificate) };
}

/** A certificate takes the place of an earlier one by the same key for the same set. */
function withCertificate(roots: readonly Envelope[], added: Envelope): Envelope[] {
  const is = certified(added);
  if (is === null) throw new TypeError('Cannot add certificate: it is none');
  const kept = roots.filter((envelope) => {
    const other = certified(envelope);
    return other !== null && (other.by !== is.by || other.keys !== is.keys);
  });
  return [...kept, added];
}

function withoutCertificate(roots: readonly Envelope[], id: string): Envelope[] {
  const kept = roots.filter(({ statement }) => statement !== id);
  if (kept.length < roots.length) return kept;
  throw new Error('Nothing is signed: that certificate is in the roster no more');
}

/** Null: it is none. */
function certified(envelope: Envelope): { by: string; keys: string } | null {
  try {
    const { statement } = parseStatement(envelope);
    return statement.type === 'root' ? { by: statement.by, keys: statement.keys } : null;
  } catch (cause) {
    if (cause instanceof FormatError) return null;
    throw cause;
  }
}

/** An id for a new member of this name that nobody in the roster has. */
export function freeMemberId(name: string, members: readonly Pick<Member, 'id'>[]): string {
  const taken = new Set(members.map(({ id }) => id));
  const slug = slugOf(name);
  if (!taken.has(slug)) return slug;
  for (let number = 2; ; number += 1) {
    const id = `${slug.slice(0, 58)}-${number}`;
    if (!taken.has(id)) return id;
  }
}

/** A name as a member's id: lower case letters, digits, dots and dashes. */
export function slugOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase();
  const slug = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-+|-+$/g, '');
  return slug === '' ? 'member' : slug.slice(0, 64);
}
