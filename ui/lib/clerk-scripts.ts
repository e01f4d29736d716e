// Clerk's scripts in a page that forbids scripts by text: they load each other by address, and this lets through the
// addresses of Clerk's host and no others. Only where Clerk says who people are (`server/content-policy.ts`).

/** What browsers with Trusted Types have; the others go by the policy's `script-src` alone. */
interface TrustedTypesWindow {
  readonly trustedTypes?: {
    createPolicy(
      name: string,
      rules: { createScriptURL: (address: string) => string | null },
    ): unknown;
  };
}

const admitted = new Set<string>();

/** Lets scripts of this host in, once a page. The policy `default` is asked for addresses that no other made. */
export function admitClerkScripts(host: string): void {
  if (admitted.has(host)) return;
  admitted.add(host);
  (globalThis as TrustedTypesWindow).trustedTypes?.createPolicy('default', {
    createScriptURL: (address) =>
      URL.parse(address, location.href)?.origin === `https://${host}` ? address : null,
  });
}

/** The page's nonce, for the style elements that Clerk's scripts make. */
export function pageNonce(): string | null {
  return document.querySelector<HTMLScriptElement>('script[nonce]')?.nonce ?? null;
}
