// The log of a site: entries in one order, durable before they are acknowledged, under a Merkle tree whose
// checkpoints are signed. Opened once per folder; disposing waits for what was accepted.

import { access, mkdir } from 'node:fs/promises';
import { join } from 'node:path';

import type { Bytes } from '#crypto/bytes.ts';
import { signCheckpoint, type VerifiedCheckpoint, verifyCheckpoint } from '#crypto/checkpoint.ts';
import { proveConsistency } from '#crypto/consistency.ts';
import type { SealedEntry, SealedText } from '#crypto/entry.ts';
import { EMPTY_ROOT, type Hash } from '#crypto/hash.ts';
import { proveInclusion } from '#crypto/inclusion.ts';
import { verifierKey } from '#crypto/key.ts';
import type { Kind } from '#crypto/kind.ts';
import type { Leaf } from '#crypto/leaf.ts';
import { proveRange } from '#crypto/range.ts';
import type { ReadHash } from '#crypto/tree.ts';
import type { Signer } from '#crypto/webcrypto.ts';

import { type AcknowledgedFile, createAcknowledged, openAcknowledged } from './acknowledged.ts';
import { createBell } from './bell.ts';
import {
  hasCheckpoint,
  loadCheckpoint,
  openCheckpointFile,
  saveCheckpoint,
} from './checkpoint-file.ts';
import { checkNotMarked, openMarking } from './damage-mark.ts';
import { createReserve, type DiskOptions, giveUpReserve, openDisk } from './disk.ts';
import { type ReplacedFile, syncFolder } from './durable-file.ts';
import { eraseStored } from './erasure.ts';
import { LedgerError } from './error.ts';
import { fsck, type FsckOptions, type FsckReport } from './fsck.ts';
import { checkOrigin, putHead, putOrigin, readHead } from './head.ts';
import { createLatch, type Latch } from './latch.ts';
import { openLock } from './lock.ts';
import { checkHeld, checkStored, type Standing } from './opening.ts';
import { createPlacement } from './placement.ts';
import { followPublished, openPublisher } from './publisher.ts';
import { createReader, followEntries, type KindOptions } from './reader.ts';
import { followStored } from './second-path.ts';
import { openStore, type Store } from './store.ts';
import { readStoredTree } from './stored-tree.ts';
import { MAX_REPLAYED_BYTES } from './tail.ts';
import type { SessionTally } from './tally.ts';
import { CAUGHT_BY, forgetCaught, loadCaught, writeDownCaught } from './witnessed.ts';
import { openWriter, type QueueOptions } from './writer.ts';

/** An entry to append: what `sealEntry` made, and where it belongs. */
export interface EntryDraft {
  readonly sealed: SealedEntry;
  readonly session?: string;
  readonly endpoint?: string;
  /** Leaf hashes of earlier entries, base64url, by name. */
  readonly ref?: Readonly<Record<string, string>>;
}

export interface AppendOptions {
  /** Ends work already begun (output, an exit, a session's closing): accepted when the disk is low, too. */
  readonly essential?: boolean;
}

/** An entry in the log: durable and verified. */
export interface Appended {
  readonly index: number;
  readonly leaf: Leaf;
  readonly leafBytes: Bytes;
  readonly hash: Hash;
}

/** An entry read back, with its content; null when that was erased. */
export interface StoredEntry extends Appended {
  readonly content: {
    readonly disclosures: readonly string[];
    readonly texts: readonly SealedText[];
  } | null;
}

/** A checkpoint as it was published: the whole note. */
export interface SignedCheckpoint {
  readonly note: string;
  readonly size: number;
  readonly root: Hash;
}

/** A checkpoint that is signed and on its way to the second place. */
export interface Signing {
  readonly checkpoint: SignedCheckpoint;
  /** Resolves when it is there: nobody outside may see the checkpoint before. @throws {LedgerError} `latched` */
  readonly published: Promise<void>;
}

