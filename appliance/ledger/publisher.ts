// Publishing: what was acknowledged is signed, the checkpoint saved in the second place and its signature checked
// meanwhile, and only then shown to anybody. At once when somebody asks, else at most a second after an entry; who
// asks while one is being made is served by the next, all together. While one is on its way to the second place,
// whoever asked may work on what it will be shown in.

import { signCheckpoint, verifyCheckpoint } from '#crypto/checkpoint.ts';
import { verifierKey } from '#crypto/key.ts';
import type { Signer } from '#crypto/webcrypto.ts';

import type { createBell } from './bell.ts';
import type { ReplacedFile } from './durable-file.ts';
import { LedgerError } from './error.ts';
import type { Latch } from './latch.ts';
import type { SignedCheckpoint, Signing } from './ledger.ts';
import type { Recomputed } from './second-path.ts';

export interface Publisher extends AsyncDisposable {
  readonly published: SignedCheckpoint;
  /** Whether a checkpoint is on its way to the second place: `onPublished` follows. */
  readonly isSaving: boolean;
  /** Resolves with a signed checkpoint of at least this size, which must be acknowledged. */
  sign(size: number): Promise<Signing>;
  /** Says that entries were acknowledged. */
  notice(): void;
}

export interface PublisherParts {
  readonly origin: string;
  readonly signer: Signer;
  /** The second place. */
  readonly checkpointFile: Pick<ReplacedFile, 'replace'>;
  readonly latch: Latch;
  /** The checkpoint that is saved already. */
  readonly saved: SignedCheckpoint;
  readonly acknowledged: () => Recomputed;
  /** Milliseconds that an acknowledged entry may wait for its checkpoint when nobody asks. */
  readonly delayMs: number;
  readonly onPublished: () => void;
}

interface Asking {
  readonly size: number;
  readonly resolve: (signing: Signing) => void;
  readonly reject: (error: LedgerError) => void;
}

export function openPublisher(parts: PublisherParts): Publisher {
  const { origin, signer, latch, acknowledged, checkpointFile, delayMs } = parts;
  const logKey = verifierKey(origin, 0x01, signer.publicKey);
  let published = parts.saved;
  let asking: Asking[] = [];
  let running: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isSaving = false;
  let isClosed = false;

  return {
    get published() {
      return published;
    },
    get isSaving() {
      return isSaving;
    },
    async sign(size) {
      latch.check();
      if (size <= published.size) return { checkpoint: published, published: Promise.resolve() };
      if (isClosed) throw new LedgerError('closed', 'Cannot sign: the log is closed');
      if (size > acknowledged().size) {
        throw new RangeError(`Cannot sign: size ${size} is not acknowledged`);
      }
      return await new Promise((resolve, reject) => {
        asking.push({ size, resolve, reject });
        start();
      });
    },
    notice() {
      if (isClosed || running !== null) return; // `run` looks again before it ends
      timer ??= setTimeout(start, delayMs);
    },
    async [Symbol.asyncDispose]() {
      isClosed = true;
      if (latch.error === null) start();
      await running;
      if (timer !== null) clearTimeout(timer);
    },
  };

  function start(): void {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    running ??= run();
  }

  /** Never rejects: what goes wrong trips the latch and is told to whoever asked. */
  async function run(): Promise<void> {
    try {
      do await publishOnce();
      while (asking.length > 0);
    } catch (error) {
      const latched = latch.trip(error);
      for (const { reject } of asking) reject(latched);
      asking = [];
    }
    running = null;
    if (acknowledged().size > published.size && latch.error === null && !isClosed) {
      timer ??= setTimeout(start, delayMs);
    }
  }

  async function publishOnce(): Promise<void> {
    const state = acknowledged();
    if (state.size > published.size) {
      const note = await signCheckpoint({ origin, ...state }, signer);
      const checkpoint: SignedCheckpoint = { note, ...state };
      latch.check();
      isSaving = true;
      const saved = save(note);
      serve({ checkpoint, published: saved });
      await saved;
      isSaving = false;
      published = checkpoint;
      parts.onPublished();
    } else serve({ checkpoint: published, published: Promise.resolve() });
  }

  /** Verifies a checkpoint and puts it in the second place; what goes wrong trips the latch. */
  async function save(note: string): Promise<void> {
    try {
      await checkpointFile.replace(note, () => verifyCheckpoint(note, logKey));
    } catch (error) {
      throw latch.trip(error);
    }
  }

  function serve(signing: Signing): void {
    const { size } = signing.checkpoint;
    const served = asking.filter((each) => each.size <= size);
    asking = asking.filter((each) => each.size > size);
    for (const { resolve } of served) resolve(signing);
  }
}

/** Published checkpoints as they come, the present one first; some may be skipped, none comes twice. */
export async function* followPublished(
  published: () => SignedCheckpoint,
  options: {
    signal: AbortSignal | undefined;
    bell: ReturnType<typeof createBell>;
    isClosed: () => boolean;
  },
): AsyncGenerator<SignedCheckpoint, void, undefined> {
  const { signal, bell, isClosed } = options;
  for (let last = -1; !isClosed();) {
    const checkpoint = published();
    if (checkpoint.size > last) {
      last = checkpoint.size;
      yield checkpoint;
    } else {
      await bell.wait(signal);
    }
  }
}
