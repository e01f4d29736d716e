// Whose word it is which keys a site has. The browser that claimed it has them from the code on the box; every browser
// that knows the organisation's root takes them as an owner signed them; where nobody did, the first visit takes them
// from the host. What is known is never given up for other keys, whoever names them.

import { commonOf } from '#appliance/protocol/session-key.ts';
import type { SiteKeys } from '#crypto/site-fingerprints.ts';
import { parseTime } from '#crypto/leaf.ts';
import { isRootKey } from '#crypto/root-set.ts';
import { type SeenVersion, verifySite } from '#crypto/roster.ts';
import {
  type Envelope,
  parseStatement,
  type Signed,
  signStatement,
  type StatementSigner,
} from '#crypto/statement.ts';
import { liveCertificates } from './certificates.ts';
import type { Keeper, Pinned, PinnedSite } from './keeper.ts';
import type { CheckedRoster } from './roster-standing.ts';
import { wordsOf } from './words-of.ts';

/** The keys of a site stay while it lives; what takes a signature of them back is one with a higher version. */
export const SITE_KEYS_LIFE_MS = 10 * 365 * 86_400_000;

/** A site's keys as the host names them, and the signature that it shows for them. */
export interface ShownSiteKeys {
  readonly id: string;
  readonly keys: SiteKeys;
  /** Null: it shows none. */
  readonly signedKeys: Envelope | null;
}

/** What the signature that the host shows is worth here. */
export type KeysSignature =
  | { readonly kind: 'none' }
  /** It shows none, and one was seen here. */
  | { readonly kind: 'withheld' }
  /** A key of the root that is pinned here signed these keys; whether the host names them is another question. */
  | {
      readonly kind: 'holds';
      readonly keys: SiteKeys;
      readonly seen: SeenVersion;
      readonly by: string;
      readonly until: string;
    }
  /** It held until then. */
  | { readonly kind: 'over'; readonly until: string }
  /** This browser knows no root, so that it cannot tell. */
  | { readonly kind: 'unpinned' }
  | { readonly kind: 'bad'; readonly why: string };

/** All that this browser knows of a site's keys. */
export interface JudgedSiteKeys {
  readonly signature: KeysSignature;
  /** Null: it was never here. */
  readonly pinned: PinnedSite | null;
  /** Whether the host names others than were signed, or than are known here. */
  readonly isOther: boolean;
}

interface JudgedAt {
  readonly keeper: Pick<Keeper, 'pinned' | 'pinnedSite'>;
  readonly atMs: number;
}

/** Judges what the host shows, and keeps nothing. Never throws for what the host sent. */
export async function judgeSiteKeys(
  shown: ShownSiteKeys,
  { keeper, atMs }: JudgedAt,
): Promise<JudgedSiteKeys> {
  const [root, pinned = null] = await Promise.all([keeper.pinned(), keeper.pinnedSite(shown.id)]);
  const signature = await judgeSignature(shown, { root, pinned, atMs });
  const known = [pinned, signature.kind === 'holds' ? signature.keys : null];
  const isOther = known.some((keys) => keys !== null && !areSameKeys(shown.keys, keys));
  return { signature, pinned, isOther };
}

/**
 * Pins a site's keys before the first word to it: as they were signed, and then as the host names them.
 * @throws {Error} when the signature does not hold, or any of them are others than this browser knows
 */
export async function pinSiteKeys(
  shown: ShownSiteKeys,
  { keeper, atMs }: { keeper: Pick<Keeper, 'pinned' | 'pinnedSite' | 'pinSite'>; atMs: number },
): Promise<void> {
  const { signature } = await judgeSiteKeys(shown, { keeper, atMs });
  if (signature.kind === 'bad') {
    throw new Error(`Cannot trust site: the signature of its keys does not hold: ${signature.why}`);
  }
  if (signature.kind === 'holds') {
    await keeper.pinSite(shown.id, { ...signature.keys, signed: signature.seen });
  }
  await keeper.pinSite(shown.id, shown.keys);
}

