// Whether the console's host is there. A page that works on a site goes on without it.

const ASK_MS = 10_000;

/** Asks the host whether it is there. Only in a browser. */
export async function hostAnswers(): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(ASK_MS);
    const { ok } = await fetch('/api/alive', { cache: 'no-store', signal });
    return ok;
  } catch {
    return false; // a network's failure is the answer
  }
}
