// A person's folder: which site, what is trusted, the keys, and the sessions that this person has open. Files
// are readable by their owner alone; a key that others can read is refused, as ssh does.
//
//   site.json   trust.json   keys/{me,msp-root,authority}.key   sessions/<id>.json   appliance/   agent/

import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';

import * as z from 'zod';

import { sitePinsSchema } from '#agent/protocol/enrol-message.ts';
import { FormatError } from '#crypto/error.ts';
import { type KeyFile, parseKeyFile } from '#crypto/key-file.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import { CliError } from './error.ts';
import type { Home } from './place.ts';

export const SITE_FORMAT = 'caisey/site/v1';

/** More than any file of a home has. */
const MAX_FILE_BYTES = 1024 * 1024;
const ANOTHER_KEY = 'Make one by "caisey key create", or name another by --key.';

const siteSchema = z.strictObject({
  format: z.literal(SITE_FORMAT),
  client: z.string().max(256),
  site: z.string().max(256),
  msp: z.string().max(256),
  ...sitePinsSchema.shape,
});

/** What this person pins of a site: its names, its keys, and where its appliance is. */
export type HomeSite = z.infer<typeof siteSchema>;

/** Loads the site. @throws {CliError} `no-site` when there is none, `unusable` when it is not ours, or exposed */
export async function loadHomeSite({ folder, siteFile }: Home): Promise<HomeSite> {
  const text = await readPrivate(siteFile, 0o022, () => noSite(folder));
  const parsed = siteSchema.safeParse(parseJson(text, siteFile));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new CliError(
      'unusable',
      `Cannot use "${siteFile}": bad "${issue?.path.join('.') ?? ''}"`,
    );
  }
  return parsed.data;
}

/** Formats a site's file. */
export function formatHomeSite(site: HomeSite): string {
  return `${JSON.stringify(siteSchema.parse(site), null, 2)}\n`;
}

/** The origin of the site's log. */
export function originOf({ log }: Pick<HomeSite, 'log'>): string {
  return parseVerifierKey(log).name;
}

/** Loads a key. @throws {CliError} `no-key`, or `unusable` when it is none, or others can read it */
export async function loadKey(path: string): Promise<KeyFile> {
  const { text, mode } = await readWithMode(path, () => noKey(path));
  const key = await parseKey(text, path); // first: what is no key must not be told to become a private file
  refuseExposed(path, mode, 0o077);
  return key;
}

async function parseKey(text: string, path: string): Promise<KeyFile> {
  try {
    return await parseKeyFile(text);
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const why = cause.message.replace(/^Cannot parse key file: /, '');
    throw new CliError('unusable', `Cannot use "${path}" as a key: ${why}`, {
      cause,
      hint: ANOTHER_KEY,
    });
  }
}

/** Writes a new file that its owner alone can read. @throws {CliError} code `exists` */
export async function createPrivateFile(path: string, text: string | Uint8Array): Promise<void> {
  try {
    await writeFile(path, text, { mode: 0o600, flag: 'wx' });
  } catch (cause) {
    if (!isSystem(cause, 'EEXIST')) throw cause;
    throw new CliError('exists', `Cannot write "${path}": it is there already`, {
      cause,
      hint: 'Nothing was changed. Choose another name, or move it away first.',
    });
  }
  await chmod(path, 0o600); // whatever the umask made of it
}

/** Makes a folder that its owner alone can enter. */
export async function makePrivateFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
}

/** Whether a file is there. */
export async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (cause) {
    if (isSystem(cause, 'ENOENT')) return false;
    throw cause;
  }
}

/** Whether an error of the system has this code. */
export function isSystem(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Reads a file of which others must not have these rights. */
export async function readPrivate(
  path: string,
  forbidden: number,
  missing: () => CliError,
): Promise<string> {
  const { text, mode } = await readWithMode(path, missing);
  refuseExposed(path, mode, forbidden);
  return text;
}

async function readWithMode(
  path: string,
  missing: () => CliError,
): Promise<{ text: string; mode: number }> {
  try {
    const entry = await stat(path);
    if (entry.isFile() && entry.size > MAX_FILE_BYTES) throw tooLarge(path, entry.size);
    return { text: await readFile(path, 'utf8'), mode: entry.mode };
  } catch (cause) {
    if (isSystem(cause, 'ENOENT')) throw missing();
    throw cause;
  }
}

function tooLarge(path: string, bytes: number): CliError {
  return new CliError('unusable', `Cannot use "${path}": ${bytes} bytes are too many`);
}

/** Parses JSON of a file. @throws {CliError} code `unusable`; never quotes it */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError('unusable', `Cannot use "${path}": not JSON`); // no cause: it would quote it
  }
}

/** @throws {CliError} code `unusable` when others have a right that they must not have */
function refuseExposed(path: string, mode: number, forbidden: number): void {
  if (process.platform === 'win32' || (mode & forbidden) === 0) return;
  const verb = (forbidden & 0o044) === 0 ? 'change' : 'read';
  throw new CliError('unusable', `Cannot use "${path}": others can ${verb} it`, {
    hint: `Run: chmod 600 '${path}'. If others may have had it, make a new one.`,
  });
}

function noSite(folder: string): CliError {
  return new CliError('no-site', `Cannot find a site in "${folder}"`, {
    hint: 'Found one by "caisey site init", or put the site.json that its owner gave you there.',
  });
}

function noKey(path: string): CliError {
  return new CliError('no-key', `Cannot find the key "${path}"`, {
    hint: ANOTHER_KEY,
  });
}