export interface Ledger extends AsyncDisposable {
  readonly origin: string;
  /** Entries acknowledged. */
  readonly size: number;
  /**
   * Appends an entry. Resolves only when it is durable and was read back and recomputed.
   * @throws {LedgerError} `overloaded` (with `retryAfterMs`), `disk-low`, `latched`, `closed`, `entry-too-large`,
   * `bad-draft`, `session-unknown`, `session-closed`, `session-exists`
   */
  append(draft: EntryDraft, options?: AppendOptions): Promise<Appended>;
  /**
   * A signed checkpoint over at least `size` entries, saved in the second place; signs at once.
   * @throws {RangeError} when so many are not acknowledged
   * @throws {LedgerError} `latched`, `closed`
   */
  checkpointFor(size: number): Promise<SignedCheckpoint>;
  /**
   * As `checkpointFor`, but resolves when it is signed: for what can be made of it while it is saved, and is
   * given to nobody before `published`.
   */
  signFor(size: number): Promise<Signing>;
  /** The latest that was published. */
  readonly checkpoint: SignedCheckpoint;
  /**
   * Checks a checkpoint that somebody holds. One that this log signed and does not contain is written down in the
   * second place, and ends the log: `failed` resolves, and opening it again is refused.
   * @throws {VerifyError | FormatError} when our key did not sign it: then it says nothing about this log
   * @throws {LedgerError} `latched`, of which the cause is `behind` or `forked`; `closed`
   */
  checkWitnessed(note: string): Promise<VerifiedCheckpoint>;
  /** Published checkpoints as they come, the present one first; some may be skipped, none comes twice. */
  followCheckpoints(options?: { signal?: AbortSignal }): AsyncIterable<SignedCheckpoint>;
  /** @throws {LedgerError} `not-found`, `damaged`, `closed` */
  entry(index: number): Promise<StoredEntry>;
  /** @throws {LedgerError} `not-found`, `damaged`, `closed` */
  leafBytes(index: number): Bytes;
  entries(range: { start: number; end: number }): AsyncIterable<StoredEntry>;
  /** A session's entries in order, from position `fromN` on. None for an unknown session. */
  sessionEntries(session: string, fromN?: number): AsyncIterable<StoredEntry>;
  /** Sessions that were opened and have not ended. */
  openSessions(): string[];
  /** Entries of a kind in order. @throws {RangeError} for `command.output`, which has no index */
  entriesOfKind(kind: Kind, options?: KindOptions): AsyncIterable<StoredEntry>;
  /**
   * A session's length, its last leaf, and how many of its entries are of a kind, without reading them; null for an
   * unknown session. @throws {RangeError} for `command.output`, which has no index
   */
  tallySession(session: string, kind: Kind): Promise<SessionTally | null>;
  proveInclusion(index: number, size: number): Hash[];
  proveConsistency(from: number, to: number): Hash[];
  proveRange(start: number, end: number, size: number): { left: Hash[]; right: Hash[] };
  /** The hash of a perfect subtree, for tiles and proofs of other kinds. */
  readonly readHash: ReadHash;
  /** Acknowledged entries from `from` on, live, in order, never twice; ends when the log closes. */
  follow(from: number, options?: { signal?: AbortSignal }): AsyncIterable<StoredEntry>;
  /** Audits the whole log as it is now, while it goes on. Finds problems; never throws for one. */
  fsck(options?: Pick<FsckOptions, 'onProgress' | 'signal'>): Promise<FsckReport>;
  /** Resolves when the log can no longer be written: the process should leave and recover. */
  readonly failed: Promise<LedgerError>;
  /** Room on the log's disk: when not `enough`, only essential entries are accepted. */
  readonly room: 'enough' | 'low' | 'none';
  /**
   * Removes an entry's content from the disk; its leaf and every proof stay. The caller has appended the
   * `content.erased` entry that says so. @throws {LedgerError} `not-found`, `closed`
   */
  eraseContent(index: number): Promise<void>;
}

export interface LedgerPlace {
  /** Holds the store, the lock and the reserve. */
  readonly folder: string;
  /** Holds the last signed checkpoint: best on another disk. */
  readonly secondFolder: string;
  readonly origin: string;
  readonly signer: Signer;
}

export interface CreateLedgerOptions extends LedgerPlace {
  readonly reserveBytes?: number;
}

export interface OpenLedgerOptions extends LedgerPlace {
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** States that agents and witnesses hold: the log must contain them all. */
  readonly witnessed?: readonly { readonly size: number; readonly root: Hash }[];
  readonly queue?: QueueOptions;
  readonly disk?: DiskOptions;
  /** Bytes of the last entries that opening reads: by default all that LevelDB may have replayed. */
  readonly tailBytes?: number;
  /** How long an acknowledged entry may wait for its checkpoint when nobody asks: 1 s by default. */
  readonly checkpointDelayMs?: number;
  /** Opens the store; LevelDB by default. */
  readonly openStore?: (folder: string) => Promise<Store>;
}

