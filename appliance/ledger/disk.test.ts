import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  alert,
  appendAlerts,
  chat,
  closing,
  createLedgerPlace,
  opening,
  rejection,
} from '#scripts/testing/ledger-place.ts';

import { createReserve, openDisk } from './disk.ts';

const MIB = 1024 * 1024;
const watch = suite('openDisk()');

watch('is low below its mark, and gives the reserve up and back', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-disk-'));
  const reserve = join(folder, 'reserve');
  await createReserve(folder, 1000);
  assert.is((await stat(reserve)).size, 1000);
  let free = 5000;
  const options = {
    ...{ lowWaterBytes: 3000, criticalBytes: 500, reserveBytes: 1000 },
    freeBytes: () => free,
  };
  const disk = await openDisk(folder, options);
  assert.is(disk.room, 'enough');
  free = 2999;
  assert.is(disk.look(), 'low');
  free = 499;
  assert.is(disk.room, 'none');
  assert.is((await stat(reserve)).size, 1000);

  const recovering = await openDisk(folder, options);
  assert.is(recovering.room, 'none');
  assert.is((await rejection(stat(reserve))).code, 'ENOENT');
  free = 3999;
  assert.is(recovering.room, 'low', 'enough for work, not for the reserve too');
  await recovering.settled();
  free = 4000;
  assert.is(recovering.room, 'low');
  await recovering.settled();
  assert.is(recovering.room, 'enough');
  assert.is((await stat(reserve)).size, 1000);
  await rm(folder, { recursive: true });
});

watch.run();

const low = suite('append()');

low('refuses new work when the disk is low, accepts endings until there is none', async () => {
  await using place = await createLedgerPlace();
  let free = 100;
  const disk = { lowWaterBytes: 50, criticalBytes: 10, reserveBytes: 1, freeBytes: () => free };
  await using ledger = await place.open({ disk });
  await ledger.append(opening());
  free = 49;
  await ledger.append(chat('looked at after this'));
  assert.is(ledger.room, 'low');
  assert.is((await rejection(ledger.append(alert('new')))).code, 'disk-low');
  await ledger.append(chat('output'), { essential: true });
  free = 9;
  assert.is((await rejection(ledger.append(closing(), { essential: true }))).code, 'disk-low');
  free = 100;
  await ledger.append(closing());
  assert.is(ledger.size, 4);
});

const isRoot = process.platform === 'linux' && process.getuid?.() === 0;
const full = isRoot ? low : low.skip;
if (!isRoot) console.log('SKIPPED: a full disk, which needs root to mount a small one');

full('opens a log again whose disk is full, and goes on when there is room', async () => {
  await using mount = await mountSmallDisk(64);
  await using place = await createLedgerPlace({ under: mount.folder });
  await createReserve(place.folder, 24 * MIB);
  const disk = { lowWaterBytes: 8 * MIB, criticalBytes: 4 * MIB, reserveBytes: 24 * MIB };
  let acknowledged = 0;
  {
    await using ledger = await place.open({ disk });
    await appendAlerts(ledger, 2000);
    acknowledged = ledger.size;
  }
  await fillDisk(mount.folder);
  {
    await using ledger = await place.open({ disk });
    assert.is(ledger.size, acknowledged);
    assert.is((await stat(join(place.folder, 'lock'))).isFile(), true);
    await fillDisk(mount.folder, 4.5 * MIB);
    assert.is(ledger.room, 'low');
    assert.is((await rejection(ledger.append(alert('new')))).code, 'disk-low');
    await ledger.append(alert('ending'), { essential: true });
    assert.is(ledger.size, acknowledged + 1);
  }
  await rm(join(mount.folder, 'filler'));
  await rm(join(mount.folder, 'filler-2'), { force: true });
  await using ledger = await place.open({ disk });
  assert.is(ledger.size, acknowledged + 1);
  while (ledger.room !== 'enough') await new Promise((resolve) => setImmediate(resolve));
  await ledger.append(alert('new again'));
});

low.run();

async function mountSmallDisk(mebibytes: number): Promise<AsyncDisposable & { folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-small-'));
  await mkdir(folder, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', folder]);
  return {
    folder,
    async [Symbol.asyncDispose]() {
      execFileSync('umount', [folder]);
      await rm(folder, { recursive: true });
    },
  };
}

/** Fills a disk but for so many bytes. */
async function fillDisk(folder: string, leaveBytes = 0): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const name = leaveBytes === 0 ? 'filler' : 'filler-2';
  const bytes = Math.floor(Math.max(0, bavail * bsize - leaveBytes));
  await writeFile(join(folder, name), new Uint8Array(bytes));
}
