// The store: ordered bytes on LevelDB. It neither sets paranoid checks nor verifies checksums, so nothing read
// from here is trusted before the log's own hashes were checked; `repair` can bring deleted keys back and is
// never run. One store per folder per process: a second open would set LevelDB's own lock free (lock.ts).

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Level } from 'level';

import type { Bytes } from '#crypto/bytes.ts';

import { damaged, LedgerError } from './error.ts';

/** One change of a batch: a value to put, or null to delete. */
export interface Change {
  readonly key: Bytes;
  readonly value: Bytes | null;
}

export interface Scan {
  readonly gte: Bytes;
  readonly lt: Bytes;
  readonly reverse?: boolean;
  readonly limit?: number;
}

export interface Pair {
  readonly key: Bytes;
  readonly value: Bytes;
}

/** What can be read of a store. */
export interface StoreReader {
  /** Reads one value at once; undefined when there is none. @throws {LedgerError} code `damaged` */
  get(key: Bytes): Bytes | undefined;
  /** Reads a range in key order, whole: callers bound it. @throws {LedgerError} code `damaged` */
  scan(scan: Scan): Promise<Pair[]>;
}

/** What the log asks of its store. */
export interface Store extends StoreReader, AsyncDisposable {
  /**
   * Applies all changes or none. Resolves when they are on disk; takes the bytes before it returns. After
   * a rejection the store must not be written again.
   */
  write(changes: readonly Change[]): Promise<void>;
  /** The store as it is now, whatever is written meanwhile: dispose it before the store. */
  snapshot(): StoreReader & AsyncDisposable;
  /** Rewrites a range so that overwritten and deleted bytes are gone from the disk. */
  compact(range: { gte: Bytes; lt: Bytes }): Promise<void>;
}

/** Bytes that LevelDB gathers in memory, and in its log file, before it writes a table. */
export const WRITE_BUFFER_BYTES = 8 * 1024 * 1024;

/**
 * Opens the LevelDB of a folder.
 * @throws {LedgerError} code `locked` when another process has it, `damaged` when LevelDB says that it
 * dropped records, `missing` when there is none and `create` is not set
 */
export async function openStore(
  folder: string,
  { create = false }: { create?: boolean } = {},
): Promise<Store> {
  const db = new Level<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
    createIfMissing: create,
    compression: false, // salts and digests do not compress
    writeBufferSize: WRITE_BUFFER_BYTES,
  });
  try {
    await db.open();
  } catch (cause) {
    throw openError(cause);
  }
  try {
    await checkNothingDropped(folder);
  } catch (error) {
    await db.close();
    throw error;
  }
  return levelStore(db);
}

function levelStore(db: Level<Uint8Array, Uint8Array>): Store {
  return {
    ...readerOf(db, {}),
    async write(changes) {
      const batch = db.batch();
      for (const { key, value } of changes) {
        if (value === null) batch.del(key);
        else batch.put(key, value);
      }
      await batch.write({ sync: true });
    },
    snapshot() {
      const snapshot = db.snapshot();
      return {
        ...readerOf(db, { snapshot }),
        [Symbol.asyncDispose]: () => snapshot.close(),
      };
    },
    async compact({ gte, lt }) {
      if (!canCompact(db)) throw new Error('unreachable: this is LevelDB');
      await db.compactRange(gte, lt);
    },
    async [Symbol.asyncDispose]() {
      await db.close();
    },
  };
}

function readerOf(db: Level<Uint8Array, Uint8Array>, options: ReadOptions): StoreReader {
  return {
    get(key) {
      const value = readable(() => db.getSync(key, options));
      return value === undefined ? undefined : plain(value);
    },
    async scan({ gte, lt, reverse = false, limit = -1 }) {
      const iterator = db.iterator({ gte, lt, reverse, limit, ...options });
      const pairs = await iterator.all().catch((cause: unknown) => {
        throw unreadable(cause);
      });
      return pairs.map(([key, value]) => ({ key: plain(key), value: plain(value) }));
    },
  };
}

type ReadOptions = { readonly snapshot?: ReturnType<Level<Uint8Array, Uint8Array>['snapshot']> };

/** `level` also runs in browsers, over a store that has no tables: its type leaves this out. */
function canCompact(db: object): db is { compactRange(gte: Bytes, lt: Bytes): Promise<void> } {
  return 'compactRange' in db && typeof db.compactRange === 'function';
}

function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(cause);
  }
}

function unreadable(cause: unknown): LedgerError {
  return damaged(`LevelDB cannot read: ${cause instanceof Error ? cause.message : ''}`, { cause });
}

/** LevelDB's answers are Buffers, whose `slice` does not copy: make them what the ground expects. */
function plain(value: Uint8Array): Bytes {
  return new Uint8Array(value.buffer as ArrayBuffer, value.byteOffset, value.length); // never shared memory
}

/** Its log of this opening is the only place where LevelDB owns up to records that it skipped. */
async function checkNothingDropped(folder: string): Promise<void> {
  const log = await readFile(join(folder, 'LOG'), 'utf8');
  const line = log.split('\n').find((each) => DROPPED.test(each));
  if (line !== undefined)
    throw damaged(`LevelDB dropped records: ${JSON.stringify(line.slice(28))}`);
}

const DROPPED = /dropping|ignoring error|corruption|corrupted|checksum mismatch/i;

function openError(cause: unknown): LedgerError {
  const inner = cause instanceof Error ? cause.cause : undefined;
  const code = inner instanceof Error && 'code' in inner ? inner.code : undefined;
  if (code === 'LEVEL_LOCKED') {
    return new LedgerError('locked', 'Cannot open store: another process has it open', { cause });
  }
  const state = inner instanceof Error ? inner.message : String(cause);
  if (/does not exist/.test(state)) {
    return new LedgerError('missing', 'Cannot open store: there is none', { cause });
  }
  return new LedgerError('damaged', `Cannot open store: ${state}`, { cause });
}
