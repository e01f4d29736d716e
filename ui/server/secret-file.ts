// A secret that the console makes for itself once: 32 random bytes in a file of its owner's alone.

import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { ConsoleError } from './error.ts';

const SECRET_BYTES = 32;

/**
 * Opens the secret at `path`; the first to ask makes it, and of many that ask at once all get the same one.
 * @throws {ConsoleError} code `secret-file` when others can read it, or it holds anything else
 */
export async function openSecretFile(path: string): Promise<Bytes> {
  const text = (await readIfThere(path)) ?? (await createOrRead(path));
  try {
    const secret = parseBase64url(text.replace(/\n$/, ''));
    if (secret.length === SECRET_BYTES) return secret;
  } catch (cause) {
    throw malformed(path, { cause });
  }
  throw malformed(path);
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      throw new ConsoleError(
        'secret-file',
        `Cannot open secret: others can read "${path}"; run chmod 600 on it`,
      );
    }
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** Written whole under another name first: a crash leaves no half secret, and `link` refuses to replace one. */
async function createOrRead(path: string): Promise<string> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${encodeBase64url(randomBytes(9))}`;
  try {
    await using file = await open(draft, 'wx', 0o600);
    await file.writeFile(`${encodeBase64url(randomBytes(SECRET_BYTES))}\n`);
    await file.sync();
    await link(draft, path);
    await syncFolder(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(path, 'utf8');
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === 'win32') return; // opens no folder, and needs none
  await using handle = await open(folder, 'r');
  await handle.sync();
}

function malformed(path: string, options?: ErrorOptions): ConsoleError {
  return new ConsoleError(
    'secret-file',
    `Cannot open secret: "${path}" is not one of ours`,
    options,
  );
}
