// What a client takes out of the log: a session's evidence, entries of no session, the tiles, proofs, and the log's
// own examination.

import { encodeBase64url } from '#crypto/base64.ts';
import { bundlePath, tilePath, tilesOf } from '#crypto/tile.ts';
import { bundleBytes, tileBytes } from '../../ledger/served.ts';
import { findEntries } from '../../work/entries.ts';
import { exportEvidence } from '../../work/records.ts';
import { WorkError } from '../../work/error.ts';
import type { Call, Handler } from './call.ts';
import { demandKnown, demandRole } from './call.ts';
import { showEntry } from '../shown-entry.ts';
import { takePage } from './page.ts';

const CHUNK_BYTES = 256 * 1024;

export const recordsExport: Handler<'records.export'> = async (request, call) => {
  demandKnown(call.caller);
  const { bytes, checkpoint } = await exportEvidence(call.desk.site.ledger, request.session);
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    call.signal.throwIfAborted();
    const data = Buffer.from(bytes.subarray(start, start + CHUNK_BYTES)).toString('base64');
    await call.emit({ kind: 'chunk', data });
  }
  return { bytes: bytes.length, checkpoint: checkpoint.note };
};

export const logFsck: Handler<'log.fsck'> = async (_request, call) => {
  demandRole(call.caller, ['owner']);
  const report = await call.desk.site.ledger.fsck({
    signal: call.signal,
    onProgress: ({ entries, of }) => {
      // a client that is gone is noticed by its signal; nobody waits for progress
      call.emit({ kind: 'progress', done: entries, total: of }).catch(() => undefined);
    },
  });
  return {
    size: report.size,
    root: encodeBase64url(report.root),
    firstBad: report.firstBad,
    problems: report.problems.slice(0, 1000).map(({ index, what }) => ({ index, what })),
  };
};

/** Sends the log as of now as the files of a tlog-tiles directory: `checkpoint`, `vkey`, `tile/…`. */
export const logExport: Handler<'log.export'> = async (_request, call) => {
  demandKnown(call.caller);
  const { ledger } = call.desk.site;
  const { note, size } = ledger.checkpoint;
  let files = 0;
  for (const tile of tilesOf(size)) {
    call.signal.throwIfAborted();
    await emitFile(call, tilePath(tile), tileBytes(ledger, tile));
    files += 1;
    if (tile.level === 0) {
      await emitFile(call, bundlePath(tile), bundleBytes(ledger, tile));
      files += 1;
    }
  }
  await emitFile(call, 'vkey', Buffer.from(`${call.desk.pins().log}\n`));
  await emitFile(call, 'checkpoint', Buffer.from(note));
  return { files: files + 2, size };
};

/**
 * Proves entries to a client, and that the log extends the checkpoint that the client holds. When it does not, the
 * client is a witness of it: the log is latched (`checkWitnessed`).
 */
export const logProve: Handler<'log.prove'> = async ({ indices, seen }, call) => {
  demandKnown(call.caller);
  const { ledger } = call.desk.site;
  const last = Math.max(-1, ...indices);
  if (last >= ledger.size) {
    throw new WorkError('entry-unknown', `Cannot prove entry ${last}: the log has ${ledger.size}`);
  }
  const from = seen === null ? 0 : (await ledger.checkWitnessed(seen)).size;
  const { note, size } = await ledger.checkpointFor(Math.max(last + 1, from));
  return {
    checkpoint: note,
    consistency: from === 0 ? [] : formatHashes(ledger.proveConsistency(from, size)),
    inclusions: indices.map((index) => formatHashes(ledger.proveInclusion(index, size))),
  };
};

/** Entries by their kinds: how a machine came and went, what was run on it, what governs the site. */
export const logEntries: Handler<'log.entries'> = async ({ limit, ...wanted }, call) => {
  demandKnown(call.caller);
  const { found, next } = await findEntries(call.desk.site.ledger, { ...wanted, limit });
  const list = found.map((entry) => ({ index: entry.index, shown: showEntry(entry) }));
  const page = await takePage(list, { limit, cursorOf: ({ index }) => index });
  return { entries: page.items.map(({ shown }) => shown), next: page.next ?? next };
};

function formatHashes(hashes: readonly Uint8Array[]): string[] {
  return hashes.map(encodeBase64url);
}

async function emitFile(call: Call, path: string, bytes: Uint8Array): Promise<void> {
  await call.emit({ kind: 'file', path, data: Buffer.from(bytes).toString('base64') });
}
