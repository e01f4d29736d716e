// Evidence of the story's sessions, and the trust by which it is verified.

import { type EvidenceSource, gatherEvidence, type Withholding } from '#crypto/evidence-build.ts';
import { buildEvidence, type ProvedSource } from '#crypto/evidence-build.ts';
import { snapshotDigest } from '#crypto/evidence-file.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { sealEntry } from '#crypto/entry.ts';
import { signStatement, type StatementOf, statementSigner } from '#crypto/statement.ts';
import type { Trust } from '#crypto/trust-file.ts';
import type { Signer } from '#crypto/webcrypto.ts';

import type { MemoryEntry, MemoryLog } from './memory-log.ts';
import type { Person } from './story-people.ts';
import type { Session } from './story-session.ts';
import { type Site, witnessedCheckpoint } from './story-site.ts';
import { basics } from './story-statements.ts';

/** Trust in the story's log, roots and witness; `quorum` of none or of the witness. */
export function trustOf(
  { log, people, witnessKey }: Site,
  { isWitnessAsked = false }: { isWitnessAsked?: boolean } = {},
): Trust {
  return {
    policy: {
      logs: [{ key: log.key }],
      witnesses: [{ name: 'watch', key: witnessKey }],
      groups: [],
      quorum: isWitnessAsked ? 'watch' : null,
    },
    sites: [{ log: log.origin, mspRoot: people.root.key, authorityKey: people.authority.key }],
  };
}

/** An entry with its proof under the whole log. */
export function provedSource(log: MemoryLog, entry: MemoryEntry): ProvedSource {
  return {
    leaf: entry.leafBytes,
    proof: log.proveInclusion(entry.leaf.i),
    disclosures: entry.disclosures,
  };
}

/** What `buildEvidence` takes of a session: the range from its opening to its last entry, under the whole log. */
export async function evidenceSource(
  { site, id }: Pick<Session, 'site' | 'id'>,
  {
    withhold = {},
    attestation = null,
    checkpoint,
    isWitnessed = true,
  }: {
    withhold?: Withholding;
    attestation?: MemoryEntry | null;
    checkpoint?: string;
    isWitnessed?: boolean;
  } = {},
): Promise<EvidenceSource> {
  const { log } = site;
  const own = log.entries.filter(({ leaf }) => leaf.s === id);
  const start = own[0]?.leaf.i ?? 0;
  const end = (own.at(-1)?.leaf.i ?? 0) + 1;
  const cited = new Set(own.flatMap(({ leaf }) => Object.values(leaf.ref ?? {})));
  const earlier = log.entries.filter(
    (entry) =>
      (cited.has(entry.name) && entry.leaf.s === undefined) ||
      entry === site.claimed ||
      (attestation !== null && entry === site.roster),
  );
  const signed = isWitnessed ? await witnessedCheckpoint(site) : await log.checkpoint();
  return {
    checkpoint: checkpoint ?? signed,
    session: id,
    range: {
      start,
      leaves: log.entries.slice(start, end).map(({ leafBytes }) => leafBytes),
      ...log.proveRange({ start, end }),
    },
    entries: own.map(({ leaf, disclosures, texts }) => ({ index: leaf.i, disclosures, texts })),
    earlier: earlier.map((entry) => provedSource(log, entry)),
    withhold,
    attestation: attestation === null ? null : provedSource(log, attestation),
  };
}

/** The evidence file of a session. */
export async function evidenceOf(
  session: Pick<Session, 'site' | 'id'>,
  options: Parameters<typeof evidenceSource>[1] = {},
): Promise<Bytes> {
  return buildEvidence(await evidenceSource(session, options));
}

/** Puts a reviewer's attestation of the session's snapshot on record. Answers `snapshot.attested`. */
export async function attest(
  session: Pick<Session, 'site' | 'id'>,
  {
    by = session.site.people.rita,
    signer = by.signer,
    withhold = {},
    over = {},
    field,
    cites,
  }: {
    by?: Person;
    signer?: Signer;
    withhold?: Withholding;
    over?: Partial<StatementOf<'attestation'>>;
    /** The digest in the entry's field, when it is not the one that was signed. */
    field?: string;
    cites?: MemoryEntry;
  } = {},
): Promise<MemoryEntry> {
  const { log, nowMs } = session.site;
  const snapshot = snapshotDigest(gatherEvidence(await evidenceSource(session, { withhold })));
  const statement = await signStatement(
    {
      ...basics(by, { fromMs: nowMs }),
      type: 'attestation',
      log: log.origin,
      session: session.id,
      snapshot,
      participated: false,
      ...over,
    },
    statementSigner(signer),
  );
  const closing = log.entries.findLast(({ leaf }) => leaf.s === session.id);
  return log.append({
    sealed: sealEntry('snapshot.attested', { snapshot: field ?? snapshot, statement }),
    ref: { session: (cites ?? closing)?.name ?? '' },
  });
}
