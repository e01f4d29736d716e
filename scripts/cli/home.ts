// A person's folder: which site, what is trusted, the keys, and the sessions that this person has open. Files
// are readable by their owner alone; a key that others can read is refused, as ssh does.
//
//   site.json   trust.json   keys/{me,msp-root,authority}.key   sessions/<id>.json   appliance/   agent/

import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';

import * as z from 'zod';

import { sitePinsSchema } from '#agent/protocol/enrol-message.ts';
import { type KeyFile, parseKeyFile } from '#crypto/key-file.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import { CliError } from './error.ts';
import type { Home } from './place.ts';

export const SITE_FORMAT = 'caisey/site/v1';

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

/** Loads a key. @throws {CliError} `no-key`, or `unusable` when others can read it */
export async function loadKey(path: string): Promise<KeyFile> {
  return parseKeyFile(await readPrivate(path, 0o077, () => noKey(path)));
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
  try {
    const { mode } = await stat(path);
    if (process.platform !== 'win32' && (mode & forbidden) !== 0) throw exposed(path, forbidden);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (isSystem(cause, 'ENOENT')) throw missing();
    throw cause;
  }
}

/** Parses JSON of a file. @throws {CliError} code `unusable`; never quotes it */
export function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CliError('unusable', `Cannot use "${path}": not JSON`); // no cause: it would quote it
  }
}

function exposed(path: string, forbidden: number): CliError {
  const verb = (forbidden & 0o044) === 0 ? 'change' : 'read';
  return new CliError('unusable', `Cannot use "${path}": others can ${verb} it`, {
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
    hint: 'Make one by "caisey key create", or name another by --key.',
  });
}
