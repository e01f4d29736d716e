// How long a site's join token is still good, in words.

import { formatAgo } from './time.ts';

/** Of a site that waits for its appliance; null: no token is out. */
export function joinTokenWords(expiresAt: string | null, nowMs: number): string {
  if (expiresAt === null) return 'no token is out';
  const endMs = Date.parse(expiresAt);
  return endMs > nowMs ? `token ends ${formatAgo(endMs, nowMs)}` : 'its token has run out';
}
