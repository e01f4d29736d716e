// What the first entry of a session says of it, and the place of every entry after it: same log, same endpoint, each
// the next in the chain. A site that shows anything else is not believed.

import { ClientError } from '#appliance/protocol/client.ts';
import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { isOpenedAs } from '#crypto/entry.ts';
import { parseStatement } from '#crypto/statement.ts';
import { sayText, sayTextOrNull } from './session-fact.ts';
import { sessionEndMs } from './session-limits.ts';

export interface Opening {
  readonly endpoint: string;
  readonly endpointName: string;
  readonly technician: string;
  /** The key that signed the opening: whose session it is. Null when that is withheld. */
  readonly by: string | null;
  readonly client: string;
  readonly site: string;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly at: string;
  /** Its end whatever happens in it; null when its statement is withheld. */
  readonly endsAtMs: number | null;
}

/** What the opening says. @throws {ClientError} code `message-invalid` when the entry is none */
export function openingOf({ leaf, opened }: CheckedEntry): Opening {
  if (!isOpenedAs(opened, 'session.opened')) {
    throw new ClientError('message-invalid', 'The site showed a session that does not begin');
  }
  const { fields } = opened;
  const statement = fields.statement && parseStatement(fields.statement).statement;
  return {
    endpoint: leaf.e ?? '',
    endpointName: sayText(fields.endpoint_name),
    technician: sayText(fields.technician),
    by: statement?.by ?? null,
    client: sayText(fields.client),
    site: sayText(fields.site),
    reason: sayTextOrNull(fields.reason),
    ticket: sayTextOrNull(fields.ticket),
    at: leaf.t,
    endsAtMs: statement?.type === 'session' ? sessionEndMs(statement) : null,
  };
}

/** Checks that an entry is the next of its session. @throws {ClientError} code `message-invalid` */
export function checkNext(
  { leaf }: CheckedEntry,
  { origin, previous }: { origin: string; previous: CheckedEntry | null },
): void {
  const isHere = leaf.log === origin && (previous === null || leaf.e === previous.leaf.e);
  const isNext =
    previous === null ? leaf.n === 0 : leaf.p === previous.name && leaf.i > previous.leaf.i;
  if (isHere && isNext) return;
  throw new ClientError('message-invalid', `Entry ${leaf.i} does not follow the one before it`);
}
