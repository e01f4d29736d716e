// What an appliance that is not founded yet remembers: the console that it joined, the secret of its claim code, and
// who has claimed it. `claim.json`, 0600, in its folder. As long as the file is there nothing has run and nothing
// is founded: what a founding that was cut off left behind is removed, and the contact sets up anew.

import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';

import * as z from 'zod';

import { applianceConfigSchema, placesIn } from '../config.ts';
import { loadJsonFile } from '../json-file.ts';
import { replaceFile, syncFolder } from '../ledger/durable-file.ts';
import { CLAIM_SECRET_CHARS } from '../protocol/claim-code.ts';
import { claimOfferSchema } from '../protocol/claim-message.ts';

const stateSchema = z.strictObject({
  format: z.literal('caisey/claim/v1'),
  /** What `site.json` will hold. */
  config: applianceConfigSchema.required({ console: true }),
  /** The organisation that the token was of, as the console names it. Shown, not trusted. */
  organisation: z.string().min(1).max(256),
  secret: z.string().length(CLAIM_SECRET_CHARS),
  wrongTries: z.int().min(0),
  /** Times that wrong tries have changed the secret: each lock is longer than the one before. */
  locks: z.int().min(0),
  lockedUntilMs: z.number().min(0),
  offer: claimOfferSchema.nullable(),
});

export type ClaimState = z.infer<typeof stateSchema>;

/**
 * Loads the state; null when there is none: the site is founded, or was never joined.
 * @throws {WorkError} code `folder-unusable`
 */
export async function loadClaimState(folder: string): Promise<ClaimState | null> {
  return loadJsonFile(placesIn(folder).claim, { schema: stateSchema });
}

/** Puts the state on disk, whole or not at all. */
export async function saveClaimState(folder: string, state: ClaimState): Promise<void> {
  const text = `${JSON.stringify(stateSchema.parse(state), null, 2)}\n`;
  await replaceFile(placesIn(folder).claim, text);
}

/** Says that the site is founded: the last step. */
export async function dropClaimState(folder: string): Promise<void> {
  const { claim } = placesIn(folder);
  await rm(claim);
  await syncFolder(dirname(claim));
}

/** Removes what a founding that was cut off left. Only while the state is there: nothing of it was in use. */
export async function clearFounding(folder: string): Promise<void> {
  const { config, logKey, log, second, approvers, authority } = placesIn(folder);
  for (const path of [config, logKey, log, second, approvers, authority]) {
    await rm(path, { recursive: true, force: true });
  }
}
