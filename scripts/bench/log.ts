// The log of a site: durable entries a second, each sealed (seven salted disclosures), appended, written, read
// back, recomputed and acknowledged to the one writer that waits for it. Beside it, in the same run and round
// by round, LevelDB itself: the same bytes in the same batches with `sync: true`, and nothing else.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import {
  createLedger,
  type EntryDraft,
  type Ledger,
  openLedger,
} from '#appliance/ledger/ledger.ts';
import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import { type Change, openStore, type Store } from '#appliance/ledger/store.ts';
import { concatBytes } from '#crypto/bytes.ts';
import { sealEntry } from '#crypto/entry.ts';
import { createId } from '#crypto/id.ts';
import { importSigner } from '#crypto/webcrypto.ts';

import type { BenchOptions, Figures } from './main.ts';
import { quantile } from './quantile.ts';

/** Rounds of each number of writers; the figures are the median round's. */
const ROUNDS = 3;
const ENTRIES: Readonly<Record<number, number>> = { 1: 2000, 64: 20_000, 512: 40_000 };
/** Before the first round, so that none pays for compiling. */
const WARM_UP_ENTRIES = 20_000;

/** One round of so many writers. Rates in entries a second, times in milliseconds. */
interface Round {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly leveldbRate: number;
  /** Times of LevelDB's batches, not of entries. */
  readonly leveldbP50: number;
  readonly leveldbP99: number;
}

/** Measures writing. */
export async function bench({ log }: BenchOptions): Promise<Figures> {
  useNativeCrypto();
  const base = await mkdtemp(join(tmpdir(), 'caisey-bench-'));
  try {
    log('warming up');
    await runRound(base, { writers: 512, entries: WARM_UP_ENTRIES });
    const figures: Figures = {};
    for (const writers of [1, 64, 512]) {
      const rounds: Round[] = [];
      for (let i = 0; i < ROUNDS; i++) {
        const round = await runRound(base, { writers, entries: ENTRIES[writers] ?? 0 });
        rounds.push(round);
        log(
          `${writers} writers: ${Math.round(round.rate)} entries/s, ` +
            `p50 ${round.p50.toFixed(2)} ms, p99 ${round.p99.toFixed(2)} ms; ` +
            `LevelDB alone ${Math.round(round.leveldbRate)}/s`,
        );
      }
      const median = (of: (round: Round) => number): number => quantile(rounds.map(of), 0.5);
      figures[`entries_per_s_${writers}`] = Math.round(median((round) => round.rate));
      figures[`p50_ms_${writers}`] = rounded(median((round) => round.p50));
      figures[`p99_ms_${writers}`] = rounded(median((round) => round.p99));
      figures[`leveldb_entries_per_s_${writers}`] = Math.round(median((r) => r.leveldbRate));
      figures[`leveldb_batch_p50_ms_${writers}`] = rounded(median((r) => r.leveldbP50));
      figures[`leveldb_batch_p99_ms_${writers}`] = rounded(median((r) => r.leveldbP99));
      figures[`leveldb_ratio_${writers}`] = rounded(median((r) => r.rate / r.leveldbRate));
    }
    return figures;
  } finally {
    await rm(base, { recursive: true, force: true });
  }
}

async function runRound(
  base: string,
  { writers, entries }: { writers: number; entries: number },
): Promise<Round> {
  const folder = await mkdtemp(join(base, 'round-'));
  const batches: Packed[] = [];
  const written = await runLedger(folder, { writers, entries, batches });
  const replayed = await replay(join(folder, 'leveldb'), batches);
  await rm(folder, { recursive: true });
  return {
    rate: (entries / written.elapsedMs) * 1000,
    p50: quantile(written.timesMs, 0.5),
    p99: quantile(written.timesMs, 0.99),
    leveldbRate: (entries / replayed.elapsedMs) * 1000,
    leveldbP50: quantile(replayed.timesMs, 0.5),
    leveldbP99: quantile(replayed.timesMs, 0.99),
  };
}

interface Timed {
  readonly elapsedMs: number;
  readonly timesMs: number[];
}

async function runLedger(
  folder: string,
  options: { writers: number; entries: number; batches: Packed[] },
): Promise<Timed> {
  const signer = await importSigner(new Uint8Array(32).fill(1));
  const place = {
    ...{ folder: join(folder, 'log'), secondFolder: join(folder, 'second'), signer },
    origin: 'console.example/site/bench/1',
  };
  await createLedger(place);
  await using ledger = await openLedger({
    ...place,
    now: Date.now,
    openStore: async (path) => recording(await openStore(path), options.batches),
  });
  const timesMs: number[] = [];
  let left = options.entries;
  const began = performance.now();
  await Promise.all(Array.from({ length: options.writers }, () => write(ledger)));
  return { elapsedMs: performance.now() - began, timesMs };

  /** A writer waits for each of its entries before it seals the next. */
  async function write(to: Ledger): Promise<void> {
    const endpoint = createId();
    while (left > 0) {
      left -= 1;
      const beganMs = performance.now();
      await to.append(draft(endpoint));
      timesMs.push(performance.now() - beganMs);
    }
  }
}

/** An entry of seven fields, sealed. */
function draft(endpoint: string): EntryDraft {
  const sealed = sealEntry('endpoint.enrolled', {
    name: 'RECEPTION-PC-17',
    key: 'ed25519:kH1w8m0y3sTq2Vb5c6XnLr7JdPfGaEzUoRiYtSxWvQk',
    labels: ['windows', 'front-desk'],
    os: 'Windows 11 Pro 24H2',
    version: '0.1.0',
    token: 'b3Vyb2Jvcm9zIHRva2Vu',
    by: 'Dana Whitfield',
  });
  return { sealed, endpoint };
}

function recording(store: Store, batches: Packed[]): Store {
  return {
    get: (key) => store.get(key),
    write: (changes) => {
      batches.push(pack(changes));
      return store.write(changes);
    },
    scan: (scan) => store.scan(scan),
    snapshot: () => store.snapshot(),
    compact: (range) => store.compact(range),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** Writes the same batches into LevelDB, one after the other. Unpacking them is not measured. */
async function replay(folder: string, batches: readonly Packed[]): Promise<Timed> {
  await using store = await openStore(folder, { create: true });
  const timesMs: number[] = [];
  for (const batch of batches) {
    const changes = unpack(batch);
    const beganMs = performance.now();
    await store.write(changes);
    timesMs.push(performance.now() - beganMs);
  }
  return { elapsedMs: timesMs.reduce((sum, timeMs) => sum + timeMs, 0), timesMs };
}

/** A batch as one piece, so that keeping it does not burden what is measured. */
interface Packed {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Lengths of key and value in turn. */
  readonly lengths: Uint32Array;
}

function pack(changes: readonly Change[]): Packed {
  const parts = changes.flatMap(({ key, value }) => [key, value ?? new Uint8Array(0)]);
  return {
    bytes: concatBytes(...parts),
    lengths: Uint32Array.from(parts, (part) => part.length),
  };
}

function unpack({ bytes, lengths }: Packed): Change[] {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let at = 0;
  for (const length of lengths) {
    parts.push(bytes.slice(at, at + length));
    at += length;
  }
  return parts.flatMap((key, i) => {
    const value = parts[i + 1];
    return i % 2 === 0 && value !== undefined ? [{ key, value }] : [];
  });
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
