import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { flipBit } from '#scripts/testing/ledger-faults.ts';
import { rejection } from '#scripts/testing/ledger-place.ts';
import { EMPTY_ROOT, sha256 } from '#crypto/hash.ts';

import { createAcknowledged, loadAcknowledged, openAcknowledged } from './acknowledged.ts';

const acknowledged = suite('openAcknowledged()');

acknowledged('finds the last state, and the one before when the last is torn', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-acknowledged-'));
  await createAcknowledged(folder, { size: 0, root: EMPTY_ROOT });
  const states = [1, 2, 3, 4, 2 ** 40].map((size) => ({ size, root: sha256(Uint8Array.of(size)) }));
  for (const [i, state] of states.entries()) {
    {
      await using file = await openAcknowledged(folder);
      file.record(state);
      assert.equal(file.last, state);
    }
    assert.equal(await loadAcknowledged(folder), state);
    const path = join(folder, 'acknowledged');
    const bytes = new Uint8Array(await readFile(path));
    const slot = (i + 1) % 2; // the first record goes over the second slot
    for (let at = 0; at < 72; at++) {
      await writeFile(path, flipBit(bytes, slot * 4096 + at));
      const before = states[i - 1] ?? { size: 0, root: EMPTY_ROOT };
      assert.equal(await loadAcknowledged(folder), before, `byte ${at} of ${i}`);
    }
    await writeFile(path, bytes);
  }
  await writeFile(join(folder, 'acknowledged'), new Uint8Array(8192));
  assert.is((await rejection(openAcknowledged(folder))).code, 'second-place');
  await rm(folder, { recursive: true });
});

acknowledged.run();
