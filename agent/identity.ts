// Who this endpoint is and whom it trusts: the file `identity.json` in its folder, written once at enrolment.
// The file holds the endpoint's secret key, so it is for its owner alone, and is refused when it is not.

import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { parseId } from '#crypto/id.ts';
import { parseVerifierKey, type VerifierKey } from '#crypto/key.ts';
import { formatPersonKey, keyFingerprint, parsePersonKey } from '#crypto/person-key.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { createFile } from './durable-file.ts';
import { AgentError, isSystemError } from './error.ts';
import { endpointNameSchema, type SitePins, sitePinsSchema } from './protocol/enrol-message.ts';

const FILE = 'identity.json';
const FORMAT = 'caisey/endpoint/v1';
const SEED_BYTES = 32;

const identitySchema = z.strictObject({
  format: z.literal(FORMAT),
  endpoint: z.string().length(22),
  name: endpointNameSchema,
  labels: z.array(z.string().max(64)).max(32),
  /** The seed of the endpoint's peer key, base64url. */
  secret: z.string().length(43),
  site: sitePinsSchema,
});

/** An enrolled endpoint. `seed` is secret: 32 bytes. */
export interface Identity {
  readonly endpoint: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly seed: Bytes;
  readonly site: SitePins;
}

/** What an endpoint holds its site to, parsed. */
export interface Pins {
  readonly logKey: VerifierKey;
  /** The appliance's peer key, 32 raw bytes. */
  readonly appliance: Bytes;
  readonly mspRoot: string;
  readonly authorityKey: string;
}

/** Parses a site's pins. @throws {FormatError} code `key` @throws {VerifyError} code `weak-key` */
export function parsePins(site: SitePins): Pins {
  const appliance = parsePersonKey(site.appliance);
  if (appliance.kind !== 'ed25519') {
    throw new AgentError('identity-malformed', 'Cannot pin appliance: its key is no peer key');
  }
  return {
    logKey: parseVerifierKey(site.log),
    appliance: appliance.publicKey,
    mspRoot: site.msp_root,
    authorityKey: site.authority,
  };
}

/** What a person compares before the site lets anybody work here: `keyFingerprint` of the endpoint's key. */
export async function identityFingerprint({ seed }: Pick<Identity, 'seed'>): Promise<string> {
  const { publicKey } = await importSigner(seed);
  return keyFingerprint(formatPersonKey({ kind: 'ed25519', publicKey }));
}

/** Whether a folder is an endpoint's already. */
export async function isEnrolled(folder: string): Promise<boolean> {
  try {
    await lstat(join(folder, FILE));
    return true;
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return false;
    throw error;
  }
}

/**
 * Writes a new identity, durably, into a folder that has none.
 * @throws {AgentError} code `identity-exists`
 */
export async function createIdentity(folder: string, identity: Identity): Promise<void> {
  const { endpoint, name, labels, seed, site } = identity;
  const secret = encodeBase64url(seed);
  const file = identitySchema.parse({ format: FORMAT, endpoint, name, labels, secret, site });
  try {
    await createFile(join(folder, FILE), `${JSON.stringify(file, null, 2)}\n`);
  } catch (cause) {
    if (!isSystemError(cause, 'EEXIST')) throw cause;
    throw new AgentError('identity-exists', `Cannot enrol: "${folder}" is an endpoint already`);
  }
}

/**
 * Reads the identity of a folder.
 * @throws {AgentError} code `identity-missing`, `identity-exposed` when others may read the file or it is not
 *   ours, `identity-malformed`; no message ever quotes the file
 */
export async function loadIdentity(folder: string): Promise<Identity> {
  const path = join(folder, FILE);
  await checkPrivate(path, folder);
  const { endpoint, name, labels, secret, site } = parseIdentity(
    await readFile(path, 'utf8'),
    path,
  );
  return { endpoint, name, labels, seed: parseBase64url(secret), site };
}

async function checkPrivate(path: string, folder: string): Promise<void> {
  let file;
  try {
    file = await lstat(path);
  } catch (cause) {
    if (!isSystemError(cause, 'ENOENT')) throw cause;
    throw new AgentError(
      'identity-missing',
      `Cannot load endpoint: "${folder}" is not enrolled. Enrol it with a token of its site`,
    );
  }
  if (!file.isFile()) throw malformed(path, 'not a plain file');
  if (process.platform === 'win32') return; // access lists are inherited from the folder there
  if ((file.mode & 0o077) !== 0) {
    throw new AgentError(
      'identity-exposed',
      `Cannot load endpoint: "${path}" may be used by others. Its key must be taken as known: enrol again`,
    );
  }
  const user = process.geteuid?.();
  if (user !== undefined && file.uid !== user) {
    throw new AgentError('identity-exposed', `Cannot load endpoint: "${path}" is another user's`);
  }
}

function parseIdentity(text: string, path: string): z.infer<typeof identitySchema> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw malformed(path, 'not JSON'); // no cause: it would quote the secret
  }
  const parsed = identitySchema.safeParse(value);
  if (!parsed.success) {
    const at = parsed.error.issues[0]?.path.join('.') ?? '';
    throw malformed(path, at === '' ? 'wrong members' : `bad "${at}"`);
  }
  try {
    parseId(parsed.data.endpoint);
    if (parseBase64url(parsed.data.secret).length !== SEED_BYTES) throw malformed(path, 'bad key');
    parsePins(parsed.data.site);
  } catch {
    throw malformed(path, 'bad id or key'); // no cause, as above
  }
  return parsed.data;
}

function malformed(path: string, state: string): AgentError {
  return new AgentError(
    'identity-malformed',
    `Cannot load endpoint: "${path}" is damaged: ${state}`,
  );
}
