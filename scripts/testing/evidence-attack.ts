// Attacks on evidence: the story's file changed by hand, or a session in which one step is dishonest, and the
// name of the check that must break.

import * as assert from 'uvu/assert';

import { type EvidenceReport, verifyEvidence } from '#crypto/evidence.ts';
import { type EvidenceFile, parseEvidenceFile } from '#crypto/evidence-file.ts';
import { encodeJcs } from '#crypto/json.ts';
import type { Trust } from '#crypto/trust-file.ts';

import { evidenceOf, trustOf } from './evidence-story.ts';
import { storyJudge } from './story-policy.ts';
import { closeSession, openSession, type Session } from './story-session.ts';
import { foundSite, type Site } from './story-site.ts';

/** A file of which every part may be changed. */
export type Draft = { -readonly [K in keyof EvidenceFile]: EvidenceFile[K] };

/** Verifies with the story's judge. */
export function verify(bytes: Uint8Array, trust: Trust): Promise<EvidenceReport> {
  return verifyEvidence(bytes, { trust, judge: storyJudge });
}

/** The first check that broke; `verified` when none did. */
export function brokenCheck(report: EvidenceReport): string {
  const failed = report.checks.filter(({ outcome }) => outcome === 'failed');
  assert.is(report.verdict, failed.length === 0 ? 'verified' : 'failed');
  return failed[0]?.name ?? 'verified';
}

export async function brokenBy(bytes: Uint8Array, trust: Trust): Promise<string> {
  return brokenCheck(await verify(bytes, trust));
}

/** Changes an honest file and answers the check that breaks. */
export async function changed(
  bytes: Uint8Array,
  { trust, change }: { trust: Trust; change: (file: Draft) => unknown },
): Promise<string> {
  const file: Draft = parseEvidenceFile(bytes);
  change(file);
  return brokenBy(encodeJcs(file), trust);
}

/** Runs one session, at a fresh site by default, closes it, and answers the check that its evidence breaks. */
export async function brokenIn(
  act: (session: Session, site: Site) => unknown,
  options: { site?: Site; open?: Parameters<typeof openSession>[1] } = {},
): Promise<string> {
  const site = options.site ?? (await foundSite());
  const session = await openSession(site, options.open);
  await act(session, site);
  closeSession(session);
  return brokenBy(await evidenceOf(session), trustOf(site));
}

export function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('unreachable: not there');
  return value;
}
