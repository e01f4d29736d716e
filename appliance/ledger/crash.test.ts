// A process that appends is killed at any moment, again and again: what it was told is in the log.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createLedgerPlace, type LedgerPlace } from '#scripts/testing/ledger-place.ts';
import { formatHex } from '#crypto/hex.ts';
import { leafHash } from '#crypto/hash.ts';
import { frontierOf, frontierRoot } from '#crypto/tree.ts';

import { fsck } from './fsck.ts';
import { openStore } from './store.ts';

const CHILD = fileURLToPath(new URL('../../scripts/testing/ledger-child.ts', import.meta.url));
const ROUNDS = 15;

interface Told {
  readonly leaves: Map<number, string>;
  readonly signed: Map<number, string>;
}

const crash = suite('openLedger() after kill -9');

crash(`finds everything that was acknowledged, over ${ROUNDS} kills`, async () => {
  await using place = await createLedgerPlace();
  const told: Told = { leaves: new Map(), signed: new Map() };
  let size = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await appendUntilKilled(place, { told, afterLines: 1 + ((round * 37) % 211) });
    await using ledger = await place.open();
    assert.ok(ledger.size >= size, 'the log shrank');
    size = ledger.size;
    for (const [index, hash] of told.leaves) {
      assert.is(formatHex(leafHash(ledger.leafBytes(index))), hash);
    }
    for (const [signedSize, root] of told.signed) {
      const frontier = frontierOf(signedSize, ledger.readHash);
      assert.is(formatHex(frontierRoot(frontier)), root);
    }
  }
  assert.ok(told.leaves.size > ROUNDS && told.signed.size > 0);
  await using store = await openStore(`${place.folder}/store`);
  const { problems } = await fsck({
    store,
    secondFolder: place.secondFolder,
    logKey: place.logKey,
  });
  assert.equal(problems, []);
});

crash.run();

/** Starts a child and kills it in the middle of its work, once it has said so many lines. */
async function appendUntilKilled(
  place: LedgerPlace,
  { told, afterLines }: { told: Told; afterLines: number },
): Promise<void> {
  const child = spawn(process.execPath, [CHILD, place.base], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  let text = '';
  child.stdout.setEncoding('utf8');
  for await (const chunk of child.stdout) {
    text += String(chunk);
    if (text.split('\n').length > afterLines) child.kill('SIGKILL');
  }
  await exited;
  assert.is(child.signalCode, 'SIGKILL');
  const lines = text.slice(0, text.lastIndexOf('\n')).split('\n'); // the last may be cut
  for (const line of lines) {
    const [first = '', second = '', third = ''] = line.split(' ');
    if (first === 'signed') told.signed.set(Number(second), third);
    else told.leaves.set(Number(first), second);
  }
}
