// Questions that change nothing at a site.

import { ClientError } from '#appliance/protocol/client.ts';

/** Asks; what got lost with the link is asked again over the next one. Only for what may be asked twice. */
export async function askAgain<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (cause) {
      if (!(cause instanceof ClientError && cause.code === 'stream-lost')) throw cause;
    }
  }
}
