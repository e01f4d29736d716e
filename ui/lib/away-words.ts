/** Why a site is away, in words where we know what relay and link mean. */
export function awayWords(why: string | null): string {
  if (why?.includes('NO_RESERVATION') === true) return 'its appliance is not connected';
  if (why?.startsWith('Lost the appliance') === true) return 'the connection was lost';
  return why ?? 'it did not answer';
}
