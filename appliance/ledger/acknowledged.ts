// What was acknowledged, beside the saved checkpoint: a checkpoint follows an acknowledged entry by up to a
// second, and in that second a cut of LevelDB's log file would otherwise shorten the log unnoticed.
//
//   two slots, 4096 bytes apart, written in turn:  size(8)  root(32)  SHA-256(domain || size || root)(32)
//
// Written before anybody is told, without waiting for the disk: it outlives the process at once. It need not outlive
// a power cut, after which it may say less than before: what a saved checkpoint holds is known from that. It is never
// ahead of the store, which is on disk first.

import { fsyncSync, writeSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { type Bytes, concatBytes, encodeUtf8, equalBytes } from '#crypto/bytes.ts';
import { HASH_BYTES, type Hash, sha256 } from '#crypto/hash.ts';

import { replaceFile } from './durable-file.ts';
import { LedgerError } from './error.ts';
import type { Recomputed } from './second-path.ts';

const NAME = 'acknowledged';
const SLOT_BYTES = 4096;
const STATE_BYTES = 8 + HASH_BYTES;
const RECORD_BYTES = STATE_BYTES + HASH_BYTES;
const DOMAIN = encodeUtf8('caisey/acknowledged/v1\0');

/** The file, open for writing. */
export interface AcknowledgedFile extends AsyncDisposable {
  /** The last state written. */
  readonly last: Recomputed;
  /** Writes a state; it is with the operating system when this returns. */
  record(state: Recomputed): void;
}

/** Makes the file of an empty log. */
export async function createAcknowledged(folder: string, state: Recomputed): Promise<void> {
  const slots = new Uint8Array(2 * SLOT_BYTES);
  slots.set(encodeState(state));
  slots.set(encodeState(state), SLOT_BYTES);
  await replaceFile(join(folder, NAME), slots);
}

/**
 * Opens the file.
 * @throws {LedgerError} code `second-place` when it is missing or no slot is whole
 */
export async function openAcknowledged(folder: string): Promise<AcknowledgedFile> {
  const { last, slot: newest } = await readNewest(folder);
  const handle = await open(join(folder, NAME), 'r+');
  let state = last;
  let slot = 1 - newest; // never over the newest
  return {
    get last() {
      return state;
    },
    record(next) {
      writeSync(handle.fd, encodeState(next), 0, RECORD_BYTES, slot * SLOT_BYTES);
      slot = 1 - slot;
      state = next;
    },
    async [Symbol.asyncDispose]() {
      if (handle.fd < 0) return;
      fsyncSync(handle.fd);
      await handle.close();
    },
  };
}

/** Loads the last state written. @throws {LedgerError} code `second-place` as `openAcknowledged` does */
export async function loadAcknowledged(folder: string): Promise<Recomputed> {
  return (await readNewest(folder)).last;
}

async function readNewest(folder: string): Promise<{ last: Recomputed; slot: number }> {
  const slots = await readSlots(join(folder, NAME));
  const first = parseState(slots);
  const second = parseState(slots.subarray(SLOT_BYTES));
  if (first !== null && (second === null || first.size >= second.size))
    return { last: first, slot: 0 };
  if (second === null) throw secondPlace('is not readable');
  return { last: second, slot: 1 };
}

async function readSlots(path: string): Promise<Bytes> {
  try {
    return new Uint8Array(await readFile(path));
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') {
      throw secondPlace('is missing', { cause });
    }
    throw cause;
  }
}

function encodeState({ size, root }: Recomputed): Bytes {
  const state = new Uint8Array(STATE_BYTES);
  new DataView(state.buffer).setBigUint64(0, BigInt(size));
  state.set(root, 8);
  return concatBytes(state, checkOf(state));
}

function parseState(slot: Uint8Array): Recomputed | null {
  const bytes = new Uint8Array(slot.subarray(0, RECORD_BYTES));
  if (bytes.length !== RECORD_BYTES) return null;
  const state = bytes.subarray(0, STATE_BYTES);
  if (!equalBytes(checkOf(state), bytes.subarray(STATE_BYTES))) return null;
  const size = Number(new DataView(bytes.buffer).getBigUint64(0));
  return { size, root: bytes.slice(8, STATE_BYTES) };
}

function checkOf(state: Uint8Array): Hash {
  return sha256(concatBytes(DOMAIN, state));
}

function secondPlace(state: string, options?: ErrorOptions): LedgerError {
  return new LedgerError(
    'second-place',
    `Cannot open log: its acknowledged size ${state}`,
    options,
  );
}
