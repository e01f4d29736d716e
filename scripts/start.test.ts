// `npm start`, when the site of the home runs already.

import { execFile } from 'node:child_process';
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

start.run();
