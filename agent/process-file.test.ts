import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openFolder } from '#scripts/testing/agent-appliance.ts';
import { endOrphans, forgetProcess, keepProcess } from './process-file.ts';
import { startedAtNow } from './shell/process-tree.ts';

const subject = suite('endOrphans()');

subject('endOrphans() ends what is kept, and not what is forgotten', async () => {
  await using folder = await openFolder();
  const options = { detached: true, stdio: 'ignore' } as const;
  const [kept, forgotten] = [spawn('sleep', ['600'], options), spawn('sleep', ['600'], options)];
  for (const [name, { pid = 0 }] of [
    ['kept', kept],
    ['forgotten', forgotten],
  ] as const) {
    keepProcess(folder.path, name, { pid, startedAt: startedAtNow(pid) });
  }
  assert.is((await stat(join(folder.path, 'running', 'kept'))).mode & 0o777, 0o600);
  forgetProcess(folder.path, 'forgotten');
  forgetProcess(folder.path, 'never there');
  const ended = once(kept, 'exit');
  assert.equal(await endOrphans(folder.path), ['kept']);
  await ended;
  assert.is.not(startedAtNow(forgotten.pid ?? 0), null);
  assert.equal(await readdir(join(folder.path, 'running')), []);
  forgotten.kill('SIGKILL');
  await once(forgotten, 'exit');
});

subject(
  'endOrphans() leaves a stranger alone who got the pid, and passes over half a file',
  async () => {
    await using folder = await openFolder();
    assert.equal(await endOrphans(folder.path), []);
    keepProcess(folder.path, 'stranger', { pid: process.ppid, startedAt: 'another boot:7' });
    const own = startedAtNow(process.ppid) ?? '';
    const earlier = `${own.slice(0, own.lastIndexOf(':'))}:1`;
    keepProcess(folder.path, 'stranger too', { pid: process.ppid, startedAt: earlier });
    await writeFile(join(folder.path, 'running', 'half'), '{"pid":');
    await writeFile(join(folder.path, 'running', 'init'), '{"pid":1,"startedAt":null}');
    assert.equal(await endOrphans(folder.path), []);
    assert.is.not(startedAtNow(process.ppid), null);
    assert.equal(await readdir(join(folder.path, 'running')), []);
  },
);

subject.run();
