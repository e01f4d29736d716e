import { chmod, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from '#crypto/base64.ts';
import { ConsoleError } from './error.ts';
import { openSecretFile } from './secret-file.ts';

interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
}

async function openPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'caisey-secret-'));
  return {
    folder,
    path: join(folder, 'keys', 'auth.secret'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function refusal(path: string): Promise<string> {
  const error = await openSecretFile(path).catch((reason: unknown) => reason);
  assert.instance(error, ConsoleError);
  assert.is((error as ConsoleError).code, 'secret-file');
  return (error as ConsoleError).message;
}

const secret = suite('openSecretFile()');

secret('makes a secret of 256 bits once, for its owner alone', async () => {
  await using place = await openPlace();
  const first = await openSecretFile(place.path);
  assert.is(first.length, 32);
  assert.equal(await openSecretFile(place.path), first);
  if (process.platform === 'win32') return;
  assert.is((await stat(place.path)).mode & 0o777, 0o600);
});

secret('gives the same to all that ask at once, and leaves no draft', async () => {
  await using place = await openPlace();
  const all = await Promise.all(Array.from({ length: 8 }, () => openSecretFile(place.path)));
  assert.is(new Set(all.map(encodeBase64url)).size, 1);
  assert.equal(await readdir(join(place.folder, 'keys')), ['auth.secret']);
});

secret('refuses a file that others can read, or that is none of ours', async () => {
  await using place = await openPlace();
  const kept = encodeBase64url(await openSecretFile(place.path));
  for (const text of ['', 'hunter2', `${kept}x`, `${kept}\n\n`]) {
    await writeFile(place.path, text);
    assert.match(await refusal(place.path), /is not one of ours$/, text);
  }
  if (process.platform === 'win32') return;
  await chmod(place.path, 0o640);
  assert.match(await refusal(place.path), /others can read .*chmod 600/);
});

secret.run();
