// Every file of LevelDB is damaged in every way we could think of. A log that opens afterwards holds everything
// that was acknowledged, or says of the entries that it lost that they are; it never signs a smaller tree.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { DAMAGES, type Outcome } from '#scripts/testing/ledger-damage.ts';
import {
  appendAlerts,
  createLedgerPlace,
  type LedgerPlace,
} from '#scripts/testing/ledger-place.ts';
import { leafHash } from '#crypto/hash.ts';
import { formatHex } from '#crypto/hex.ts';
import { frontierOf, frontierRoot } from '#crypto/tree.ts';

import { leafKey } from './key-space.ts';
import { openStore } from './store.ts';

const IN_TABLES = 700;
const IN_LOG = 500;
const SIZE = IN_TABLES + IN_LOG;
const CHILD = fileURLToPath(new URL('../../scripts/testing/ledger-damage.ts', import.meta.url));

/** What a damage came to; `aborted` when LevelDB took the process with it, which nobody can overlook. */
type Seen = Outcome | { readonly kind: 'aborted' };

const matrix = suite('openLedger() after damage');
const place = await createLedgerPlace();
await prepare(place);
const files = (await readdir(join(place.base, 'sound', 'store'))).filter(
  (name) => !['LOG', 'LOG.old', 'LOCK'].includes(name),
);
const seen = new Map<string, number>();

for (const file of files) {
  matrix(`keeps every entry or says so, whatever happens to ${nameOf(file)}`, async () => {
    const outcomes = await damageFile(file);
    assert.is(outcomes.length, DAMAGES.length);
    outcomes.forEach((outcome, i) => {
      const name = `${file} ${DAMAGES[i]?.name ?? ''}`;
      assert.is.not(outcome.kind, 'wrong', `${name}: ${JSON.stringify(outcome)}`);
      seen.set(outcome.kind, (seen.get(outcome.kind) ?? 0) + 1);
    });
  });
}

matrix('met logs that refuse and logs that say what they lost', () => {
  const counts = JSON.stringify([...seen]);
  assert.ok((seen.get('refused') ?? 0) >= 20, counts);
  assert.ok((seen.get('told') ?? 0) > 0, counts);
});

matrix.after(async () => {
  await place[Symbol.asyncDispose]();
});

matrix.run();

/** The sound log that every case starts from, as a process leaves it that is killed before it signs. */
async function prepare({ base, folder, secondFolder, open }: LedgerPlace): Promise<void> {
  {
    await using ledger = await open();
    await appendAlerts(ledger, IN_TABLES);
  }
  {
    await using store = await openStore(join(folder, 'store'));
    await store.compact({ gte: leafKey(0), lt: leafKey(SIZE) });
  }
  await using ledger = await open({ checkpointDelayMs: 1_000_000 });
  for (let i = 0; i < IN_LOG; i += 10) await appendAlerts(ledger, 10);
  await cp(folder, join(base, 'sound'), {
    recursive: true,
    filter: (path) => !path.endsWith('/lock'),
  });
  await cp(secondFolder, join(base, 'sound-second'), { recursive: true });
  const root = frontierRoot(frontierOf(SIZE, ledger.readHash));
  const leaves = Array.from({ length: SIZE }, (_, i) => leafHash(ledger.leafBytes(i)));
  await writeFile(join(base, 'expected'), [root, ...leaves].map(formatHex).join('\n'));
}

/** Runs the damages of a file in a process, and in another from the next one on when it dies. */
async function damageFile(file: string): Promise<Seen[]> {
  const outcomes: Seen[] = [];
  while (outcomes.length < DAMAGES.length) {
    const args = [CHILD, place.base, file, String(outcomes.length)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const exited = once(child, 'exit');
    let text = '';
    let complaint = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (complaint += chunk));
    for await (const chunk of child.stdout.setEncoding('utf8')) text += String(chunk);
    await exited;
    const lines = text.split('\n').filter((line) => line !== '');
    outcomes.push(...lines.map((line) => JSON.parse(line) as Outcome)); // the child's own words
    if (child.signalCode === 'SIGABRT' || child.signalCode === 'SIGSEGV') {
      outcomes.push({ kind: 'aborted' });
    } else if (child.exitCode !== 0) {
      throw new Error(`The child failed: ${complaint}`);
    }
  }
  return outcomes;
}

function nameOf(file: string): string {
  if (file.endsWith('.log')) return "LevelDB's log file";
  if (file.endsWith('.ldb')) return 'a table';
  return file.replace(/-\d+$/, '');
}
