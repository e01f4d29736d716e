// The site of this computer as pages show it to owners: what it is called, and whether it is in the console already.

import { type Envelope, parseStatement } from '#crypto/statement.ts';
import type { Actor } from './directory-actor.ts';
import type { OwnDirectory } from './directory.ts';
import { ConsoleError } from './error.ts';
import type { Host } from './host.ts';

export interface ShownLocalSite {
  readonly client: string;
  readonly site: string;
  /** The root set that it pins. */
  readonly root: string;
  /** Whether another console has it, which it would leave. */
  readonly isElsewhere: boolean;
}

/** Null: there is none here, it is not this person's to bring, or it is in already. With `problem`: it cannot be asked. */
export async function localSiteOf(
  { computer, relay }: Pick<Host, 'computer' | 'relay'>,
  { actor, directory }: { actor: Actor; directory: OwnDirectory },
): Promise<ShownLocalSite | { readonly problem: string } | null> {
  if (computer === null || actor.role !== 'owner') return null;
  try {
    const { client, site, root, joined } = await computer.look();
    const [sites, roster] = await Promise.all([directory.sites(), directory.roster()]);
    const isJoined = joined?.relay === relay.key && sites.some(({ id }) => id === joined.site);
    if (isJoined && roster !== null && isCertifiedBy(roster.envelope, root)) return null;
    return { client, site, root, isElsewhere: joined !== null && joined.relay !== relay.key };
  } catch (cause) {
    if (cause instanceof ConsoleError) return { problem: cause.message };
    throw cause;
  }
}

/** Whether a roster brings a certificate by this root along: its site takes it, then. */
function isCertifiedBy(roster: Envelope, root: string): boolean {
  const { statement } = parseStatement(roster);
  if (statement.type !== 'roster') return false;
  const keys = root.split(' ');
  return (statement.roots ?? []).some((each) => keys.includes(parseStatement(each).statement.by));
}