/**
 * Signs which keys a site has, for every browser of the organisation. That they are the site's own, the caller has from
 * the code on the box, or from somebody who compared them.
 * @throws {Error} when this browser knows others, the signature that is shown does not hold, or the key is not of the root
 */
export async function signSiteKeys(
  shown: ShownSiteKeys,
  {
    roster,
    signer,
    keeper,
    atMs,
  }: JudgedAt & { readonly roster: CheckedRoster; readonly signer: StatementSigner },
): Promise<Envelope> {
  const { signature, pinned, isOther } = await judgeSiteKeys(shown, { keeper, atMs });
  if (isOther) throw new Error('Nothing is signed: this browser knows other keys of this site');
  if (signature.kind === 'bad') {
    throw new Error(
      `Nothing is signed: the signature that stands there does not hold: ${signature.why}`,
    );
  }
  if (!roster.signers.has(signer.key)) {
    throw new Error('Nothing is signed: this key is not of the root');
  }
  const roots = await certificatesFor(signer.key, { roster, atMs });
  const endMs = Math.min(atMs + SITE_KEYS_LIFE_MS, ...roots.map(endOf));
  const before = signature.kind === 'holds' ? signature.seen.version : 0;
  const envelope = await signStatement(
    {
      ...commonOf(signer, { nowMs: atMs, lifeMs: endMs - atMs }),
      ...{
        type: 'site',
        site: shown.id,
        version: Math.max(before, pinned?.signed?.version ?? 0) + 1,
      },
      ...{ appliance: shown.keys.appliance, log_key: shown.keys.log },
      ...(roots.length === 0 ? {} : { roots }),
    },
    signer,
  );
  await verifySite(envelope, { site: shown.id, root: roster.rootKeys, seen: null, atMs });
  return envelope;
}

async function judgeSignature(
  { id: site, signedKeys }: ShownSiteKeys,
  { root, pinned, atMs }: { root: Pinned | undefined; pinned: PinnedSite | null; atMs: number },
): Promise<KeysSignature> {
  const seen = pinned?.signed ?? null;
  if (signedKeys === null) return { kind: seen === null ? 'none' : 'withheld' };
  if (root === undefined) return { kind: 'unpinned' };
  try {
    const endMs = endOf(signedKeys);
    const at = { site, root: root.rootKeys, seen, atMs: Math.min(atMs, endMs - 1) };
    const signed = await verifySite(signedKeys, at);
    if (endMs <= atMs) return { kind: 'over', until: signed.statement.expires };
    return holding(signed);
  } catch (cause) {
    return { kind: 'bad', why: wordsOf(cause) };
  }
}

function holding({ statement, hash }: Signed<'site'>): KeysSignature {
  const { appliance, log_key: log, version, by, expires: until } = statement;
  return { kind: 'holds', keys: { appliance, log }, seen: { version, hash }, by, until };
}

/** Those of the roster's certificates that a signer leans on who is not of the root set itself. */
async function certificatesFor(
  key: string,
  { roster: { rootKeys, signers, statement }, atMs }: { roster: CheckedRoster; atMs: number },
): Promise<Envelope[]> {
  if (isRootKey(rootKeys, key)) return [];
  const live = await liveCertificates(statement.roots ?? [], atMs);
  return live.filter((envelope) => signers.has(parseStatement(envelope).statement.by));
}

function endOf(envelope: Envelope): number {
  return parseTime(parseStatement(envelope).statement.expires);
}

/** What is wrong with a site's keys, in a line that stands where nothing else is said of them; null: nothing. */
export function keysAlarm({ isOther, signature }: JudgedSiteKeys): string | null {
  if (isOther) return 'The console names other keys than this browser knows';
  if (signature.kind === 'bad') return 'The signature of its keys does not hold';
  if (signature.kind === 'withheld') return 'The console no longer shows who signed its keys';
  return null;
}

/** Whether two name the same appliance and the same log, as far as both are known. */
export function areSameKeys(a: SiteKeys, b: Pick<PinnedSite, 'appliance' | 'log'>): boolean {
  return a.appliance === b.appliance && (b.log === null || a.log === b.log);
}
