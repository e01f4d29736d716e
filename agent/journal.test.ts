import { appendFile, mkdir, readFile, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { SeenVersions } from '#crypto/authorisation.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { signCheckpoint, type VerifiedCheckpoint, verifyCheckpoint } from '#crypto/checkpoint.ts';
import { sha256 } from '#crypto/hash.ts';
import { type VerifierKey, verifierKey } from '#crypto/key.ts';
import { formatTime } from '#crypto/leaf.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { MAX_CLOCK_SKEW_MS } from '#crypto/work-order.ts';
import { openFolder, seedOf } from '#scripts/testing/agent-appliance.ts';
import { AgentError, type AgentErrorCode } from './error.ts';
import { createJournal, type Journal, openJournal, type OrderRecord } from './journal.ts';

const ENDPOINT = 'ZW5kcG9pbnQtMDAwMDAwMQ';
const ORIGIN = 'console.example/site/4f1c/1';
const START_MS = Date.parse('2026-11-21T02:00:00.000Z');
const NO_VERSIONS: SeenVersions = { roster: null, authority: null, policy: null };

const signer = await importSigner(seedOf('log'));
const logKey: VerifierKey = verifierKey(ORIGIN, 0x01, signer.publicKey);

function hashOf(text: string): string {
  return encodeBase64url(sha256(encodeUtf8(text)));
}

async function checkpointAt(size: number): Promise<VerifiedCheckpoint> {
  const root = sha256(encodeUtf8(`root ${size}`));
  return verifyCheckpoint(await signCheckpoint({ origin: ORIGIN, size, root }, signer), logKey);
}

async function orderAt(n: number, over: Partial<OrderRecord> = {}): Promise<OrderRecord> {
  return {
    checkpoint: await checkpointAt(n),
    versions: NO_VERSIONS,
    command: hashOf(`command ${n}`),
    run: hashOf(`run ${n}`),
    at: formatTime(START_MS + n * 1000),
    expires: formatTime(START_MS + 3_600_000),
    ...over,
  };
}

function reopen(folder: string, compactBytes?: number): Promise<Journal> {
  const size = compactBytes === undefined ? {} : { compactBytes };
  return openJournal(folder, { endpoint: ENDPOINT, logKey, ...size });
}

async function refuses(promise: Promise<unknown>, code: AgentErrorCode, name = ''): Promise<void> {
  const error = await promise.then(
    () => assert.unreachable(`expected "${code}" ${name}`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AgentError)) throw error;
  assert.is(error.code, code, `${name} ${error.message}`);
}

/** A journal of three orders, closed. */
async function writeStory(folder: string): Promise<string> {
  await createJournal(folder, { endpoint: ENDPOINT, checkpoint: await checkpointAt(1) });
  await using journal = await reopen(folder);
  for (const n of [2, 3, 4]) await journal.recordRan(await orderAt(n));
  return join(folder, 'journal.jsonl');
}

const subject = suite('openJournal()');

subject('openJournal() finds all that was written, and the file is private', async () => {
  await using folder = await openFolder();
  const versions: SeenVersions = {
    roster: { version: 3, hash: hashOf('roster') },
    authority: { version: 1, hash: hashOf('authority') },
    policy: { version: 2, hash: hashOf('policy') },
  };
  await createJournal(folder.path, { endpoint: ENDPOINT, checkpoint: await checkpointAt(1) });
  const fork = { message: 'two roots', seen: 'a', offered: 'b' };
  {
    await using journal = await reopen(folder.path);
    assert.is(journal.seen.size, 1);
    assert.equal(journal.versions, NO_VERSIONS);
    await journal.recordRan(await orderAt(2, { versions }));
    await journal.recordSeen(await checkpointAt(5));
    await journal.recordFork(fork);
    await journal.recordRemoved();
  }
  for (let i = 0; i < 2; i++) {
    await using journal = await reopen(folder.path);
    assert.is(journal.seen.size, 5);
    assert.equal(journal.versions, versions);
    assert.is(journal.at, formatTime(START_MS + 2000));
    assert.ok(journal.hasRun(hashOf('command 2')));
    assert.not.ok(journal.hasRun(hashOf('command 3')));
    assert.equal(journal.fork, fork);
    assert.ok(journal.isRemoved);
  }
  assert.is((await stat(join(folder.path, 'journal.jsonl'))).mode & 0o777, 0o600);
});

subject('openJournal() refuses no journal, an empty one, and another endpoint’s', async () => {
  await using folder = await openFolder();
  await refuses(reopen(folder.path), 'journal-missing');
  await writeFile(join(folder.path, 'journal.jsonl'), '');
  await refuses(reopen(folder.path), 'journal-damaged');
  await writeStory(folder.path);
  const other = { endpoint: 'ZW5kcG9pbnQtMDAwMDAwMg', logKey };
  await refuses(openJournal(folder.path, other), 'journal-damaged');
  const stranger = verifierKey(ORIGIN, 0x01, (await importSigner(seedOf('other'))).publicKey);
  const foreign = { endpoint: ENDPOINT, logKey: stranger };
  await refuses(openJournal(folder.path, foreign), 'journal-damaged', 'another log');
});

subject('openJournal() drops a torn last line, wherever it was torn, and goes on', async () => {
  await using folder = await openFolder();
  const path = await writeStory(folder.path);
  const bytes = await readFile(path);
  const from = bytes.subarray(0, -1).lastIndexOf(0x0a) + 1;
  for (let length = from; length < bytes.length; length++) {
    await writeFile(path, bytes.subarray(0, length));
    {
      await using journal = await reopen(folder.path);
      assert.is(journal.seen.size, 3);
      assert.not.ok(journal.hasRun(hashOf('command 4')));
      if (length % 97 !== 0) continue; // what follows is the same for all: the file ends as it should
      await journal.recordRan(await orderAt(4));
    }
    assert.equal(await readFile(path), bytes);
  }
});

subject('openJournal() drops a last line whose blocks never came', async () => {
  await using folder = await openFolder();
  const path = await writeStory(folder.path);
  await appendFile(path, new Uint8Array(600));
  await using journal = await reopen(folder.path);
  assert.is(journal.seen.size, 4);
});

subject(
  'openJournal() refuses any other byte that changed, and any line that is gone',
  async () => {
    await using folder = await openFolder();
    const path = await writeStory(folder.path);
    const bytes = await readFile(path);
    for (let at = 0; at < bytes.length - 1; at++) {
      const changed = Uint8Array.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 0x01;
      await writeFile(path, changed);
      await refuses(reopen(folder.path), 'journal-damaged', `byte ${at}`);
    }
    const lines = bytes.toString().split('\n').slice(0, -1);
    for (let at = 0; at < lines.length - 1; at++) {
      await writeFile(path, `${lines.toSpliced(at, 1).join('\n')}\n`);
      await refuses(reopen(folder.path), 'journal-damaged', `line ${at} gone`);
      const [line = ''] = lines.slice(at, at + 1);
      await writeFile(path, `${lines.toSpliced(at, 0, line).join('\n')}\n`);
      await refuses(reopen(folder.path), 'journal-damaged', `line ${at} twice`);
    }
  },
);

subject.run();

const record = suite('Journal.recordRan()');

record('recordRan() writes an order down once, however often it comes', async () => {
  await using folder = await openFolder();
  await writeStory(folder.path);
  await using journal = await reopen(folder.path);
  await refuses(journal.recordRan(await orderAt(4)), 'replayed');
  const twice = await orderAt(5);
  const results = await Promise.allSettled([journal.recordRan(twice), journal.recordRan(twice)]);
  assert.equal(
    results.map(({ status }) => status),
    ['fulfilled', 'rejected'],
  );
});

record('recordRan() refuses everything after the disk refused once', async () => {
  await using folder = await openFolder();
  const path = await writeStory(folder.path);
  const journal = await reopen(folder.path, 1);
  await journal.recordRan(await orderAt(5));
  await mkdir(`${path}.new`); // it wants to be compacted again, and cannot
  await refuses(journal.recordRan(await orderAt(6)), 'journal-failed');
  await rmdir(`${path}.new`);
  await refuses(journal.recordRan(await orderAt(7)), 'journal-failed');
  await refuses(journal.recordSeen(await checkpointAt(8)), 'journal-failed');
  assert.not.ok(journal.hasRun(hashOf('command 6')), 'what is not on disk is not remembered');
  assert.is(journal.seen.size, 5);
  await journal[Symbol.asyncDispose]();
});

record('recordRan() is refused after disposal', async () => {
  await using folder = await openFolder();
  await writeStory(folder.path);
  const journal = await reopen(folder.path);
  await journal[Symbol.asyncDispose]();
  await journal[Symbol.asyncDispose]();
  await refuses(journal.recordRan(await orderAt(5)), 'journal-failed');
});

record.run();

const seen = suite('Journal.recordSeen()');

seen('recordSeen() never goes back', async () => {
  await using folder = await openFolder();
  await writeStory(folder.path);
  const journal = await reopen(folder.path);
  const back = await journal.recordSeen(await checkpointAt(3)).catch((error: unknown) => error);
  assert.ok(back instanceof AgentError);
  assert.is(journal.seen.size, 4);
  await journal[Symbol.asyncDispose]();
  await using again = await reopen(folder.path);
  assert.is(again.seen.size, 4);
});

seen.run();

const compact = suite('Journal compaction');

compact('forgets only orders that no clock can bring back, and nothing else', async () => {
  await using folder = await openFolder();
  await createJournal(folder.path, { endpoint: ENDPOINT, checkpoint: await checkpointAt(1) });
  const versions = { ...NO_VERSIONS, roster: { version: 3, hash: hashOf('roster') } };
  const lastMs = START_MS + 86_400_000;
  const floorMs = lastMs - 2 * MAX_CLOCK_SKEW_MS;
  {
    await using journal = await reopen(folder.path);
    await journal.recordRan(await orderAt(2, { expires: formatTime(floorMs - 1), versions }));
    await journal.recordRan(await orderAt(3, { expires: formatTime(floorMs), versions }));
    const last = { at: formatTime(lastMs), expires: formatTime(lastMs + 1), versions };
    await journal.recordRan(await orderAt(4, last));
    await journal.recordFork({ message: 'two roots', seen: 'a', offered: 'b' });
  }
  const path = join(folder.path, 'journal.jsonl');
  const before = (await stat(path)).size;
  await reopen(folder.path, 1).then((journal) => journal[Symbol.asyncDispose]());
  assert.ok((await stat(path)).size < before);
  await using journal = await reopen(folder.path);
  const remembered = [2, 3, 4].map((n) => journal.hasRun(hashOf(`command ${n}`)));
  assert.equal(remembered, [false, true, true]);
  assert.is(journal.at, formatTime(lastMs));
  assert.is(journal.seen.size, 4);
  assert.equal(journal.versions, versions);
  assert.is(journal.fork?.message, 'two roots');
});

compact('happens while it grows, and keeps every order that counts', async () => {
  await using folder = await openFolder();
  await createJournal(folder.path, { endpoint: ENDPOINT, checkpoint: await checkpointAt(1) });
  const path = join(folder.path, 'journal.jsonl');
  {
    await using journal = await reopen(folder.path, 4096);
    for (let n = 2; n < 60; n++) {
      const at = formatTime(START_MS + n * 60_000);
      const expires = formatTime(START_MS + n * 60_000 + 1000);
      await journal.recordRan(await orderAt(n, { at, expires }));
    }
  }
  assert.ok((await stat(path)).size < 16_384, 'old orders are gone');
  await using journal = await reopen(folder.path);
  for (let n = 40; n < 60; n++) assert.ok(journal.hasRun(hashOf(`command ${n}`)), String(n));
});

compact.run();
