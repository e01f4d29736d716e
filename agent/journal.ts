// The endpoint's memory on disk: `journal.jsonl` in its folder. Every record is on disk before what it says is
// acted upon, so an order that was begun is never begun again, whatever ends the agent in between.
//
//   line = chain " " json "\n"        chain = base64url( SHA-256( chain of the line before || json ) )
//
// A crash can tear the last line, which then lacks its end: nobody has acted on it, and it is dropped. All else
// that does not add up is damage, and an agent that cannot say what it ran must not run anything.

import { writeFileSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type VerifiedCheckpoint, verifyCheckpoint } from '#crypto/checkpoint.ts';
import type { SeenVersions } from '#crypto/authorisation.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { EMPTY_ROOT, sha256Base64url } from '#crypto/hash.ts';
import type { VerifierKey } from '#crypto/key.ts';
import type { SeenCheckpoint } from '#crypto/work-order.ts';
import { replaceFile } from './durable-file.ts';
import { AgentError, isSystemError, JOURNAL_WORDS } from './error.ts';
import {
  type Fork,
  JOURNAL_FORMAT,
  type JournalRecord,
  journalRecordSchema,
  JournalState,
} from './journal-record.ts';

const FILE = 'journal.jsonl';

/** A journal that has grown by so much since it was compacted is compacted again. */
export const COMPACT_BYTES = 1024 * 1024;

/** An order that is about to be started. */
export interface OrderRecord {
  readonly checkpoint: VerifiedCheckpoint;
  readonly versions: SeenVersions;
  /** Hash of the command's statement: what makes an order single-use. */
  readonly command: string;
  readonly run: string;
  /** When the statement expires, and when its log wrote the order down. */
  readonly expires: string;
  readonly at: string;
}

/** Writes a new journal, durably, over whatever a broken enrolment left. */
export async function createJournal(
  folder: string,
  { endpoint, checkpoint }: { endpoint: string; checkpoint: VerifiedCheckpoint },
): Promise<void> {
  const records: JournalRecord[] = [
    { kind: 'opened', format: JOURNAL_FORMAT, endpoint },
    { kind: 'seen', note: checkpoint.note },
  ];
  await replaceFile(join(folder, FILE), formatLines(records).text);
}

/**
 * Opens a journal, and takes off a torn last line.
 * @throws {AgentError} code `journal-missing`; `journal-damaged` when it does not add up or is another
 *   endpoint's: nothing may run then, and enrolling the endpoint anew is the way out
 */
export async function openJournal(
  folder: string,
  { endpoint, logKey, compactBytes = COMPACT_BYTES }: OpenOptions,
): Promise<Journal> {
  const path = join(folder, FILE);
  const bytes = await readJournal(path);
  const { state, chain, length } = parseLines(bytes);
  if (state.endpoint !== endpoint) throw damaged('it is not of this endpoint');
  const seen = state.note === null ? null : await verifySeen(state.note, logKey);
  const file = await open(path, 'r+');
  try {
    if (length < bytes.length) await file.truncate(length);
    if (length < bytes.length) await file.sync();
  } finally {
    await file.close();
  }
  const journal = new Journal({ path, state, seen, chain, length, compactBytes });
  await journal.reopen();
  return journal;
}

interface OpenOptions {
  readonly endpoint: string;
  readonly logKey: VerifierKey;
  readonly compactBytes?: number;
}

/** What an endpoint remembers. Records go down one after another; the memory changes when they are on disk. */
export class Journal implements AsyncDisposable {
  readonly #path: string;
  readonly #compactBytes: number;
  #state: JournalState;
  #seen: VerifiedCheckpoint | null;
  #chain: string;
  #length: number;
  #compactAt: number;
  #file: FileHandle | null = null;
  #failure: AgentError | null = null;
  #turn: Promise<void> = Promise.resolve();

  /** Not for callers: `openJournal` makes it. */
  constructor(opened: {
    path: string;
    state: JournalState;
    seen: VerifiedCheckpoint | null;
    chain: string;
    length: number;
    compactBytes: number;
  }) {
    this.#path = opened.path;
    this.#state = opened.state;
    this.#seen = opened.seen;
    this.#chain = opened.chain;
    this.#length = opened.length;
    this.#compactBytes = opened.compactBytes;
    this.#compactAt = opened.compactBytes;
  }

  /** The last checkpoint that held, whole; null before the first. */
  get checkpoint(): VerifiedCheckpoint | null {
    return this.#seen;
  }

  /** The same, as what later checkpoints must extend. */
  get seen(): SeenCheckpoint {
    return this.#seen ?? { size: 0, root: EMPTY_ROOT };
  }

  get versions(): SeenVersions {
    return this.#state.versions;
  }

  /** The time of the latest order, as its log wrote it; null before the first. */
  get at(): string | null {
    return this.#state.at;
  }

  /** Two histories that this endpoint was shown; null: never. */
  get fork(): Fork | null {
    return this.#state.fork;
  }

  get isRemoved(): boolean {
    return this.#state.isRemoved;
  }

  /** Whether the order of this statement was started before. */
  hasRun(command: string): boolean {
    return this.#state.ran.has(command);
  }

