import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  appendAlerts,
  chat,
  createLedgerPlace,
  type LedgerPlace,
  opening,
  rejection,
} from '#scripts/testing/ledger-place.ts';
import { leafHash } from '#crypto/hash.ts';
import { checkInclusion } from '#crypto/inclusion.ts';

const SECRET = 'hunter2, said nobody in this building';
const erase = suite('eraseContent()');

for (const [name, spill] of [
  ['that is still in memory', async () => undefined],
  ['that a restart has put into a table', async () => 'reopen'],
] as const) {
  erase(`removes content ${name} from the disk, and keeps the proof`, async () => {
    await using place = await createLedgerPlace();
    let ledger = await place.open();
    await ledger.append(opening());
    const { index } = await ledger.append(chat(SECRET));
    await appendAlerts(ledger, 50);
    if ((await spill()) === 'reopen') {
      await ledger[Symbol.asyncDispose]();
      ledger = await place.open();
    }
    const before = await ledger.entry(index);
    const { size, root } = await ledger.checkpointFor(ledger.size);
    assert.ok(await isOnDisk(place), 'the test looks in the wrong place');

    await ledger.eraseContent(index);
    const after = await ledger.entry(index);
    assert.is(after.content, null);
    assert.equal(after.leafBytes, before.leafBytes);
    assert.not(await isOnDisk(place));
    const proof = ledger.proveInclusion(index, size);
    checkInclusion({ index, size, root, proof, leafHash: leafHash(after.leafBytes) });
    await ledger[Symbol.asyncDispose]();

    await using again = await place.open();
    assert.is((await again.entry(index)).content, null);
    assert.not(await isOnDisk(place));
  });
}

erase('refuses an entry that is not there', async () => {
  await using place = await createLedgerPlace();
  await using ledger = await place.open();
  assert.is((await rejection(ledger.eraseContent(0))).code, 'not-found');
});

erase.run();

async function isOnDisk(place: LedgerPlace): Promise<boolean> {
  const folder = join(place.folder, 'store');
  for (const name of await readdir(folder)) {
    if ((await readFile(join(folder, name))).includes(SECRET)) return true;
  }
  return false;
}
