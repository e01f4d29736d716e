// `npm start`, where it does not start.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openCliSite } from './testing/cli-site.ts';

const run = promisify(execFile);
const START = fileURLToPath(new URL('./start.ts', import.meta.url));

const start = suite('npm start');

start('says at once that the site runs already, by which process, and ends with 2', async () => {
  await using site = await openCliSite();
  const env = { ...process.env, CAISEY_HOME: site.home };
  const refused: unknown = await run(process.execPath, [START], { env, timeout: 60_000 }).catch(
    (error: unknown) => error,
  );
  const { code, stdout, stderr } = refused as { code: number; stdout: string; stderr: string };
  assert.is(code, 2);
  assert.is(stdout, '', 'it does not say that anything starts');
  assert.match(stderr, `runs already: process ${process.pid}`);
  assert.match(stderr, '/ip4/127.0.0.1/tcp/');
  assert.match(stderr, 'site status');
});

start('says how it is used, and refuses what it does not know', async () => {
  const { stdout } = await run(process.execPath, [START, '--help']);
  assert.match(stdout, '--no-console');
  const refused: unknown = await run(process.execPath, [START, '--now']).catch(
    (error: unknown) => error,
  );
  assert.is((refused as { code: number }).code, 2);
});

start('founds nothing when the port that PORT names is taken', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-start-'));
  await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
  const other = createServer();
  await using _other = other;
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const { port } = other.address() as AddressInfo; // it listens on a port
  const env = { ...process.env, CAISEY_HOME: join(folder, 'home'), PORT: String(port) };
  const refused: unknown = await run(process.execPath, [START], { env }).catch(
    (error: unknown) => error,
  );
  const { code, stderr } = refused as { code: number; stderr: string };
  assert.is(code, 1);
  assert.match(stderr, `port ${port} is taken`);
  assert.equal(await readdir(folder), []);
});

start.run();
