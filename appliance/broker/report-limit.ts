// Reports of what strangers can bring about: a few a minute, the others counted. Whoever may knock must not fill
// the log of whoever runs the appliance.

export const MAX_REPORTS = 10;
export const REPORT_MS = 60_000;

/**
 * Limits a report to MAX_REPORTS in REPORT_MS. It is told how many were not reported since the last that was.
 * `now` is in milliseconds, of any origin.
 */
export function limitReports<T>(
  report: (item: T, unreported: number) => void,
  now: () => number,
): (item: T) => void {
  let startedMs = now();
  let reported = 0;
  let unreported = 0;
  return (item) => {
    if (now() - startedMs >= REPORT_MS) {
      startedMs = now();
      reported = 0;
    }
    if (reported >= MAX_REPORTS) {
      unreported++;
      return;
    }
    reported++;
    report(item, unreported);
    unreported = 0;
  };
}

/** As `limitReports`, for events: what was not reported is said in the next one's words. */
export function limitEvents<E extends { readonly what: string }>(
  onEvent: (event: E) => void,
  now: () => number,
): (event: E) => void {
  return limitReports((event, unreported) => {
    onEvent({ ...event, what: countUnreported(event.what, unreported) });
  }, now);
}

/** The words of a report, and how many before it were not reported. */
export function countUnreported(what: string, unreported: number): string {
  return unreported === 0 ? what : `${what}; ${unreported} more since the last were not reported`;
}
