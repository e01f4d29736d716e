// Opening a session in the browser: a key is made that can never leave it, the signing key delegates to that key once,
// and from then on it signs the commands.

import { signOpening } from '#appliance/protocol/session-key.ts';
import type { StatementSigner } from '#crypto/statement.ts';
import type { Bytes } from '#crypto/bytes.ts';
import type { SiteState } from './state/site.svelte.ts';

/** A session's key ends with the working day, whatever the appliance's own limits are. */
export const SESSION_LIFE_MS = 8 * 3_600_000;

/** Opens a session; answers its id. @throws {ClientError | PasskeyError} */
export async function openSession({
  site,
  endpoint,
  technician,
  reason,
  ticket,
  nowMs,
}: {
  site: Pick<SiteState, 'id' | 'origin' | 'link' | 'keeper'>;
  endpoint: string;
  technician: StatementSigner;
  reason: string | null;
  ticket: string | null;
  nowMs: number;
}): Promise<string> {
  const pair = await createSessionKey();
  const delegate = await publicKeyOf(pair);
  const opening = await signOpening({
    ...{ log: site.origin, endpoint, technician, delegate, reason, ticket },
    ...{ nowMs, lifeMs: SESSION_LIFE_MS },
  });
  const { session, envelope } = opening;
  const keys = { site: site.id, session, pair, endsAtMs: nowMs + SESSION_LIFE_MS };
  await site.keeper.keepSessionKeys(keys, nowMs); // before it is used: a reload must find it
  await site.link.call('session.open', {
    envelope,
    reason: opening.reason,
    ticket: opening.ticket,
  });
  return session;
}

async function createSessionKey(): Promise<CryptoKeyPair> {
  const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
  if (!('privateKey' in pair)) throw new Error('unreachable: Ed25519 makes a pair of keys');
  return pair;
}

async function publicKeyOf({ publicKey }: CryptoKeyPair): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey('raw', publicKey));
}
