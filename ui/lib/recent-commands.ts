// What somebody ran on a machine before this session: for the command line's history, newest last. Only their own:
// what others ran there stands in the record, but nobody should run it by a slip of a finger.

import { isOpenedAs } from '#crypto/entry.ts';
import { askAgain } from './ask-again.ts';
import { checkListed } from './listed-entries.ts';
import type { SiteLink } from './site.ts';

/** So many commands of the machine are looked at, whosever they were, and so many of its sessions. */
const MAX_COMMANDS = 100;
const MAX_SESSIONS = 50;

export interface RecentQuestion {
  /** Of the log. */
  readonly origin: string;
  readonly endpoint: string;
  /** Whose sessions: the key that signed their opening. */
  readonly technicianKey: string;
  readonly signal: AbortSignal;
}

/**
 * Asks for the commands that a technician ran on a machine lately. What was captured as a state is none of them.
 * @throws {FormatError | VerifyError} when an entry is not what its leaf holds
 * @throws {ClientError} when the site cannot be asked, or shows what was not asked for
 */
export async function askRecentCommands(
  link: Pick<SiteLink, 'call'>,
  { origin, endpoint, technicianKey, signal }: RecentQuestion,
): Promise<readonly string[]> {
  const { sessions } = await askAgain(() =>
    link.call('session.list', { state: 'all', endpoint, limit: MAX_SESSIONS }, { signal }),
  );
  const own = new Set(
    sessions.filter((each) => each.technicianKey === technicianKey).map(({ session }) => session),
  );
  if (own.size === 0) return [];
  const kinds = ['command.started'] as const;
  const answer = await askAgain(() =>
    link.call('log.entries', { kinds: [...kinds], endpoint, limit: MAX_COMMANDS }, { signal }),
  );
  const entries = checkListed(answer, { origin, kinds, endpoint, before: null });
  return entries
    .flatMap(({ leaf, opened }) => {
      if (!isOpenedAs(opened, 'command.started') || !own.has(leaf.s ?? '')) return [];
      const { purpose, command } = opened.fields;
      return purpose === 'work' && command !== undefined ? [command] : [];
    })
    .reverse();
}
