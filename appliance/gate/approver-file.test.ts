import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { rejection } from '#scripts/testing/ledger-place.ts';
import { CHEAP, PINS, seedOf } from '#scripts/testing/onsite-stage.ts';

import { loadApprovers, saveApprovers, type SealedApprover } from './approver-file.ts';
import { sealKey } from './pin.ts';

async function approver(id: string): Promise<SealedApprover> {
  const sealed = await sealKey(seedOf(id), PINS.carol, CHEAP);
  return { id, name: id, key: sealed.key, sealed };
}

const saving = suite<{ folder: string; path: string }>('saveApprovers()');

saving.before.each(async (context) => {
  context.folder = await mkdtemp(join(tmpdir(), 'caisey-approvers-'));
  context.path = join(context.folder, 'approvers.json');
});
saving.after.each(({ folder }) => rm(folder, { recursive: true, force: true }));

saving(
  'saveApprovers() writes what loadApprovers() reads, for its owner only',
  async ({ path }) => {
    assert.equal(await loadApprovers(path), []);
    const approvers = [await approver('carol'), await approver('dave')];
    await saveApprovers(path, approvers);
    assert.equal(await loadApprovers(path), approvers);
    if (process.platform !== 'win32') assert.is((await stat(path)).mode & 0o777, 0o600);
  },
);

saving(
  'saveApprovers() refuses one id twice, and a key that is not the sealed one',
  async (context) => {
    const carol = await approver('carol');
    const dave = await approver('dave');
    for (const bad of [[carol, carol], [{ ...carol, key: dave.key }], [{ ...carol, id: '../x' }]]) {
      await rejection(saveApprovers(context.path, bad));
    }
    assert.equal(await loadApprovers(context.path), []);
  },
);

saving('loadApprovers() refuses a file that is not ours', async ({ path }) => {
  await saveApprovers(path, [await approver('carol')]);
  const text = await readFile(path, 'utf8');
  for (const bad of ['', '[]', text.slice(0, -9), text.replace('approvers/v1', 'approvers/v2')]) {
    await writeFile(path, bad);
    assert.is((await rejection(loadApprovers(path))).code, 'folder-unusable');
  }
});

saving.run();
