// Ends the connections of browsers that are let in no longer. Their peers are asked for anew at the next try.

import { parsePersonKey } from '#crypto/person-key.ts';
import type { Host } from './host.ts';

/** Ends them at once; a key that no peer can have is nobody's connection. */
export function disconnect(
  { relay }: { readonly relay: Pick<Host['relay'], 'disconnect'> },
  peerKeys: readonly string[],
): void {
  for (const text of peerKeys) {
    const key = parsePersonKey(text);
    if (key.kind === 'ed25519') relay.disconnect(key.publicKey);
  }
}
