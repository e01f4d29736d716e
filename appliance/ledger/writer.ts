// The one writer. Drafts that arrive while a batch is on its way to the disk form the next batch; a batch is
// written, read back, recomputed by the second path, recorded as acknowledged, and only then told to whoever
// waits. The next batch is built and its write begun before the waiters run, so that disk and processor work
// at the same time.

import { equalBytes } from '#crypto/bytes.ts';

import type { AcknowledgedFile } from './acknowledged.ts';
import { createBell } from './bell.ts';
import { buildBatch, type Growth, isEnding, type Placed } from './batch.ts';
import type { Disk } from './disk.ts';
import { damaged, LedgerError } from './error.ts';
import { readHead } from './head.ts';
import { contentKey } from './key-space.ts';
import type { Latch } from './latch.ts';
import type { Appended, EntryDraft } from './ledger.ts';
import type { Placement } from './placement.ts';
import type { Recomputed, SecondPath } from './second-path.ts';
import type { Store } from './store.ts';

export interface QueueOptions {
  /** Entries that may wait. */
  readonly entries?: number;
  /** Bytes of leaves and content that may wait. */
  readonly bytes?: number;
}

export interface Writer extends AsyncDisposable {
  /** What is durable, verified and told. */
  readonly acknowledged: Recomputed;
  readonly openSessions: ReadonlySet<string>;
  append(draft: EntryDraft, options?: { essential?: boolean }): Promise<Appended>;
}

export interface WriterParts {
  readonly store: Store;
  readonly disk: Disk;
  readonly latch: Latch;
  readonly placement: Placement;
  readonly secondPath: SecondPath;
  readonly acknowledgedFile: AcknowledgedFile;
  readonly growth: Growth;
  readonly start: Recomputed;
  readonly now: () => number;
  readonly queue?: QueueOptions;
  /** Told after every batch that was acknowledged. */
  readonly onAcknowledged: () => void;
}

/** Entries of one batch at most: with more writers than this, one batch is built while another is written. */
const MAX_BATCH_ENTRIES = 256;
const MAX_BATCH_BYTES = 4 * 1024 * 1024;

interface Waiting extends Placed {
  readonly resolve: (appended: Appended) => void;
  readonly reject: (error: LedgerError) => void;
}

export function openWriter(parts: WriterParts): Writer {
  const { store, disk, latch, placement, secondPath, acknowledgedFile, now } = parts;
  const { entries: maxEntries = 8192, bytes: maxBytes = 64 * 1024 * 1024 } = parts.queue ?? {};
  const bell = createBell();
  const openSessions = new Set(placement.sessions.keys());
  let queue: Waiting[] = [];
  let queuedBytes = 0;
  let growth = parts.growth;
  let acknowledged = parts.start;
  let entriesPerMs = 10; // a first guess, for retry times only
  let isClosing = false;
  const running = run();

  return {
    get acknowledged() {
      return acknowledged;
    },
    openSessions,
    append(draft, { essential = false } = {}) {
      return new Promise((resolve, reject) => {
        checkAccepting(essential);
        const placed = placement.place(draft, now());
        queue.push({ ...placed, resolve, reject });
        queuedBytes += bytesOf(placed);
        if (queue.length === 1) bell.ring();
      });
    },
    async [Symbol.asyncDispose]() {
      isClosing = true;
      bell.ring();
      await running;
    },
  };

  function checkAccepting(essential: boolean): void {
    latch.check();
    if (isClosing) throw new LedgerError('closed', 'Cannot append: the log is closed');
    const { room } = disk;
    if (room === 'none' || (room === 'low' && !essential)) {
      throw new LedgerError('disk-low', 'Cannot append: the disk is nearly full');
    }
    if (queue.length >= maxEntries || queuedBytes >= maxBytes) {
      const retryAfterMs = Math.min(5000, Math.max(10, Math.ceil(queue.length / entriesPerMs)));
      throw new LedgerError('overloaded', 'Cannot append: the queue is full', { retryAfterMs });
    }
  }

  /** Never rejects: what goes wrong trips the latch. */
  async function run(): Promise<void> {
    let tell: () => void = () => undefined;
    for (;;) {
      if (queue.length === 0) {
        tell();
        tell = () => undefined;
        await forDrafts();
        if (queue.length === 0) return; // closing, or latched
      }
      const batch = takeBatch();
      const beganMs = performance.now();
      try {
        const written = writeBatch(batch);
        tell();
        await written;
        verify(batch);
      } catch (error) {
        refuseAll(batch, latch.trip(error));
        return;
      }
      entriesPerMs = batch.length / Math.max(0.05, performance.now() - beganMs);
      tell = () => {
        for (const { resolve, appended } of batch) resolve(appended);
        parts.onAcknowledged();
      };
    }
  }

  /** Waits for a draft, then for the turn to end, so that all who were told together write together. */
  async function forDrafts(): Promise<void> {
    while (queue.length === 0 && !isClosing && latch.error === null) await bell.wait(undefined);
    await new Promise((resolve) => setImmediate(resolve));
  }

  function takeBatch(): Waiting[] {
    let count = 0;
    let bytes = 0;
    for (const waiting of queue) {
      if (count === MAX_BATCH_ENTRIES || (count > 0 && bytes >= MAX_BATCH_BYTES)) break;
      bytes += bytesOf(waiting);
      count += 1;
    }
    const batch = queue.slice(0, count);
    queue = queue.slice(count);
    queuedBytes -= bytes;
    return batch;
  }

  async function writeBatch(batch: readonly Waiting[]): Promise<void> {
    const { changes, after } = buildBatch(batch, growth);
    growth = after;
    await store.write(changes);
  }

  /** Reads back what was written; a crash before this returns loses nothing that anybody was told. */
  function verify(batch: readonly Waiting[]): void {
    for (const { appended, content } of batch) {
      const stored = store.get(contentKey(appended.index));
      if (stored === undefined || Buffer.compare(stored, content) !== 0) {
        throw damaged(`content ${appended.index} is not what was written`);
      }
    }
    const recomputed = secondPath.advance(secondPath.size + batch.length);
    const head = readHead(store);
    if (head?.size !== recomputed.size || !equalBytes(head.root, recomputed.root)) {
      throw damaged('the root does not recompute from what was written');
    }
    latch.check(); // a signature may have failed meanwhile
    acknowledgedFile.record(recomputed);
    acknowledged = recomputed;
    disk.look();
    for (const { appended } of batch) noteSession(appended);
  }

  function noteSession({ leaf }: Appended): void {
    if (leaf.s === undefined) return;
    if (leaf.k === 'session.opened') openSessions.add(leaf.s);
    if (!isEnding(leaf.k)) return;
    openSessions.delete(leaf.s);
    placement.forget(leaf.s);
  }

  function refuseAll(batch: readonly Waiting[], error: LedgerError): void {
    for (const { reject } of [...batch, ...queue]) reject(error);
    queue = [];
    queuedBytes = 0;
  }
}

function bytesOf({ appended, content }: Placed): number {
  return appended.leafBytes.length + content.length;
}
