// Founding an MSP in its owner's browser: the root set of a signing key and a recovery key, and the first roster.
// The host gets the public halves and the signed roster; the recovery key leaves the browser as a file only.

import { commonOf } from '#appliance/protocol/session-key.ts';
import { formatKeyFile, parseKeyFile } from '#crypto/key-file.ts';
import { formatRootSet } from '#crypto/root-set.ts';
import {
  type Envelope,
  type Member,
  parseStatement,
  signStatement,
  type StatementOf,
  type StatementSigner,
} from '#crypto/statement.ts';
import { randomBytes } from '#crypto/webcrypto.ts';

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

/** Signs the first roster: the owner alone. */
export async function signFirstRoster({
  organisation,
  owner,
  recoveryKey,
  signer,
  nowMs,
}: {
  organisation: string;
  owner: string;
  /** Public half, as a line of text. */
  recoveryKey: string;
  signer: StatementSigner;
  nowMs: number;
}): Promise<Founding> {
  const member: Member = { id: slugOf(owner), name: owner, role: 'owner', key: signer.key };
  const roster = await signRoster(
    { msp: organisation, version: 1, members: [member] },
    { signer, nowMs },
  );
  return { rootKeys: formatRootSet([signer.key, recoveryKey]), roster };
}

/** Signs a roster. The root's word: what it does not list may not ask. */
export function signRoster(
  content: Pick<StatementOf<'roster'>, 'msp' | 'version' | 'members'>,
  { signer, nowMs }: { signer: StatementSigner; nowMs: number },
): Promise<Envelope> {
  const common = commonOf(signer, { nowMs, lifeMs: ROSTER_LIFE_MS });
  return signStatement({ ...common, type: 'roster', ...content }, signer);
}

/** What an owner changes in a roster. */
export type RosterChange =
  /** Takes the place of whoever has this id. */
  | { readonly put: Member }
  /** A further key, be it of somebody who is in the roster: one id, two devices. */
  | { readonly add: Member }
  | { readonly removeKey: string }
  /** Nobody comes or goes: a new version, and a new year. */
  | { readonly renew: true };

/** The next roster; versions only go up, and no key stands in it twice. */
export function nextRoster(
  current: Envelope,
  change: RosterChange,
): Pick<StatementOf<'roster'>, 'msp' | 'version' | 'members'> {
  const { statement } = parseStatement(current);
  if (statement.type !== 'roster') throw new TypeError('Cannot change roster: it is none');
  const { msp, version, members } = statement;
  const next = { msp, version: version + 1 };
  if ('renew' in change) return { ...next, members };
  if ('removeKey' in change) {
    return { ...next, members: members.filter(({ key }) => key !== change.removeKey) };
  }
  const member = 'put' in change ? change.put : change.add;
  const kept = members.filter(
    ({ id, key }) => key !== member.key && !('put' in change && id === member.id),
  );
  return { ...next, members: [...kept, member] };
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
