// What governs a site, judged in this page: the newest entries of its log that put a statement in force. The log says
// what is in force; each statement is believed for its signature alone. The roster must be by the root that this browser
// pinned, the client's own by the key that the site was claimed with, which stands in the log as well, in its one place;
// what the console may know by an approver of the list that was in force when it was said.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { isOpenedAs } from '#crypto/entry.ts';
import { FormatError, VerifyError } from '#crypto/error.ts';
import { CLAIM_INDEX } from '#crypto/kind.ts';
import { parseTime } from '#crypto/leaf.ts';
import { approverByKey, type RootedAt, verifyAuthority, verifyPolicy } from '#crypto/roster.ts';
import {
  type Envelope,
  parseStatement,
  type Signed,
  type VerifiedStatement,
  verifyStatement,
} from '#crypto/statement.ts';
import { factCard } from './fact-card.ts';
import type { Pinned } from './keeper.ts';
import { judgeRoster, type Standing } from './roster-standing.ts';
import type { FactCard } from './session-card.ts';

/** The kinds of entries by which a site is governed. */
export const RULING_KINDS = [
  'site.claimed',
  'roster.changed',
  'authority.changed',
  'policy.changed',
  'digest.changed',
] as const;

/** The newest entry of each kind; a kind of which the log has none is absent. */
export type RulingEntries = Readonly<Partial<Record<(typeof RULING_KINDS)[number], CheckedEntry>>>;

/** A statement, and whether it holds. `isOver`: its time is over, but no other took its place. */
export type Judged<T> =
  | {
      readonly kind: 'holds';
      readonly card: FactCard;
      readonly statement: T;
      readonly isOver: boolean;
    }
  | { readonly kind: 'bad'; readonly card: FactCard; readonly why: string };

export interface SiteRules {
  /** By whom and for whom the site was claimed; null: withheld, not told, or claimed a second time. */
  readonly claim: {
    readonly card: FactCard;
    readonly msp: string;
    readonly authorityKey: string;
  } | null;
  readonly roster: { readonly card: FactCard; readonly standing: Standing } | null;
  readonly authority: Judged<VerifiedStatement<'authority'>> | null;
  readonly policy: Judged<VerifiedStatement<'policy'>> | null;
  /** By an approver of the list of then; null: nobody chose, and the site's own setting counts. */
  readonly digest: Judged<VerifiedStatement<'digest'>> | null;
}

/** Judges what a site's log has in force. Never throws for what the site showed. */
export async function judgeRules(
  entries: RulingEntries,
  {
    origin,
    pinned,
    atMs,
    approversThen,
  }: {
    origin: string;
    pinned: Pinned | undefined;
    atMs: number;
    /** The list of approvers that stands before the digest, where it is not the newest. */
    approversThen?: CheckedEntry;
  },
): Promise<SiteRules> {
  const claim = claimOf(entries['site.claimed']);
  const again = claimedAgain(entries['site.claimed']);
  const at = { log: origin, root: claim?.authorityKey ?? '', seen: null, atMs, again };
  const newest = entries['authority.changed'];
  return {
    claim,
    roster: await rosterOf(entries['roster.changed'], { pinned, atMs }),
    authority: await judge<'authority'>(newest, at, verifyAuthority),
    policy: await judge<'policy'>(entries['policy.changed'], at, verifyPolicy),
    digest: await judgeDigest(entries['digest.changed'], at, [newest, approversThen]),
  };
}

/** Where to look for the list of approvers that a digest cites: before this place of the log; null: it is at hand. */
export function approversBefore(entries: RulingEntries): number | null {
  const digest = entries['digest.changed'];
  if (digest === undefined) return null;
  return digest.leaf.ref?.authority === entries['authority.changed']?.name ? null : digest.leaf.i;
}

/** What is said of everything by the client's key, where the site was claimed out of its place; null: it was not. */
function claimedAgain(entry: CheckedEntry | undefined): string | null {
  if (entry === undefined || entry.leaf.i === CLAIM_INDEX) return null;
  return `Entry ${entry.leaf.i} of the log says that the site was claimed a second time, which cannot be`;
}

