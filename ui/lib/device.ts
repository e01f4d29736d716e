// This browser as a peer: an Ed25519 key of its own, and the person's signed word that it is theirs for a day.

import { parseTime } from '#crypto/leaf.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { parseStatement } from '#crypto/statement.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import type { Device, Keeper } from './keeper.ts';

/** Below this a device statement is renewed rather than used: work should not stop in the middle. */
const RENEW_BELOW_MS = 30 * 60_000;

/** Loads this browser's device of a person, or makes one; without a statement nobody trusts it yet. */
export async function loadDevice(keeper: Keeper, person: string): Promise<Device> {
  const known = await keeper.device(person);
  if (known !== undefined) return known;
  const device = { seed: randomBytes(32), statement: null };
  await keeper.keepDevice(person, device);
  return device;
}

/** The device's peer key as a line of text. */
export async function deviceKey({ seed }: Device): Promise<string> {
  const { publicKey } = await importSigner(seed);
  return formatPersonKey({ kind: 'ed25519', publicKey });
}

/** Until when a device may speak; null: it may not, or is about to end. */
export function deviceEndMs({ statement }: Device, nowMs: number): number | null {
  if (statement === null) return null;
  const endMs = parseTime(parseStatement(statement).statement.expires);
  return endMs - nowMs > RENEW_BELOW_MS ? endMs : null;
}
