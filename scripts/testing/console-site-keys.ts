// The keys of a site in a console's story: its site comes to work, and somebody signs which keys it has.

import { encodeBase64url } from '#crypto/base64.ts';
import { formatVerifierKey, verifierKey } from '#crypto/key.ts';
import {
  type Envelope,
  signStatement,
  type StatementOf,
  statementSigner,
} from '#crypto/statement.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import type { Directory } from '#ui/server/directory.ts';
import { type Msp, STORY_MS, storyKey, type StoryKey } from './console-story.ts';

/** Claims the site of a story. Answers its log's key. */
export async function claimStorySite(directory: Directory, msp: Msp): Promise<string> {
  await directory.of(msp.actors.owner).beginClaim(msp.siteId, msp.siteKey);
  const site = await directory.siteByPeerKey(msp.siteKey);
  if (site === null) throw new Error('unreachable: it has joined');
  const origin = `console.example/site/${msp.siteId}/1`;
  const { signer } = await storyKey();
  const logKey = formatVerifierKey(verifierKey(origin, 0x01, signer.publicKey));
  await directory.keepStatus(site, { state: 'claimed', origin, logKey });
  return logKey;
}

/** Signs which keys a site has. */
export function signStoryKeys(
  by: StoryKey,
  said: Pick<StatementOf<'site'>, 'site' | 'appliance' | 'log_key'> & Partial<StatementOf<'site'>>,
): Promise<Envelope> {
  return signStatement(
    {
      ...{ type: 'site', v: 1, by: by.key, version: 1 },
      not_before: new Date(STORY_MS - 1000).toISOString(),
      expires: new Date(STORY_MS + 90 * 86_400_000).toISOString(),
      nonce: encodeBase64url(randomBytes(16)),
      ...said,
    },
    statementSigner(by.signer),
  );
}