function claimOf(entry: CheckedEntry | undefined): SiteRules['claim'] {
  if (entry === undefined || !isOpenedAs(entry.opened, 'site.claimed')) return null;
  if (claimedAgain(entry) !== null) return null;
  const { msp, authority_key: authorityKey } = entry.opened.fields;
  if (msp === undefined || authorityKey === undefined) return null;
  return { card: factCard(entry), msp, authorityKey };
}

async function rosterOf(
  entry: CheckedEntry | undefined,
  { pinned, atMs }: { pinned: Pinned | undefined; atMs: number },
): Promise<SiteRules['roster']> {
  if (entry === undefined) return null;
  const envelope = envelopeOf(entry);
  const card = factCard(entry);
  if (envelope === undefined) return { card, standing: { kind: 'bad', why: WITHHELD } };
  if (pinned === undefined) return { card, standing: { kind: 'bad', why: UNPINNED } };
  const shown = { rootKeys: pinned.rootKeys, envelope };
  return { card, standing: await judgeRoster(shown, { pinned, atMs }) };
}

const WITHHELD = 'What it says is withheld from this log';
const UNPINNED = "This browser does not know your organisation's root yet: see Settings, People";

/** What is known of the client's key; `again`: why nothing by it is believed. */
type JudgedAt = RootedAt & { readonly again: string | null };

/** A choice counts by the list that was in force when it was made: its approver may have been struck off since. */
async function judgeDigest(
  entry: CheckedEntry | undefined,
  at: JudgedAt,
  lists: readonly (CheckedEntry | undefined)[],
): Promise<SiteRules['digest']> {
  if (entry === undefined) return null;
  const bad = (why: string) => ({ kind: 'bad', card: factCard(entry), why }) as const;
  const before = lists.filter((list) => list !== undefined && list.leaf.i < entry.leaf.i);
  const list = before.find((known) => known?.name === entry.leaf.ref?.authority);
  const authority = await judge<'authority'>(list, at, verifyAuthority);
  if (list === undefined || authority === null) {
    return bad(before.length === 0 ? 'The list of approvers that it cites was not shown' : OVER);
  }
  if (before.some((known) => known !== undefined && known.leaf.i > list.leaf.i)) return bad(OVER);
  if (authority.kind === 'bad') return bad(`Its list of approvers: ${authority.why}`);
  return judge<'digest'>(entry, at, async (envelope, { log }) => {
    const signed = await verifyStatement(envelope, { type: 'digest', log });
    const { id, name } = approverByKey(authority.statement, signed.statement.by);
    const { level } = signed.statement;
    if (!isOpenedAs(entry.opened, 'digest.changed')) throw new Error('unreachable: another kind');
    const said = { approver: name, approver_id: id, level, ...entry.opened.fields };
    if (said.approver !== name || said.approver_id !== id || said.level !== level) {
      throw new VerifyError('binding', 'What the log says of it is not what was signed');
    }
    return signed;
  });
}

const OVER = 'The list of approvers that it cites was no longer in force';

/** One whose time is over is still the one in force: its signature is judged as of its last moment. */
async function judge<T extends 'authority' | 'policy' | 'digest'>(
  entry: CheckedEntry | undefined,
  at: JudgedAt,
  verify: (envelope: Envelope, at: RootedAt) => Promise<Signed<T>>,
): Promise<Judged<VerifiedStatement<T>> | null> {
  if (entry === undefined) return null;
  const card = factCard(entry);
  const envelope = envelopeOf(entry);
  if (envelope === undefined) return { kind: 'bad', card, why: WITHHELD };
  if (at.again !== null) return { kind: 'bad', card, why: at.again };
  try {
    const endMs = parseTime(parseStatement(envelope).statement.expires);
    const { statement } = await verify(envelope, { ...at, atMs: Math.min(at.atMs, endMs - 1) });
    return { kind: 'holds', card, statement, isOver: endMs <= at.atMs };
  } catch (cause) {
    if (!(cause instanceof VerifyError || cause instanceof FormatError)) throw cause;
    return { kind: 'bad', card, why: cause.message };
  }
}

function envelopeOf({ opened }: CheckedEntry): Envelope | undefined {
  for (const kind of RULING_KINDS) {
    if (kind !== 'site.claimed' && isOpenedAs(opened, kind)) return opened.fields.statement;
  }
  return undefined;
}
