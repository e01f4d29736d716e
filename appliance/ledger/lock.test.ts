import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { rejection } from '#scripts/testing/ledger-place.ts';

import { lockOwner, openLock } from './lock.ts';

const lock = suite('openLock()');

async function inFolder(test: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-lock-'));
  await test(folder);
  await rm(folder, { recursive: true });
}

lock('is held once in a process, and given back once', () =>
  inFolder(async (folder) => {
    const first = await openLock(folder);
    assert.is((await rejection(openLock(folder))).code, 'locked');
    await first[Symbol.asyncDispose]();
    const second = await openLock(folder);
    await first[Symbol.asyncDispose]();
    assert.is((await rejection(openLock(folder))).code, 'locked');
    await second[Symbol.asyncDispose]();
    assert.is((await rejection(stat(join(folder, 'lock')))).code, 'ENOENT');
  }),
);

lock('is not taken from an owner who is alive', () =>
  inFolder(async (folder) => {
    const held = await openLock(folder);
    const owner = await readFile(join(folder, 'lock'), 'utf8');
    await held[Symbol.asyncDispose]();
    const { pid, started } = JSON.parse(owner) as { pid: number; started: string };
    assert.is(pid, process.pid);
    await writeFile(join(folder, 'lock'), JSON.stringify({ pid, started }));
    assert.is((await rejection(openLock(folder))).code, 'locked');
  }),
);

lock('is taken over from an owner who is gone, or whose number somebody else has', () =>
  inFolder(async (folder) => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    const other = { pid: process.pid, started: 'another boot/1' };
    for (const text of [
      JSON.stringify({ pid, started: 'x/1' }),
      JSON.stringify(other),
      '{"pi',
      '',
    ]) {
      await writeFile(join(folder, 'lock'), text);
      await using held = await openLock(folder);
      assert.match(await readFile(join(folder, 'lock'), 'utf8'), `"pid":${process.pid}`);
      assert.ok(held);
    }
  }),
);

lock.run();

const owner = suite('lockOwner()');

owner('lockOwner() names the process that holds the lock, and nobody who is gone', () =>
  inFolder(async (folder) => {
    assert.is(await lockOwner(folder), null);
    assert.is(await lockOwner(join(folder, 'nowhere')), null);
    {
      await using _held = await openLock(folder);
      assert.is(await lockOwner(folder), process.pid);
    }
    assert.is(await lockOwner(folder), null);
    const { pid } = spawnSync(process.execPath, ['--version']);
    for (const text of [JSON.stringify({ pid, started: 'x/1' }), '{"pi']) {
      await writeFile(join(folder, 'lock'), text);
      assert.is(await lockOwner(folder), null);
    }
  }),
);

owner.run();