  /** Remembers a checkpoint that held. @throws {AgentError} code `journal-failed` */
  async recordSeen(checkpoint: VerifiedCheckpoint): Promise<void> {
    return this.#inTurn(async () => {
      this.#checkForward(checkpoint);
      if (checkpoint.size === this.seen.size) return;
      await this.#append({ kind: 'seen', note: checkpoint.note });
      this.#seen = checkpoint;
    });
  }

  /**
   * Remembers an order, before it is started.
   * @throws {AgentError} code `replayed`; `journal-failed`: then nothing may be started any more
   */
  async recordRan(order: OrderRecord): Promise<void> {
    return this.#inTurn(async () => {
      if (this.hasRun(order.command)) {
        throw new AgentError('replayed', 'Cannot accept order: it was started before');
      }
      this.#checkForward(order.checkpoint);
      const { checkpoint, versions, command, run, expires, at } = order;
      await this.#append({
        kind: 'ran',
        note: checkpoint.size === this.seen.size ? null : checkpoint.note,
        versions: isSame(versions, this.versions) ? null : versions,
        command,
        run,
        expires,
        at,
      });
      this.#seen = checkpoint;
    });
  }

  /** Remembers two histories, for good. @throws {AgentError} code `journal-failed` */
  async recordFork(fork: Fork): Promise<void> {
    return this.#inTurn(async () => {
      if (this.fork === null) await this.#append({ kind: 'forked', ...fork });
    });
  }

  /** Remembers that the site let this endpoint go, for good. @throws {AgentError} code `journal-failed` */
  async recordRemoved(): Promise<void> {
    return this.#inTurn(() => this.#append({ kind: 'removed' }));
  }

  /** Opens the file for appending, compacted when that is worth it. */
  async reopen(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#length >= this.#compactAt) await this.#compact();
      this.#file ??= await open(this.#path, 'a', 0o600);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn;
    this.#failure ??= new AgentError('journal-failed', 'Cannot write journal: it is closed');
    await this.#file?.close();
    this.#file = null;
  }

  #checkForward({ size }: VerifiedCheckpoint): void {
    if (size < this.seen.size) throw new Error('unreachable: a checkpoint behind one that held');
  }

  async #append(record: JournalRecord): Promise<void> {
    if (this.#length >= this.#compactAt) await this.#compact();
    const { text, chain } = formatLines([record], this.#chain);
    const bytes = encodeUtf8(text);
    const file = this.#file;
    if (file === null) throw new Error('unreachable: the journal is not open');
    writeFileSync(file.fd, bytes); // appends: the system takes a few hundred bytes at once
    await file.datasync();
    this.#chain = chain;
    this.#length += bytes.length;
    this.#state.apply(record);
  }

  async #compact(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
    const records = this.#state.compact();
    const { text, chain } = formatLines(records);
    await replaceFile(this.#path, text);
    this.#state = new JournalState();
    for (const record of records) this.#state.apply(record);
    this.#chain = chain;
    this.#length = encodeUtf8(text).length;
    this.#compactAt = this.#length + this.#compactBytes;
    this.#file = await open(this.#path, 'a', 0o600);
  }

  /** One at a time. What the disk refused once leaves the file in doubt: everything after is refused, too. */
  #inTurn(write: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(async () => {
      if (this.#failure !== null) throw this.#failure;
      try {
        await write();
      } catch (cause) {
        if (cause instanceof AgentError) throw cause;
        this.#failure = new AgentError('journal-failed', 'Cannot write journal', { cause });
        throw this.#failure;
      }
    });
    this.#turn = turn.catch(() => undefined); // told to its own caller
    return turn;
  }
}

function isSame(a: SeenVersions, b: SeenVersions): boolean {
  const names = ['roster', 'authority', 'policy'] as const;
  return names.every(
    (name) => a[name]?.version === b[name]?.version && a[name]?.hash === b[name]?.hash,
  );
}

function formatLines(
  records: readonly JournalRecord[],
  after = '',
): { text: string; chain: string } {
  let text = '';
  let chain = after;
  for (const record of records) {
    const json = JSON.stringify(record);
    chain = sha256Base64url(chain + json);
    text += `${chain} ${json}\n`;
  }
  return { text, chain };
}

const NEWLINE = 0x0a;

/** The state, the last line's chain, and how many bytes hold. */
function parseLines(bytes: Uint8Array): { state: JournalState; chain: string; length: number } {
  const state = new JournalState();
  const length = bytes.lastIndexOf(NEWLINE) + 1; // behind it lies what a crash tore
  const lines = decode(bytes.subarray(0, length)).split('\n').slice(0, -1);
  let chain = '';
  for (const [i, line] of lines.entries()) {
    const json = line.slice(44);
    const expected = sha256Base64url(chain + json);
    if (line.slice(0, 44) !== `${expected} `) throw damaged(`line ${i + 1} does not follow`);
    chain = expected;
    const record = parseRecord(json, i);
    if ((record.kind === 'opened') !== (i === 0)) throw damaged(`line ${i + 1} is out of place`);
    state.apply(record);
  }
  return { state, chain, length };
}

function parseRecord(json: string, at: number): JournalRecord {
  try {
    return journalRecordSchema.parse(JSON.parse(json));
  } catch (cause) {
    throw damaged(`line ${at + 1} is no record`, cause);
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw damaged('it is not UTF-8', cause);
  }
}

async function readJournal(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (cause) {
    if (!isSystemError(cause, 'ENOENT')) throw cause;
    throw new AgentError(
      'journal-missing',
      `Cannot open journal: "${path}" is gone\n${JOURNAL_WORDS}`,
    );
  }
}

async function verifySeen(note: string, logKey: VerifierKey): Promise<VerifiedCheckpoint> {
  try {
    return await verifyCheckpoint(note, logKey);
  } catch (cause) {
    throw damaged('its checkpoint does not hold', cause);
  }
}

function damaged(state: string, cause?: unknown): AgentError {
  return new AgentError('journal-damaged', `Cannot open journal: ${state}\n${JOURNAL_WORDS}`, {
    cause,
  });
}
