// What the command line says about files that are missing, unreadable or no files: words, never the system's codes.

import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { describeSystemError } from '#agent/system-error.ts';
import { openCliSite } from '../testing/cli-site.ts';
import { runCli } from '../testing/cli-terminal.ts';

const describe = suite('describeSystemError()');

describe('says in words what is wrong with a file, and nothing of other errors', async () => {
  const missing: unknown = await readFile('/nowhere/x').catch((error: unknown) => error);
  assert.is(
    describeSystemError(missing),
    'Cannot use "/nowhere/x": there is no such file or folder',
  );
  for (const other of [
    new Error('x'),
    null,
    Object.assign(new Error('x'), { code: 'ECONNREFUSED', syscall: 'connect' }),
  ]) {
    assert.is(describeSystemError(other), null);
  }
});

describe.run();

const site = await openCliSite({ endpoint: 'web' });
const nowhere = join(site.folder, 'nowhere');
const noise = join(site.folder, 'noise');
await writeFile(noise, 'no JSON');

const plain = suite('caisey, given a file that it cannot use');

for (const { argv, says, code = 2 } of [
  { argv: ['verify', nowhere], says: 'no such file' },
  { argv: ['verify', site.folder], says: 'not a file' },
  { argv: ['verify', noise], says: 'not canonical JSON' },
  { argv: ['verify', noise, '--trust', nowhere], says: 'no such file' },
  { argv: ['verify', noise, '--trust', site.folder], says: 'not a file' },
  { argv: ['verify', noise, '--trust', noise], says: 'Cannot parse trust file' },
  { argv: ['verify', noise, '--home', nowhere], says: 'no trust file' },
  { argv: ['site', 'policy', 'set', 'nonsense'], says: 'no preset and no file' },
  { argv: ['site', 'policy', 'set', noise], says: 'not JSON' },
  { argv: ['site', 'policy', 'set', site.folder], says: 'a folder, not a file' },
  { argv: ['site', 'status', '--home', nowhere], says: 'Cannot find a site' },
  { argv: ['records', 'export', 'abcd', '--home', nowhere], says: 'Cannot find a site' },
  { argv: ['records', 'export', 'abcd', '--trust', nowhere], says: 'no such file' },
  { argv: ['records', 'export', 'AAAAAAAA'], says: 'there is none' },
  { argv: ['appliance', 'run', '--home', nowhere], says: 'Cannot find an appliance' },
  { argv: ['appliance', 'run', '--dir', noise], says: 'a file, not a folder' },
  { argv: ['log', 'fsck', '--home', nowhere], says: 'Cannot find a site' },
  { argv: ['log', 'fsck', '--offline', '--home', nowhere], says: 'Cannot find an appliance' },
  { argv: ['log', 'export', nowhere, '--offline', '--home', nowhere], says: 'an appliance' },
  { argv: ['key', 'show', nowhere], says: 'Cannot find the key' },
  { argv: ['key', 'show', site.folder], says: 'chmod|a folder, not a file' },
  { argv: ['key', 'create', join(nowhere, 'x'), '--name', 'X'], says: 'no such file or folder' },
] as { argv: string[]; says: string; code?: number }[]) {
  plain(
    `says so and ends with ${code}: ${argv.join(' ').replaceAll(site.folder, '…')}`,
    async () => {
      const ran = await site.run(argv);
      assert.is(ran.code, code, ran.err);
      assert.match(ran.err, new RegExp(says));
      assert.not.match(ran.err, /\bE[A-Z]{4,}\b|^\s+at /m);
    },
  );
}

plain('says so when the home has no trust file for an export', async () => {
  await rm(join(site.home, 'trust.json'));
  const { code, err } = await site.run(['records', 'export', 'AAAAAAAA']);
  assert.is(code, 2);
  assert.match(err, 'there is no trust file');
});

plain('says so when the appliance has no key, or a configuration that is none', async () => {
  await site.stopAppliance();
  const appliance = join(site.home, 'appliance');
  await rm(join(appliance, 'keys', 'log.key'));
  const keyless = await site.run(['log', 'fsck', '--offline']);
  assert.is(keyless.code, 2);
  assert.match(keyless.err, /Cannot load key: ".*log.key" cannot be read/);
  await writeFile(join(appliance, 'site.json'), 'no JSON');
  const broken = await site.run(['log', 'fsck', '--offline']);
  assert.is(broken.code, 2);
  assert.match(broken.err, `Cannot use "${join(appliance, 'site.json')}": it is not JSON`);
  const bare = join(site.folder, 'bare');
  await mkdir(bare);
  assert.is((await runCli(['appliance', 'run', '--dir', bare])).code, 2);
});

if (process.getuid?.() !== 0) {
  plain('says so when the file may not be read', async () => {
    await chmod(noise, 0o000);
    const { code, err } = await site.run(['verify', noise, '--trust', noise]);
    assert.is(code, 2);
    assert.match(err, 'not allowed');
  });
}

plain.after(async () => {
  await site[Symbol.asyncDispose]();
});
plain.run();
