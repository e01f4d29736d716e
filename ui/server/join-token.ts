// The token that a person carries from the console to a new appliance, as one line to paste.

import { formatJoinToken, relayFingerprint } from '#appliance/protocol/join-message.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import type { JoinSecret } from './directory-sites.ts';
import type { Host } from './host.ts';

/** Formats a token: where the console is, the key of its relay, which site and kind, and the secret for one use. */
export function joinTokenText(
  { siteId, joins, secret }: JoinSecret,
  { config, relay }: Pick<Host, 'config' | 'relay'>,
): string {
  const key = parsePersonKey(relay.key);
  if (key.kind !== 'ed25519') throw new Error('unreachable: the relay has an Ed25519 key');
  return formatJoinToken({
    console: config.origin,
    relay: relayFingerprint(key.publicKey),
    joins,
    site: siteId,
    secret,
  });
}
