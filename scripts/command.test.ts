import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { runCommand } from './command.ts';
import { isRunning, until, withTimeOut } from './testing/process-state.ts';

const TIMEOUT_MS = 200_000;

const run = suite('runCommand()');

run('answers the exit code and both outputs', async () => {
  const ended = await runCommand(['sh', '-c', 'echo out; echo err >&2; exit 3'], {
    timeoutMs: TIMEOUT_MS,
  });
  assert.is(ended.code, 3);
  assert.is(ended.timedOut, false);
  assert.equal(ended.output.trim().split('\n').toSorted(), ['err', 'out']);
});

run('answers 127 and a reason for a program that does not exist', async () => {
  const { code, output } = await runCommand(['no-such-program'], { timeoutMs: TIMEOUT_MS });
  assert.is(code, 127);
  assert.match(output, 'no-such-program');
});

run('puts the pinned Node first on PATH', async () => {
  const { output } = await runCommand(['node', '--version'], { timeoutMs: TIMEOUT_MS });
  assert.is(output.trim(), process.version);
});

run('ends a command, and what it started, when its time is over', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-command-'));
  try {
    const file = join(folder, 'pid');
    const script = `sleep 600 & echo $! > ${file}; wait`;
    const { code, timedOut } = await withTimeOut(
      (timeoutMs) => runCommand(['sh', '-c', script], { timeoutMs }),
      () => existsSync(file) && readFileSync(file, 'utf8').endsWith('\n'),
    );
    assert.is(code, null);
    assert.is(timedOut, true);
    const pid = Number(await readFile(file, 'utf8'));
    await until(() => !isRunning(pid), 'it still runs'); // a process lets go of its pipes before it is gone
  } finally {
    await rm(folder, { recursive: true });
  }
});

run('ends a grandchild that holds the pipes after the command itself has ended', async () => {
  const { code, timedOut, output } = await runCommand(['sh', '-c', 'sleep 600 & echo $!'], {
    timeoutMs: TIMEOUT_MS,
  });
  assert.is(code, 0);
  assert.is(timedOut, false);
  await until(() => !isRunning(Number(output)), 'it still runs');
});

run.run();
