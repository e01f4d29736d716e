// The log as a folder of public files. What an appliance sends is not believed: paths are those of tlog-tiles and
// nothing else, the checkpoint must be signed by the pinned key, and the leaves must hash to its root.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { exportTiles } from '#appliance/ledger/export.ts';
import { openLedger } from '#appliance/ledger/ledger.ts';
import { useNativeCrypto } from '#agent/protocol/native-crypto.ts';
import { systemWords } from '#agent/system-error.ts';
import { parseBase64 } from '#crypto/base64.ts';
import { type Bytes, decodeUtf8, equalBytes } from '#crypto/bytes.ts';
import { verifyCheckpoint } from '#crypto/checkpoint.ts';
import { VerifyError } from '#crypto/error.ts';
import { leafHash } from '#crypto/hash.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import { parseBundle, parseBundlePath, parseTilePath } from '#crypto/tile.ts';
import { EMPTY_FRONTIER, extendFrontier, type Frontier, frontierRoot } from '#crypto/tree.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import { isSystem, isThere } from './home.ts';
import type { Invocation } from './invocation.ts';
import { findLog, type LocalLog } from './log-source.ts';
import { openProgress } from './progress.ts';

/** Writes the log into a new folder, which appears whole or not at all. */
export async function exportTo(
  invocation: Invocation,
  dir: string,
  options: { isOffline: boolean },
): Promise<void> {
  if (await isThere(dir)) {
    throw new CliError('exists', `Cannot export: "${dir}" is there already`);
  }
  useNativeCrypto();
  const source = await findLog(invocation, options);
  const { size, files } =
    source.kind === 'appliance'
      ? await receive(invocation, source.connection, dir)
      : await exportFolder(invocation, source.log, dir);
  await invocation.output.result({ folder: dir, size, files }, () => `${dir}\n`);
  await invocation.output.note(`${size} entries, hashed to the signed root`, 'green');
}

interface Exported {
  readonly size: number;
  readonly files: number;
}

async function receive(
  invocation: Invocation,
  connection: Connection,
  dir: string,
): Promise<Exported> {
  await using held = connection;
  const building = `${dir}.part`;
  await makeFolder(building, dir);
  await using undo = new AsyncDisposableStack();
  undo.defer(() => rm(building, { recursive: true, force: true }));
  await using progress = openProgress(invocation.terminal, 'Exporting');
  const total = (await held.client.call('site.status', {})).size;
  const received = new Received();
  await held.client.call(
    'log.export',
    {},
    {
      signal: invocation.signal,
      onEvent: async (event) => {
        if (event.kind !== 'file') return;
        const bytes = parseBase64(event.data);
        received.take(event.path, bytes);
        const target = join(building, event.path);
        await mkdir(dirname(target), { recursive: true });
        await writeFile(target, bytes, { flag: 'wx' });
        await progress.update(Math.min(received.entries, total), total);
      },
    },
  );
  await received.check(held.site.log);
  await rename(building, dir);
  undo.move();
  return { size: received.entries, files: received.files };
}

/** @throws {CliError} about the folder that was named; the one beside it is named when it is in the way */
async function makeFolder(building: string, dir: string): Promise<void> {
  try {
    await mkdir(building, { recursive: false });
  } catch (cause) {
    if (isSystem(cause, 'EEXIST')) {
      throw new CliError('exists', `Cannot export to "${dir}": "${building}" is in the way`, {
        cause,
        hint: 'It is left by an export that was cut off, or one is running. Remove it, or name another folder.',
      });
    }
    const words = systemWords(cause);
    if (words === null) throw cause;
    throw new CliError('unusable', `Cannot export to "${dir}": ${words}`, {
      cause,
      hint: 'The folder that it is to stand in must be there, and you must be allowed to write in it.',
    });
  }
}

/** What came of a log so far, hashed as it came: `take` each file in order, then `check` the whole. */
export class Received {
  #frontier: Frontier = EMPTY_FRONTIER;
  #checkpoint: string | null = null;
  #vkey: string | null = null;
  files = 0;

  get entries(): number {
    return this.#frontier.size;
  }

  /** Takes a file. @throws {VerifyError | FormatError} for a path that no log has, or a bundle out of order */
  take(path: string, bytes: Bytes): void {
    this.files += 1;
    if (path === 'checkpoint') this.#checkpoint = decodeUtf8(bytes);
    else if (path === 'vkey') this.#vkey = decodeUtf8(bytes).trim();
    else if (path.startsWith('tile/entries/')) this.#takeBundle(path, bytes);
    else parseTilePath(path);
  }

  /** Checks that all that came is what the pinned key signed. */
  async check(pinned: string): Promise<void> {
    if (this.#checkpoint === null || this.#vkey !== pinned) {
      throw new VerifyError('unknown-key', 'Cannot export: it is not the log that site.json pins');
    }
    const { size, root } = await verifyCheckpoint(this.#checkpoint, parseVerifierKey(pinned));
    if (size === this.#frontier.size && equalBytes(root, frontierRoot(this.#frontier))) return;
    throw new VerifyError(
      'inclusion',
      'Cannot export: the entries are not those of the checkpoint',
    );
  }

  #takeBundle(path: string, bytes: Bytes): void {
    const { index, width } = parseBundlePath(path);
    if (index * 256 !== this.#frontier.size) {
      throw new VerifyError('range', `Cannot export: "${path}" is not the next of its entries`);
    }
    this.#frontier = extendFrontier(this.#frontier, parseBundle(bytes, width).map(leafHash));
  }
}

async function exportFolder(
  invocation: Invocation,
  { config, places, signer, logKey }: LocalLog,
  dir: string,
): Promise<Exported> {
  await using ledger = await openLedger({
    ...{ folder: places.log, secondFolder: places.second, origin: config.origin, signer },
    now: () => invocation.terminal.now(),
  });
  let files = 0;
  const { size } = await exportTiles(ledger, {
    ...{ folder: dir, logKey, signal: invocation.signal },
    onProgress: (done) => {
      ({ files } = done);
    },
  });
  return { size, files: files + 2 };
}