/**
 * Creates an empty log and its first checkpoint, of size 0. A creation that died half-way is begun again.
 * @throws {LedgerError} code `exists` when there is a log, or the second place knows one
 */
export async function createLedger(options: CreateLedgerOptions): Promise<void> {
  const { folder, secondFolder, origin, signer, reserveBytes } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await mkdir(secondFolder, { recursive: true, mode: 0o700 });
  await using _lock = await openLock(folder);
  if (await hasCheckpoint(secondFolder)) throw exists();
  const empty = { size: 0, root: EMPTY_ROOT };
  const note = await signCheckpoint({ origin, ...empty }, signer);
  {
    await using store = await openStore(join(folder, STORE), { create: true });
    if ((readHead(store)?.size ?? 0) > 0) throw exists();
    await store.write([putOrigin(origin), putHead(empty)]);
  }
  await createReserve(folder, reserveBytes);
  await syncFolder(folder);
  await createAcknowledged(secondFolder, empty);
  await saveCheckpoint(secondFolder, { note, ...empty });
}

/**
 * Opens a log, after everything that opening.ts checks.
 * @throws {LedgerError} `missing`, `locked`, `wrong-log`, `damaged`, `behind`, `forked`, `second-place`
 */
export async function openLedger(
  options: OpenLedgerOptions,
  { signal }: { signal?: AbortSignal } = {},
): Promise<Ledger> {
  const { folder, secondFolder, origin, signer, witnessed = [] } = options;
  const { tailBytes = MAX_REPLAYED_BYTES } = options;
  await using stack = new AsyncDisposableStack();
  await checkLogExists({ folder, secondFolder });
  stack.use(await lockMakingRoom(folder));
  await checkNotMarked(folder);
  const disk = await openDisk(folder, options.disk);
  const logKey = verifierKey(origin, 0x01, signer.publicKey);
  const saved = await loadCheckpoint(secondFolder, logKey);
  const caught = await loadCaught(secondFolder, logKey);
  const acknowledgedFile = stack.use(await openAcknowledged(secondFolder));
  const checkpointFile = stack.use(await openCheckpointFile(secondFolder));
  const store = stack.use(
    await openMarking(folder, {
      store: join(folder, STORE),
      open: options.openStore ?? openStore,
    }),
  );
  signal?.throwIfAborted();
  checkOrigin(store, origin);
  const tree = readStoredTree(store);
  const standing = await checkStored(store, { origin, tree, tailBytes });
  for (const held of [
    { ...saved, by: 'the saved checkpoint' },
    { ...acknowledgedFile.last, by: 'the acknowledged size' },
    ...witnessed.map((state) => ({ ...state, by: 'a witness' })),
    ...(caught === null ? [] : [{ ...caught, by: CAUGHT_BY }]),
  ]) {
    checkHeld(held, { size: standing.head.size, tree });
  }
  signal?.throwIfAborted();
  if (caught !== null) await forgetCaught(secondFolder);
  const latch = createLatch();
  return assemble(options, {
    ...{ disk, saved, acknowledgedFile, checkpointFile, store, tree, standing, latch },
    resources: stack.move(),
  });
}

const STORE = 'store';

interface Parts {
  readonly disk: Awaited<ReturnType<typeof openDisk>>;
  readonly saved: SignedCheckpoint;
  readonly acknowledgedFile: AcknowledgedFile;
  readonly checkpointFile: ReplacedFile;
  readonly store: Store;
  readonly tree: ReadHash;
  readonly standing: Standing;
  readonly latch: Latch;
  readonly resources: AsyncDisposableStack;
}

