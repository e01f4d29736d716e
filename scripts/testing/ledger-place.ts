// A place for a log in a test: temporary folders, a fixed key and origin, a clock that only goes on when read,
// and drafts of a few kinds.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { createLedger, type EntryDraft, type Ledger } from '#appliance/ledger/ledger.ts';
import { openLedger, type OpenLedgerOptions } from '#appliance/ledger/ledger.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { sealEntry } from '#crypto/entry.ts';
import { verifierKey, type VerifierKey } from '#crypto/key.ts';
import { importSigner, type Signer } from '#crypto/webcrypto.ts';

export const ORIGIN = 'console.example/site/n0Vq/1';
export const STARTED_MS = Date.UTC(2026, 10, 21, 2, 9, 14, 123);
export const ENDPOINT = 'AAAAAAAAAAAAAAAAAAAAAA';
export const SESSION = 'BBBBBBBBBBBBBBBBBBBBBA';
export const HASH = 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA';
/** Small, so that a test writes no megabytes of reserve. */
export const RESERVE_BYTES = 64 * 1024;

export interface LedgerPlace extends AsyncDisposable {
  readonly base: string;
  readonly folder: string;
  readonly secondFolder: string;
  readonly signer: Signer;
  readonly logKey: VerifierKey;
  open(options?: Partial<OpenLedgerOptions>): Promise<Ledger>;
}

/** Makes folders with an empty log in them; disposing removes them. */
export async function createLedgerPlace({ under = tmpdir() } = {}): Promise<LedgerPlace> {
  const base = await mkdtemp(join(under, 'caisey-ledger-'));
  const signer = await importSigner(new Uint8Array(32).fill(7));
  const place = { folder: join(base, 'log'), secondFolder: join(base, 'second'), signer };
  await createLedger({ ...place, origin: ORIGIN, reserveBytes: RESERVE_BYTES });
  let nowMs = STARTED_MS;
  return {
    base,
    ...place,
    logKey: verifierKey(ORIGIN, 0x01, signer.publicKey),
    open: (options = {}) =>
      openLedger({
        ...place,
        origin: ORIGIN,
        now: () => (nowMs += 7),
        disk: { reserveBytes: RESERVE_BYTES },
        ...options,
      }),
    async [Symbol.asyncDispose]() {
      await rm(base, { recursive: true, force: true });
    },
  };
}

/** An entry of the site itself. */
export function alert(detail: string): EntryDraft {
  return {
    sealed: sealEntry('alert.raised', { code: 'test', severity: 'info', subject: null, detail }),
  };
}

export function opening(session: string = SESSION): EntryDraft {
  const sealed = sealEntry('session.opened', {
    ...{ technician: 'Dana', technician_id: 'd1', endpoint_name: 'PC-17', client: 'Mill' },
    ...{ site: 'Office', reason: null, ticket: null },
    statement: { statement: 'e30', signature: { alg: 'ed25519', signature: 'AA' } },
  });
  return { sealed, session, endpoint: ENDPOINT, ref: { roster: HASH, enrolment: HASH } };
}

export function chat(text: string, session: string = SESSION): EntryDraft {
  const sealed = sealEntry('chat.said', {
    ...{ from: 'technician', name: 'Dana' },
    text: { bytes: encodeUtf8(text) },
  });
  return { sealed, session, endpoint: ENDPOINT };
}

export function closing(session: string = SESSION): EntryDraft {
  const sealed = sealEntry('session.closed', {
    ...{ by: 'Dana', reason: 'technician', note: null, ticket: null },
  });
  return { sealed, session, endpoint: ENDPOINT };
}

/** Appends so many alerts, all at once, and waits for them. */
export async function appendAlerts(ledger: Ledger, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => ledger.append(alert(`alert ${i}`))));
}

/** All that an iterable yields. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The error that a promise rejects with. */
export async function rejection(
  promise: Promise<unknown>,
): Promise<{ code: unknown; message: string }> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error)
      return { code: 'code' in error ? error.code : error.name, message: error.message };
    throw error;
  }
  throw new Error('expected a rejection');
}
