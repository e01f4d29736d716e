import { readFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { readHostFacts } from './host.ts';
import { commandFolder } from './shell/environment.ts';

const test = suite('readHostFacts()');

test('readHostFacts() gives numbers that can be so', async () => {
  const facts = await readHostFacts(tmpdir());
  const { runsAs: _, ...plain } = facts;
  for (const [name, value] of Object.entries(plain)) {
    if (typeof value === 'string') assert.ok(value.length > 0, name);
    else assert.ok(name === 'load1' ? value >= 0 : Number.isSafeInteger(value), name);
  }
  assert.ok(facts.cpuCount >= 1 && facts.uptimeS > 0);
  assert.ok(facts.memoryFreeBytes > 0 && facts.memoryFreeBytes <= facts.memoryTotalBytes);
  assert.ok(facts.diskFreeBytes >= 0 && facts.diskFreeBytes <= facts.diskTotalBytes);
  if (facts.os === 'linux') {
    const totalKib = Number(
      /MemTotal:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1],
    );
    assert.is(facts.memoryTotalBytes, totalKib * 1024);
  }
});

test('readHostFacts() names the runtime that runs, not the one it stands in for', async () => {
  const { runtime, runtimeVersion } = await readHostFacts(tmpdir());
  assert.is(runtime, 'Deno' in globalThis ? 'deno' : 'node');
  if (runtime === 'deno') assert.match(runtimeVersion, /^2\./);
  else assert.is(runtimeVersion, process.versions.node);
});

test('readHostFacts() says as whom commands run, and where', async () => {
  const { runsAs } = await readHostFacts(tmpdir());
  assert.is(runsAs.user, userInfo().username);
  assert.is(runsAs.folder, commandFolder());
  if (process.platform !== 'win32') assert.is(runsAs.isRoot, process.getuid?.() === 0);
});

test('readHostFacts() says when the folder is not there', async () => {
  const error = await readHostFacts('/nowhere/at/all').catch((caught: unknown) => caught);
  assert.instance(error, Error);
});

test.run();
