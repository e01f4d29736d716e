import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openFolder } from '#scripts/testing/agent-appliance.ts';
import { AgentError } from './error.ts';
import { openFolderLock } from './folder-lock.ts';
import { startedAtNow } from './shell/process-tree.ts';

async function isBusy(folder: string): Promise<boolean> {
  try {
    await using _ = await openFolderLock(folder);
    return false;
  } catch (error) {
    if (error instanceof AgentError && error.code === 'folder-busy') return true;
    throw error;
  }
}

const subject = suite('openFolderLock()');

subject(
  'openFolderLock() is held by one, under any name of the folder, until it is disposed',
  async () => {
    await using folder = await openFolder();
    const lock = await openFolderLock(folder.path);
    assert.ok(await isBusy(folder.path));
    await using other = await openFolder();
    await symlink(folder.path, join(other.path, 'alias'));
    assert.ok(await isBusy(join(other.path, 'alias')));
    await lock[Symbol.asyncDispose]();
    assert.not.ok(await isBusy(folder.path));
    assert.equal(await readdir(folder.path), []);
  },
);

subject('openFolderLock() is not given back twice', async () => {
  await using folder = await openFolder();
  const first = await openFolderLock(folder.path);
  await first[Symbol.asyncDispose]();
  await using _ = await openFolderLock(folder.path);
  await first[Symbol.asyncDispose]();
  assert.ok(await isBusy(folder.path));
});

subject('openFolderLock() respects another process that lives', async () => {
  await using folder = await openFolder();
  const path = join(folder.path, 'lock');
  const owner = { pid: process.ppid, started: startedAtNow(process.ppid) };
  await writeFile(path, JSON.stringify(owner));
  assert.ok(await isBusy(folder.path));
  assert.equal(JSON.parse(await readFile(path, 'utf8')), owner);
});

subject('openFolderLock() takes over from an owner that is gone, or wrote only half', async () => {
  await using folder = await openFolder();
  const path = join(folder.path, 'lock');
  const gone = [
    JSON.stringify({ pid: process.ppid, started: 'another life:1' }),
    JSON.stringify({ pid: 4_194_305, started: 'x:1' }),
    '{"pid":',
    '',
  ];
  for (const text of gone) {
    await writeFile(path, text);
    assert.not.ok(await isBusy(folder.path), text);
    assert.equal(await readdir(folder.path), []);
  }
});

subject.run();
