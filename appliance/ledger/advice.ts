// What a person does about a log that is not to be trusted, by the code of its error. Words alone: the command line
// has them without the ledger.

/** The log and an endpoint, a witness or the second place know different histories, or sizes. */
export const CAUGHT_ADVICE =
  'The log was put back from an old copy, or forked. Stop here and keep this folder. If a newer copy of it ' +
  'exists (log/ and second/ together), put that in its place and start again. If none does, this log is closed ' +
  'for good: found a new site in another folder and enrol the machines there. Removing the file "witnessed" does ' +
  'not help: endpoints that saw the newer log refuse the orders of this one.';

/** Stored bytes that are not what was stored. */
export const DAMAGED_ADVICE =
  "Keep the appliance's folder as it is, and put the newest whole copy of it (log/ and second/ together) in its place.";

const BY_CODE: Readonly<Record<string, string>> = {
  damaged: DAMAGED_ADVICE,
  'second-place': DAMAGED_ADVICE,
  'wrong-log':
    'site.json, log/ and second/ are of one site: put back those that belong together, from one copy.',
  behind: CAUGHT_ADVICE,
  forked: CAUGHT_ADVICE,
};

/** What to do about an error of the log; null when its message says it. */
export function ledgerAdvice(code: string): string | null {
  return BY_CODE[code] ?? null;
}
