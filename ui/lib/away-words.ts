import { MAX_CONNECTIONS_PER_PEER } from '#appliance/protocol/relay-limits.ts';

/** What libp2p says when the relay hangs up before a connection is made: it gives no reason. */
const HUNG_UP = 'Unexpected EOF';

/** Why a site is away, in words where we know what relay and link mean. */
export function awayWords(why: string | null): string {
  if (why?.includes('NO_RESERVATION') === true) return 'its appliance is not connected';
  if (why?.startsWith('Lost the appliance') === true) return 'the connection was lost';
  if (why?.includes(HUNG_UP) === true) {
    return `the console’s relay did not let this tab in: it takes ${MAX_CONNECTIONS_PER_PEER} linked tabs of a browser, and none whose sign-in has ended; close some, or sign in again`;
  }
  return why ?? 'it did not answer';
}
