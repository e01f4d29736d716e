// The appliance's folder: what it is (`site.json`), its two keys, and where everything else lies.
//
//   site.json        names, origin, where it listens        keys/log.key     signs checkpoints
//   log/             the ledger                             keys/peer.key    its libp2p identity
//   second/          the last checkpoint, a second time     tokens.json · approvers.json

import { chmod, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import * as z from 'zod';

import { DIGEST_LEVELS } from '#crypto/digest-level.ts';
import { FormatError } from '#crypto/error.ts';
import { formatKeyFile, type KeyFile, parseKeyFile } from '#crypto/key-file.ts';
import { isPersonKey, MAX_KEY_CHARS } from '#crypto/person-key.ts';
import { loadJsonFile } from './json-file.ts';
import { replaceFile } from './ledger/durable-file.ts';
import { WorkError } from './work/error.ts';

export const APPLIANCE_FORMAT = 'caisey/appliance/v1';

/** What `site.json` holds. */
export const applianceConfigSchema = z.strictObject({
  format: z.literal(APPLIANCE_FORMAT),
  origin: z.string().min(1).max(255),
  /** Multiaddrs: where endpoints and clients reach it. */
  listen: z.array(z.string().max(256)).min(1).max(16),
  /** The on-site page and the log's read API; null: none. */
  http: z
    .strictObject({
      host: z.string().min(1).max(256),
      port: z.int().min(0).max(65_535),
      /** Names under which people open the page, besides localhost and numbers. */
      names: z.array(z.string().max(253)).max(16).exactOptional(),
      /** Files of a certificate chain and its key, PEM; without them the page is plain HTTP. */
      tls: z
        .strictObject({ cert: z.string().max(4096), key: z.string().max(4096) })
        .exactOptional(),
    })
    .nullable(),
  mdns: z.boolean(),
  /** The console that the site was joined to; without one the site works alone. */
  console: z
    .strictObject({
      /** The site's opaque id there. */
      site: z.string().min(1).max(64),
      /** The relay's peer key, `ed25519:…`. */
      key: z.string().max(MAX_KEY_CHARS).startsWith('ed25519:').refine(isPersonKey, 'not a key'),
      addresses: z.array(z.string().max(256)).min(1).max(16),
      /** What it may know as long as no approver of the client has said on record (`Site.digest`). */
      level: z.enum(DIGEST_LEVELS),
    })
    .exactOptional(),
});

export type ApplianceConfig = z.infer<typeof applianceConfigSchema>;
export type ConsoleConfig = NonNullable<ApplianceConfig['console']>;

/** The places in an appliance's folder. */
export function placesIn(folder: string): {
  readonly config: string;
  readonly keys: string;
  readonly logKey: string;
  readonly peerKey: string;
  readonly log: string;
  readonly second: string;
  readonly tokens: string;
  readonly approvers: string;
  readonly pinAttempts: string;
  /** The client's authority key under the contact's PIN, where the site was claimed on site. */
  readonly authority: string;
  /** Only as long as the site is not founded. */
  readonly claim: string;
} {
  return {
    config: join(folder, 'site.json'),
    keys: join(folder, 'keys'),
    logKey: join(folder, 'keys', 'log.key'),
    peerKey: join(folder, 'keys', 'peer.key'),
    log: join(folder, 'log'),
    second: join(folder, 'second'),
    tokens: join(folder, 'tokens.json'),
    approvers: join(folder, 'approvers.json'),
    pinAttempts: join(folder, 'pin-attempts.json'),
    authority: join(folder, 'authority.json'),
    claim: join(folder, 'claim.json'),
  };
}

/** Loads the configuration. @throws {WorkError} code `folder-unusable` when there is none, or it is not ours */
export async function loadConfig(folder: string): Promise<ApplianceConfig> {
  const config = await loadJsonFile(placesIn(folder).config, { schema: applianceConfigSchema });
  if (config !== null) return config;
  throw new WorkError('folder-unusable', `Cannot load appliance: no site in "${folder}"`);
}

/** Writes the configuration of a new appliance. Refuses to replace one. */
export async function createConfig(folder: string, config: ApplianceConfig): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeFile(placesIn(folder).config, formatConfig(config), { mode: 0o600, flag: 'wx' });
}

function formatConfig(config: ApplianceConfig): string {
  return `${JSON.stringify(applianceConfigSchema.parse(config), null, 2)}\n`;
}

/** Changes which console a site belongs to, whole or not at all. An appliance goes by it from its next start on. */
export async function saveConsole(folder: string, joined: ConsoleConfig): Promise<void> {
  const config = { ...(await loadConfig(folder)), console: joined };
  await replaceFile(placesIn(folder).config, formatConfig(config));
}

/** Writes a new key file, 0600. Refuses to replace one. */
export async function createKeyFile(
  path: string,
  { name, seed }: { name: string; seed: Uint8Array },
): Promise<void> {
  await writeFile(path, await formatKeyFile({ name, seed }), { mode: 0o600, flag: 'wx' });
  await chmod(path, 0o600); // whatever the umask made of it
}

/**
 * Loads a key file.
 * @throws {WorkError} code `folder-unusable` when it is not there, others can read it, or it is malformed
 */
export async function loadKeyFile(path: string): Promise<KeyFile> {
  const mode = await modeOf(path);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const state = `others can read "${path}"; run chmod 600 on it`;
    throw new WorkError('folder-unusable', `Cannot load key: ${state}`);
  }
  try {
    return await parseKeyFile(await readFile(path, 'utf8'));
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    const state = `"${path}" is damaged; put its newest copy back`;
    throw new WorkError('folder-unusable', `Cannot load key: ${state}`, { cause });
  }
}

async function modeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).mode;
  } catch (cause) {
    const state = `"${path}" cannot be read; put its newest copy back`;
    throw new WorkError('folder-unusable', `Cannot load key: ${state}`, { cause });
  }
}
