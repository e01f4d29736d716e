// Which shells a command may be given to at an endpoint, the usual one first.

import type { ShellName } from '#crypto/policy.ts';
import type { SiteLink } from './site.ts';

const WINDOWS = ['powershell', 'pwsh', 'cmd'] as const satisfies readonly ShellName[];
const UNIX = ['sh', 'bash', 'pwsh'] as const satisfies readonly ShellName[];

/** The shells of an operating system, as the endpoint names it; of any other than Windows those of Unix. */
export function shellsOf(os: string | null): readonly ShellName[] {
  return os === 'win32' || os === 'windows' ? WINDOWS : UNIX;
}

/** What the site knows of an endpoint's operating system; null: nothing. */
export async function endpointOs(
  link: Pick<SiteLink, 'call'>,
  { endpoint, signal }: { endpoint: string; signal: AbortSignal },
): Promise<string | null> {
  let after: string | null = null;
  do {
    const page: { endpoints: readonly EndpointLike[]; next: string | null } = await link.call(
      'endpoint.list',
      after === null ? {} : { after },
      { signal },
    );
    const found = page.endpoints.find((summary) => summary.endpoint === endpoint);
    if (found !== undefined) return found.host?.os ?? null;
    after = page.next;
  } while (after !== null);
  return null;
}

interface EndpointLike {
  readonly endpoint: string;
  readonly host: { readonly os: string } | null;
}
