// A session's evidence, gathered from the log: its range of leaves with the range proof, its own entries'
// content, and the earlier entries that it leans on, each with its inclusion proof.

import { encodeBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { buildEvidence, type ProvedSource } from '#crypto/evidence-build.ts';
import type { Kind } from '#crypto/kind.ts';
import type { Ledger, SignedCheckpoint, StoredEntry } from '../ledger/ledger.ts';
import { WorkError } from './error.ts';

/** The earlier entries that an entry may cite from outside its session. */
const CITED: readonly Kind[] = [
  'roster.changed',
  'authority.changed',
  'policy.changed',
  'endpoint.enrolled',
];

/**
 * Builds the evidence file of a session that has ended, under a checkpoint of now.
 * @throws {WorkError} `session-unknown`, `session-busy` while it is open, `record-incomplete` after an erasure
 */
export async function exportEvidence(
  ledger: Ledger,
  session: string,
): Promise<{ bytes: Bytes; checkpoint: SignedCheckpoint }> {
  const own: StoredEntry[] = [];
  for await (const entry of ledger.sessionEntries(session)) own.push(entry);
  const first = own[0];
  const last = own.at(-1);
  if (first === undefined || last === undefined) {
    throw new WorkError('session-unknown', 'Cannot export session: the log does not know it');
  }
  if (last.leaf.k !== 'session.closed' && last.leaf.k !== 'session.abandoned') {
    throw new WorkError('session-busy', 'Cannot export session: it is still open; close it first');
  }
  const checkpoint = await ledger.checkpointFor(last.index + 1);
  const start = first.index;
  const end = last.index + 1;
  const leaves: Bytes[] = [];
  for (let index = start; index < end; index++) leaves.push(ledger.leafBytes(index));
  const bytes = buildEvidence({
    checkpoint: checkpoint.note,
    session,
    range: { start, leaves, ...ledger.proveRange(start, end, checkpoint.size) },
    entries: own.map(contentOf),
    earlier: await gatherEarlier(ledger, { own, checkpoint }),
  });
  return { bytes, checkpoint };
}

function contentOf({ index, content }: StoredEntry): {
  index: number;
  disclosures: readonly string[];
  texts: NonNullable<StoredEntry['content']>['texts'];
} {
  return { index, disclosures: content?.disclosures ?? [], texts: content?.texts ?? [] };
}

async function gatherEarlier(
  ledger: Ledger,
  { own, checkpoint }: { own: readonly StoredEntry[]; checkpoint: SignedCheckpoint },
): Promise<readonly ProvedSource[]> {
  const cited = new Set(own.flatMap(({ leaf }) => Object.values(leaf.ref ?? {})));
  const found: StoredEntry[] = [];
  for (const kind of CITED) {
    for await (const entry of ledger.entriesOfKind(kind)) {
      if (cited.has(encodeBase64url(entry.hash))) found.push(entry);
    }
  }
  for await (const entry of ledger.entriesOfKind('site.claimed')) found.push(entry);
  return found.map((entry) => {
    if (entry.content === null) {
      throw new WorkError('record-incomplete', `Cannot export: entry ${entry.index} was erased`);
    }
    return {
      leaf: entry.leafBytes,
      proof: ledger.proveInclusion(entry.index, checkpoint.size),
      disclosures: entry.content.disclosures,
    };
  });
}
