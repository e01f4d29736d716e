// What governs a site, judged in this page: the newest entries of its log that put a statement in force. The log says
// what is in force; each statement is believed for its signature alone. The roster must be by the root that this browser
// pinned, the client's own by the key that the site was claimed with, which stands in the log as well.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { isOpenedAs } from '#crypto/entry.ts';
import { FormatError, VerifyError } from '#crypto/error.ts';
import { parseTime } from '#crypto/leaf.ts';
import { type RootedAt, verifyAuthority, verifyPolicy } from '#crypto/roster.ts';
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
  /** By whom and for whom the site was claimed; null: withheld, or not told. */
  readonly claim: {
    readonly card: FactCard;
    readonly msp: string;
    readonly authorityKey: string;
  } | null;
  readonly roster: { readonly card: FactCard; readonly standing: Standing } | null;
  readonly authority: Judged<VerifiedStatement<'authority'>> | null;
  readonly policy: Judged<VerifiedStatement<'policy'>> | null;
  /** By whoever was an approver when they chose; null: nobody did, and the site's own setting counts. */
  readonly digest: Judged<VerifiedStatement<'digest'>> | null;
}

/** Judges what a site's log has in force. Never throws for what the site showed. */
export async function judgeRules(
  entries: RulingEntries,
  { origin, pinned, atMs }: { origin: string; pinned: Pinned | undefined; atMs: number },
): Promise<SiteRules> {
  const claim = claimOf(entries['site.claimed']);
  const at = { log: origin, root: claim?.authorityKey ?? '', seen: null, atMs };
  const authority = await judge<'authority'>(entries['authority.changed'], at, verifyAuthority);
  return {
    claim,
    roster: await rosterOf(entries['roster.changed'], { pinned, atMs }),
    authority,
    policy: await judge<'policy'>(entries['policy.changed'], at, verifyPolicy),
    digest: await judge<'digest'>(entries['digest.changed'], at, (envelope, { log }) =>
      verifyStatement(envelope, { type: 'digest', log }),
    ),
  };
}

function claimOf(entry: CheckedEntry | undefined): SiteRules['claim'] {
  if (entry === undefined || !isOpenedAs(entry.opened, 'site.claimed')) return null;
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

/** One whose time is over is still the one in force: its signature is judged as of its last moment. */
async function judge<T extends 'authority' | 'policy' | 'digest'>(
  entry: CheckedEntry | undefined,
  at: RootedAt,
  verify: (envelope: Envelope, at: RootedAt) => Promise<Signed<T>>,
): Promise<Judged<VerifiedStatement<T>> | null> {
  if (entry === undefined) return null;
  const card = factCard(entry);
  const envelope = envelopeOf(entry);
  if (envelope === undefined) return { kind: 'bad', card, why: WITHHELD };
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
