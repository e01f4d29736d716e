/** Why a site is away, in words where we know what the relay means. */
export function awayWords(why: string | null): string {
  if (why?.includes('NO_RESERVATION') === true) return 'its appliance is not connected';
  return why ?? 'it did not answer';
}
