// The sessions that this person holds the key of, one file each: `sessions/<id>.json`. The session's key signs
// commands until the session ends; then its file is removed, by the next call that comes to know of it.

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { importSigner, type Signer } from '#crypto/webcrypto.ts';
import { CliError } from './error.ts';
import { createPrivateFile, isSystem, makePrivateFolder, parseJson, readPrivate } from './home.ts';
import type { Home } from './place.ts';

const SESSION_FORMAT = 'caisey/session/v1';

const sessionSchema = z.strictObject({
  format: z.literal(SESSION_FORMAT),
  /** Origin of the log that the session is in. */
  log: z.string().max(255),
  session: z.string().length(22),
  endpoint: z.string().length(22),
  /** base64url of the seed that signs the session's commands. */
  secret: z.string().length(43),
});

/** A session whose key is here. */
export interface HeldSession {
  readonly log: string;
  readonly session: string;
  readonly endpoint: string;
  readonly key: Signer;
}

/** Keeps a new session's key. */
export async function createHeldSession(
  home: Home,
  { log, session, endpoint, seed }: Omit<HeldSession, 'key'> & { seed: Bytes },
): Promise<void> {
  await makePrivateFolder(home.sessions);
  const file = { format: SESSION_FORMAT, log, session, endpoint, secret: encodeBase64url(seed) };
  await createPrivateFile(pathOf(home, session), `${JSON.stringify(sessionSchema.parse(file))}\n`);
}

/** Loads a held session. @throws {CliError} code `no-session` when its key is not here */
export async function loadHeldSession(home: Home, id: string): Promise<HeldSession> {
  const path = pathOf(home, id);
  const text = await readPrivate(path, 0o077, () => notHeld(id));
  const parsed = sessionSchema.safeParse(parseJson(text, path));
  if (!parsed.success) throw new CliError('unusable', `Cannot use "${path}": not a session's file`);
  const { log, session, endpoint, secret } = parsed.data;
  return { log, session, endpoint, key: await importSigner(parseBase64url(secret)) };
}

/** The ids of the sessions whose keys are here. */
export async function listHeldSessions(home: Home): Promise<readonly string[]> {
  try {
    const names = await readdir(home.sessions);
    return names.filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));
  } catch (cause) {
    if (isSystem(cause, 'ENOENT')) return [];
    throw cause;
  }
}

/** When a session's key was put here, in ms since the epoch; infinitely late when it is not here. */
export async function heldSinceMs(home: Home, id: string): Promise<number> {
  try {
    return (await stat(pathOf(home, id))).mtimeMs;
  } catch (cause) {
    if (isSystem(cause, 'ENOENT')) return Infinity; // another call of ours forgot it meanwhile
    throw cause;
  }
}

/** Forgets a session's key. */
export async function removeHeldSession(home: Home, id: string): Promise<void> {
  await rm(pathOf(home, id), { force: true });
}

function pathOf({ sessions }: Home, id: string): string {
  return join(sessions, `${id}.json`);
}

function notHeld(id: string): CliError {
  return new CliError('no-session', `Cannot use session ${id}: its key is not in this home`, {
    hint: 'Commands run in a session from where it was opened. Open one of your own.',
  });
}
