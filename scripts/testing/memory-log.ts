// A log of a site in memory, for tests: honest as the ledger is (it assigns index, position, chain and time,
// signs checkpoints, proves), and as small as that allows. A test that needs a dishonest log forges a leaf by
// `appendLeaf`, which takes any bytes.

import { encodeBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { signCheckpoint } from '#crypto/checkpoint.ts';
import { proveConsistency } from '#crypto/consistency.ts';
import type { SealedEntry, SealedText } from '#crypto/entry.ts';
import { type Hash, leafHash } from '#crypto/hash.ts';
import { proveInclusion } from '#crypto/inclusion.ts';
import { type VerifierKey, verifierKey } from '#crypto/key.ts';
import { encodeLeaf, formatTime, type Leaf, parseLeaf, type Refs } from '#crypto/leaf.ts';
import { proveRange } from '#crypto/range.ts';
import { EMPTY_FRONTIER, extendFrontier, frontierRoot, type ReadHash } from '#crypto/tree.ts';
import type { Signer } from '#crypto/webcrypto.ts';

/** What is put on record: the sealed entry, and where it belongs. */
export interface MemoryDraft {
  readonly sealed: SealedEntry;
  readonly endpoint?: string;
  readonly session?: string;
  readonly ref?: Refs;
}

/** An entry as the log keeps it; `name` is the base64url leaf hash, by which later entries cite it. */
export interface MemoryEntry {
  readonly leaf: Leaf;
  readonly leafBytes: Bytes;
  readonly hash: Hash;
  readonly name: string;
  readonly disclosures: readonly string[];
  readonly texts: readonly SealedText[];
}

export interface MemoryLog {
  readonly origin: string;
  readonly signer: Signer;
  readonly key: VerifierKey;
  readonly entries: readonly MemoryEntry[];
  readonly size: number;
  append(draft: MemoryDraft): MemoryEntry;
  /** Puts in leaf bytes as they are: the attack, not the honest way. They must parse as a leaf. */
  appendLeaf(
    leafBytes: Bytes,
    content?: Partial<Pick<MemoryEntry, 'disclosures' | 'texts'>>,
  ): MemoryEntry;
  entry(index: number): MemoryEntry;
  root(size?: number): Hash;
  /** Signs the tree of `size` leaves, all of them by default: a checkpoint's whole note. */
  checkpoint(size?: number): Promise<string>;
  proveInclusion(index: number, size?: number): Hash[];
  proveConsistency(from: number, to?: number): Hash[];
  proveRange(range: { start: number; end: number }, size?: number): { left: Hash[]; right: Hash[] };
}

/** Makes an empty log. `now` gives the time of each entry, in milliseconds since 1970. */
export function createMemoryLog({
  origin,
  signer,
  now,
}: {
  origin: string;
  signer: Signer;
  now: () => number;
}): MemoryLog {
  const entries: MemoryEntry[] = [];
  const nodes = new Map<string, Hash>();
  const sessions = new Map<string, { n: number; name: string }>();
  let frontier = EMPTY_FRONTIER;
  let lastMs = 0;

  const read: ReadHash = (level, index) => present(nodes.get(`${level}/${index}`), 'node');

  function appendLeaf(
    leafBytes: Bytes,
    { disclosures = [], texts = [] }: Partial<Pick<MemoryEntry, 'disclosures' | 'texts'>> = {},
  ): MemoryEntry {
    const leaf = parseLeaf(leafBytes);
    const hash = leafHash(leafBytes);
    const name = encodeBase64url(hash);
    const entry = { leaf, leafBytes, hash, name, disclosures, texts };
    frontier = extendFrontier(frontier, [hash], (level, index, node) =>
      nodes.set(`${level}/${index}`, node),
    );
    if (leaf.s !== undefined && leaf.n !== undefined) sessions.set(leaf.s, { n: leaf.n, name });
    entries.push(entry);
    return entry;
  }

  function append({ sealed, endpoint, session, ref }: MemoryDraft): MemoryEntry {
    lastMs = Math.max(lastMs, now());
    const leaf = encodeLeaf({
      v: 1,
      log: origin,
      i: entries.length,
      t: formatTime(lastMs),
      k: sealed.kind,
      ...(endpoint !== undefined && { e: endpoint }),
      ...(session !== undefined && { s: session, ...placeIn(sessions.get(session)) }),
      ...(ref !== undefined && { ref }),
      _sd: sealed.digests,
      _sd_alg: 'sha-256',
    });
    return appendLeaf(leaf, sealed);
  }

  return {
    origin,
    signer,
    key: verifierKey(origin, 0x01, signer.publicKey),
    entries,
    get size() {
      return entries.length;
    },
    append,
    appendLeaf,
    entry: (index) => present(entries[index], `entry ${index}`),
    root: (size = entries.length) => rootAt(entries, size),
    checkpoint: (size = entries.length) =>
      signCheckpoint({ origin, size, root: rootAt(entries, size) }, signer),
    proveInclusion: (index, size = entries.length) => proveInclusion({ index, size, read }),
    proveConsistency: (from, to = entries.length) => proveConsistency({ from, to, read }),
    proveRange: (range, size = entries.length) => proveRange({ ...range, size, read }),
  };
}

function placeIn(last: { n: number; name: string } | undefined): { n: number; p?: string } {
  return last === undefined ? { n: 0 } : { n: last.n + 1, p: last.name };
}

function rootAt(entries: readonly MemoryEntry[], size: number): Hash {
  const hashes = entries.slice(0, size).map(({ hash }) => hash);
  return frontierRoot(extendFrontier(EMPTY_FRONTIER, hashes));
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new RangeError(`Cannot read memory log: no ${what}`);
  return value;
}
