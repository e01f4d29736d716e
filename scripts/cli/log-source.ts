// Where a log is read: from the running appliance, or, when none runs and its folder is in this home, from the
// disk.

import { isProtocolError } from '#agent/protocol/error.ts';
import { type ApplianceConfig, loadConfig, loadKeyFile, placesIn } from '#appliance/config.ts';
import { type VerifierKey, verifierKey } from '#crypto/key.ts';
import type { Signer } from '#crypto/webcrypto.ts';
import type { Connection } from './connect.ts';
import { CliError } from './error.ts';
import { isThere } from './home.ts';
import { connected, type Invocation } from './invocation.ts';

/** The log of an appliance that does not run. */
export interface LocalLog {
  readonly config: ApplianceConfig;
  readonly places: ReturnType<typeof placesIn>;
  readonly signer: Signer;
  readonly logKey: VerifierKey;
}

export type LogSource =
  | { readonly kind: 'appliance'; readonly connection: Connection }
  | { readonly kind: 'folder'; readonly log: LocalLog };

/** Finds the log. The caller disposes the connection. @throws {ProtocolError} when there is no way to it */
export async function findLog(
  invocation: Invocation,
  { isOffline }: { isOffline: boolean },
): Promise<LogSource> {
  const { home, output } = invocation;
  if (isOffline) return { kind: 'folder', log: await loadLocal(home.appliance) };
  try {
    return { kind: 'appliance', connection: await connected(invocation) };
  } catch (cause) {
    const isLocal = await isThere(placesIn(home.appliance).config);
    if (!isLocal || !isProtocolError(cause, 'peer-unreachable')) throw cause;
    await output.note('No appliance runs; reading its folder', 'dim');
    return { kind: 'folder', log: await loadLocal(home.appliance) };
  }
}

/** @throws {CliError} code `no-site` when no appliance lies in this folder */
export async function checkIsAppliance(folder: string): Promise<void> {
  const { config, claim } = placesIn(folder);
  if ((await isThere(config)) || (await isThere(claim))) return;
  throw new CliError('no-site', `Cannot find an appliance in "${folder}"`, {
    hint: 'Found a site by "caisey site init", or name the folder of another home by --home.',
  });
}

async function loadLocal(folder: string): Promise<LocalLog> {
  await checkIsAppliance(folder);
  const places = placesIn(folder);
  const config = await loadConfig(folder);
  const { signer } = await loadKeyFile(places.logKey);
  return { config, places, signer, logKey: verifierKey(config.origin, 0x01, signer.publicKey) };
}