function assemble(options: OpenLedgerOptions, parts: Parts): Ledger {
  const { origin, secondFolder } = options;
  const logKey = verifierKey(origin, 0x01, options.signer.publicKey);
  const { store, tree, standing, latch, disk, resources } = parts;
  const bell = createBell();
  let isClosed = false;
  const publisher = openPublisher({
    ...{ origin, signer: options.signer, checkpointFile: parts.checkpointFile, latch },
    saved: parts.saved,
    acknowledged: () => writer.acknowledged,
    delayMs: options.checkpointDelayMs ?? 1000,
    onPublished: ringSoon,
  });
  const writer = openWriter({
    ...{ store, disk, latch, acknowledgedFile: parts.acknowledgedFile, growth: standing.growth },
    placement: createPlacement({ origin, store }, { size: standing.head.size, ...standing }),
    secondPath: followStored(store, standing.head.size),
    start: standing.head,
    now: options.now,
    ...(options.queue === undefined ? {} : { queue: options.queue }),
    onAcknowledged: () => {
      ringSoon();
      publisher.notice();
    },
  });
  const size = (): number => writer.acknowledged.size;
  const reader = createReader({ store, tree, size, checkOpen });
  resources.use(publisher);
  resources.use(writer); // disposed first: its last entries are in the last checkpoint
  void latch.failed.then(() => {
    bell.ring();
  });
  if (standing.head.size > parts.saved.size) publisher.notice();
  const follow = { bell, isClosed: () => isClosed || latch.error !== null };

  return {
    origin,
    get size() {
      return size();
    },
    get checkpoint() {
      return publisher.published;
    },
    get room() {
      return disk.room;
    },
    failed: latch.failed,
    append: (draft, appendOptions) => writer.append(draft, appendOptions),
    async checkpointFor(at) {
      const { checkpoint, published } = await publisher.sign(at);
      await published;
      return checkpoint;
    },
    signFor: (at) => publisher.sign(at),
    async checkWitnessed(note) {
      const held = await verifyCheckpoint(note, logKey);
      checkOpen();
      try {
        checkHeld({ ...held, by: 'an endpoint or witness' }, { size: size(), tree });
      } catch (cause) {
        throw latch.trip(await writeDownCaught(note, { secondFolder, cause }));
      }
      return held;
    },
    followCheckpoints: ({ signal } = {}) =>
      followPublished(() => publisher.published, { ...follow, signal }),
    entry: (index) =>
      new Promise((resolve) => {
        resolve(reader.entry(index));
      }),
    leafBytes: (index) => reader.leafBytes(index),
    entries: (range) => reader.entries(range),
    sessionEntries: (session, fromN = 0) => reader.sessionEntries(session, fromN),
    openSessions: () => [...writer.openSessions],
    entriesOfKind: (kind, range) => reader.entriesOfKind(kind, range),
    tallySession: (session, kind) => reader.tallySession(session, kind),
    proveInclusion: (index, at) => proveInclusion({ index, size: within(at), read: tree }),
    proveConsistency: (from, to) => proveConsistency({ from, to: within(to), read: tree }),
    proveRange: (start, end, at) => proveRange({ start, end, size: within(at), read: tree }),
    readHash: (level, index) => {
      within((index + 1) * 2 ** level);
      return tree(level, index);
    },
    follow: (from, { signal } = {}) => followEntries(reader, { from, signal, size, ...follow }),
    fsck: (auditOptions = {}) => {
      checkOpen();
      return fsck({ ...auditOptions, store, secondFolder, logKey });
    },
    async eraseContent(index) {
      reader.leafBytes(index);
      await eraseStored(store, index);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      bell.ring();
      await resources.disposeAsync();
    },
  };

  /** Whoever recorded something goes first, and the disk: an endpoint or a person waits for it. */
  function ringSoon(): void {
    setImmediate(() => {
      if (!publisher.isSaving) bell.ring();
    });
  }

  function checkOpen(): void {
    if (isClosed) throw new LedgerError('closed', 'Cannot read: the log is closed');
  }

  function within(at: number): number {
    checkOpen();
    if (at > size())
      throw new LedgerError('not-found', `Cannot prove: the log has ${size()} entries`);
    return at;
  }
}

/** Takes the lock; on a disk so full that not even the lock fits, after the reserve was given up. */
async function lockMakingRoom(folder: string): Promise<AsyncDisposable> {
  try {
    return await openLock(folder);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    await giveUpReserve(folder);
    return await openLock(folder);
  }
}

/**
 * Checks that the folder holds a log.
 * @throws {LedgerError} code `damaged` when the second place knows one, which is lost then; else `missing`
 */
export async function checkLogExists({
  folder,
  secondFolder,
}: Pick<CreateLedgerOptions, 'folder' | 'secondFolder'>): Promise<void> {
  const store = join(folder, STORE);
  try {
    await access(join(store, 'CURRENT'));
  } catch (cause) {
    if (await hasCheckpoint(secondFolder)) {
      const state = `"${store}" holds none, and there was one: "${secondFolder}" has its last checkpoint`;
      throw new LedgerError('damaged', `The log is LOST: ${state}`, { cause });
    }
    throw new LedgerError('missing', 'Cannot open log: there is none in this folder', { cause });
  }
}

function exists(): LedgerError {
  return new LedgerError('exists', 'Cannot create log: there is one');
}
