// What a browser may think of the roster that the host shows: judged by the root that this browser pinned, never by
// the host's word. Nothing is signed on top of a roster that does not stand here.

import { parseTime } from '#crypto/leaf.ts';
import { trustedRoots } from '#crypto/root-certificate.ts';
import { rootCode } from '#crypto/root-set.ts';
import { verifyRoster } from '#crypto/roster.ts';
import { type Envelope, parseStatement, type VerifiedStatement } from '#crypto/statement.ts';
import type { Pinned } from './keeper.ts';

/** A roster is to be renewed from so long before its end on. */
export const RENEW_BEFORE_MS = 30 * 86_400_000;

/** The roster as the host shows it. */
export interface ShownRoster {
  /** The root set, as the host has it. */
  readonly rootKeys: string;
  readonly envelope: Envelope;
  /** The highest version that a site told to have in force: the next one is to be above it. */
  readonly toldVersion?: number;
}

/** A roster whose signature by a root key held in this browser. */
export interface CheckedRoster {
  readonly envelope: Envelope;
  readonly statement: VerifiedStatement<'roster'>;
  readonly rootKeys: string;
  /** The keys that may sign the next one: the root set's, and those that it certified. */
  readonly signers: ReadonlySet<string>;
  readonly toldVersion: number;
  readonly expiresAtMs: number;
}

export type Standing =
  /** The organisation has none yet. */
  | { readonly kind: 'none' }
  /** It stands; `life` says whether it must be renewed. */
  | {
      readonly kind: 'stands';
      readonly roster: CheckedRoster;
      readonly life: 'long' | 'short' | 'over';
    }
  /** Its signature holds, by a root that this browser has never been told of: a person compares the code. */
  | { readonly kind: 'unpinned'; readonly roster: CheckedRoster; readonly code: string }
  /** The host names another root than the one that was pinned here. */
  | { readonly kind: 'other-root'; readonly pinnedCode: string; readonly shownCode: string }
  /** The host shows a roster older than one that was seen here. */
  | { readonly kind: 'older'; readonly version: number; readonly seen: number }
  | { readonly kind: 'bad'; readonly why: string };

/** Judges what the host shows. Never throws for what the host sent. */
export async function judgeRoster(
  shown: ShownRoster | null,
  { pinned, atMs }: { pinned: Pinned | undefined; atMs: number },
): Promise<Standing> {
  if (shown === null) {
    if (pinned === undefined) return { kind: 'none' };
    return { kind: 'older', version: 0, seen: pinned.rosterVersion };
  }
  const shownCode = rootCode(shown.rootKeys);
  if (pinned !== undefined && pinned.rootKeys !== shown.rootKeys) {
    return { kind: 'other-root', pinnedCode: rootCode(pinned.rootKeys), shownCode };
  }
  let roster: CheckedRoster;
  try {
    roster = await checkShown(shown, atMs);
  } catch (cause) {
    return { kind: 'bad', why: cause instanceof Error ? cause.message : String(cause) };
  }
  if (pinned === undefined) return { kind: 'unpinned', roster, code: shownCode };
  const { version } = roster.statement;
  if (version < pinned.rosterVersion) {
    return { kind: 'older', version, seen: pinned.rosterVersion };
  }
  return { kind: 'stands', roster, life: lifeOf(roster.expiresAtMs - atMs) };
}

/** One that has run out is still the one to renew: its signature is judged as of its last moment. */
async function checkShown(
  { rootKeys, envelope, toldVersion = 0 }: ShownRoster,
  atMs: number,
): Promise<CheckedRoster> {
  const expiresAtMs = parseTime(parseStatement(envelope).statement.expires);
  const at = { root: rootKeys, atMs: Math.min(atMs, expiresAtMs - 1) };
  const { statement } = await verifyRoster(envelope, { ...at, log: '', seen: null });
  const signers = await trustedRoots({ ...at, certificates: statement.roots ?? [] });
  return { envelope, statement, rootKeys, signers, toldVersion, expiresAtMs };
}

function lifeOf(leftMs: number): 'long' | 'short' | 'over' {
  if (leftMs <= 0) return 'over';
  return leftMs < RENEW_BEFORE_MS ? 'short' : 'long';
}
