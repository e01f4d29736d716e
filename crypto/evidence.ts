// Evidence of a session, verified by anybody: what an insurer's browser calls. Bytes and trust in, a report out;
// no clock, no network, and no key that the file brings along.

import { checkApprovals } from './evidence-approvals.ts';
import { checkAttestation } from './evidence-attestation.ts';
import {
  brokenOf,
  type Check,
  type CheckName,
  dependent,
  dependOn,
  type Held,
  type Ran,
  runCheck,
} from './evidence-check.ts';
import { checkCommands, type ProvedSession } from './evidence-commands.ts';
import { type EvidenceFile, parseEvidenceFile } from './evidence-file.ts';
import { checkLeaves, checkLogSignature, checkWitnesses, readLeaves } from './evidence-range.ts';
import { checkSession } from './evidence-session.ts';
import { type Summary, summarise } from './evidence-summary.ts';
import { type BoundValues, checkValues } from './evidence-values.ts';
import { checkWithheld, NOTHING_WITHHELD, notProved, type Withheld } from './evidence-withheld.ts';
import type { Judge } from './policy.ts';
import { type TranscriptEntry, transcriptOf } from './transcript-entry.ts';
import type { Trust } from './trust-file.ts';

/** What was found. Green is `verified` alone: every check passed, or had nothing to apply to. */
export interface EvidenceReport {
  readonly verdict: 'verified' | 'failed';
  readonly session: string;
  /** The origin of the log; null when its signature does not hold. */
  readonly log: string | null;
  /** All of `CHECK_NAMES`, in that order. When one fails, those that depend on it are `not-checked`. */
  readonly checks: readonly Check[];
  /** The lowest index of the log at which a check broke, where one can be named. */
  readonly firstBroken: number | null;
  readonly withheld: Withheld;
  /** What this file cannot prove, in words. */
  readonly notProved: readonly string[];
  readonly summary: Summary;
  /** What is shown and bound to its leaves. Worth as much as the verdict. */
  readonly transcript: readonly TranscriptEntry[];
}

/**
 * Verifies an evidence file by keys from `trust` alone. With a judge, commands are judged again by the signed
 * policy; without one, recorded decisions are taken as far as the policy bears them out.
 * @throws {FormatError} code `evidence` when the bytes are no evidence file: unusable
 */
export async function verifyEvidence(
  bytes: Uint8Array,
  { trust, judge }: { trust: Trust; judge: Judge | null },
): Promise<EvidenceReport> {
  const file = parseEvidenceFile(bytes);
  const signature = await runCheck('log-signature', () => checkLogSignature(file, trust));
  const witnesses = await needing('witness-cosignatures', [signature], () =>
    checkWitnesses(file, trust),
  );
  const { range, values, session } = await checkRecord(file, signature.value?.checkpoint ?? null);
  const base = [signature, witnesses, range, session, values];
  const proved =
    signature.value === null || range.value === null || values.value === null
      ? null
      : { site: signature.value.site, range: range.value, values: values.value, judge };
  const people = await checkPeople(file, proved, base);
  const withheld = await needing('withheld', [values], () => checkWithheld(bound(values)));
  const own = values.value?.session ?? [];
  const ran = [...base, people.commands, people.approvals, people.attestation, withheld];
  const isVerified = brokenOf(ran) === undefined;
  const unproved = notProved({
    isVerified,
    session: own,
    witnesses: witnesses.value ?? [],
    isJudged: judge !== null,
    notJudged: people.commands.value?.notJudged ?? [],
    isAttested: people.attestation.value !== null,
  });
  const checks = [...ran.map(({ check }) => check), aboutNotProved(unproved, { isVerified })];
  const technician = people.commands.value?.technician ?? null;
  return {
    verdict: isVerified ? 'verified' : 'failed',
    session: file.session,
    log: signature.value?.checkpoint.origin ?? null,
    checks,
    firstBroken: lowestIndex(checks),
    withheld: withheld.value ?? NOTHING_WITHHELD,
    notProved: unproved,
    summary: summarise(own, technician),
    transcript: transcriptOf(own),
  };
}

/** The checks of the log's record. Those of session and values run even on unproved leaves, to name the entry. */
async function checkRecord(
  file: EvidenceFile,
  checkpoint: Parameters<typeof checkLeaves>[1]['checkpoint'] | null,
) {
  const signed: Ran<unknown> = {
    check: { name: 'log-signature', outcome: 'failed', detail: '', index: null },
    value: null,
  };
  const read = await runCheck('range-inclusion', () => ({ detail: '', value: readLeaves(file) }));
  const leaves = read.value;
  if (leaves === null) {
    const session: Ran<never> = { check: dependent('session-complete', read), value: null };
    const values: Ran<BoundValues> = { check: dependent('values-bound', read), value: null };
    return { range: { check: read.check, value: null }, session, values };
  }
  const range = await (checkpoint === null
    ? { check: dependent('range-inclusion', signed), value: null }
    : runCheck('range-inclusion', () => ({
        ...checkLeaves(file, { leaves, checkpoint }),
        value: leaves.range,
      })));
  const values = await runCheck('values-bound', () => checkValues(file, leaves));
  const session = await runCheck('session-complete', () =>
    checkSession(file, { range: leaves.range, bound: values.value?.session ?? null }),
  );
  return {
    range,
    values: dependOn(values, [range]),
    session: dependOn(session, [range, values]),
  };
}

/** The checks of people's signatures, of which each needs the record to hold. */
async function checkPeople(
  file: EvidenceFile,
  proved: ProvedSession | null,
  base: readonly Ran<unknown>[],
) {
  const given = (): ProvedSession => held(proved);
  const commands = await needing('commands-authorised', base, () => checkCommands(given()));
  const approvals = await needing('approvals-signed', [...base, commands], () =>
    checkApprovals(given(), held(commands.value).session),
  );
  const attestation = await needing('attestation', [...base, commands, approvals], () => {
    const { technician, session } = held(commands.value);
    const { deciders } = held(approvals.value);
    const participants = { technician, session, deciders };
    return checkAttestation(file, { proved: given(), participants });
  });
  return { commands, approvals, attestation };
}

/** Runs a check only when nothing that it depends on failed. */
async function needing<T>(
  name: CheckName,
  dependencies: readonly Ran<unknown>[],
  run: () => Held<T> | Promise<Held<T>>,
): Promise<Ran<T>> {
  const broken = brokenOf(dependencies);
  return broken === undefined
    ? runCheck(name, run)
    : { check: dependent(name, broken), value: null };
}

function aboutNotProved(words: readonly string[], { isVerified }: { isVerified: boolean }): Check {
  const detail = isVerified
    ? `${words.length} things that this file does not prove`
    : 'Nothing is proved, for a check failed';
  return { name: 'not-proved', outcome: 'not-applicable', detail, index: null };
}

function lowestIndex(checks: readonly Check[]): number | null {
  const indexes = checks.flatMap(({ index }) => (index === null ? [] : [index]));
  return indexes.length === 0 ? null : Math.min(...indexes);
}

function bound(values: Ran<BoundValues>): BoundValues {
  return held(values.value);
}

function held<T>(value: T | null): T {
  if (value === null) throw new Error('unreachable: what it depends on held');
  return value;
}
