// Entries of the log by their kinds, newest first: alerts, who may ask and allow, what became of endpoints. Each is
// checked against its leaf; that none is left out is the appliance's word.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { LISTED_KINDS } from '#appliance/protocol/log-entries.ts';
import { isOpenedAs } from '#crypto/entry.ts';
import { checkListed } from '#ui/lib/listed-entries.ts';
import type { Connection } from './connect.ts';
import { describeEntry, entryJson } from './entry-lines.ts';
import { CliError } from './error.ts';
import { connected, type Invocation } from './invocation.ts';

type ListedKind = (typeof LISTED_KINDS)[number];

const PAGE = 100;
/** As many as the appliance takes in one question. */
const MAX_KINDS = 16;

/** Shows the newest entries of these kinds; the alerts when none is named. */
export async function listLog(
  invocation: Invocation,
  { kinds, limit }: { kinds: readonly string[]; limit: number },
): Promise<void> {
  const wanted = kinds.length === 0 ? ALERTS : kinds.map(listedKind);
  if (wanted.length > MAX_KINDS) {
    throw new CliError('usage', `Cannot list: more than ${MAX_KINDS} kinds at once`);
  }
  const { output } = invocation;
  await using connection = await connected(invocation);
  const entries = await readNewest(connection, { kinds: wanted, limit });
  await output.result(entries.map(entryJson), () =>
    entries.map((entry) => `${describeEntry(entry, output.paint).join('\n')}\n`).join(''),
  );
  if (entries.length === 0) await output.note(`The log holds none: ${wanted.join(', ')}`, 'dim');
}

const ALERTS: readonly ListedKind[] = ['alert.raised', 'alert.cleared'];

function listedKind(name: string): ListedKind {
  const kind = LISTED_KINDS.find((each) => each === name);
  if (kind !== undefined) return kind;
  throw new CliError('usage', `Cannot list: "${name}" is no kind that is listed`, {
    hint: `These are: ${LISTED_KINDS.join(', ')}. What belongs to a session is shown by "caisey session show".`,
  });
}

/** The newest entries of these kinds, newest first. @throws {VerifyError} when one is not what its leaf holds */
export async function readNewest(
  { client, origin }: Pick<Connection, 'client' | 'origin'>,
  { kinds, limit }: { kinds: readonly ListedKind[]; limit: number },
): Promise<readonly CheckedEntry[]> {
  const found: CheckedEntry[] = [];
  let before: number | null = null;
  do {
    const range: { before?: number } = before === null ? {} : { before };
    const asked = { kinds: [...kinds], limit: Math.min(PAGE, limit - found.length), ...range };
    const page = await client.call('log.entries', asked);
    found.push(...checkListed(page, { origin, kinds, endpoint: null, before }));
    before = page.next;
  } while (before !== null && found.length < limit);
  return found;
}

/** An alert of the site as its status shows it. */
export interface ShownAlert {
  readonly index: number;
  readonly at: string;
  readonly code: string | null;
  readonly severity: string | null;
  readonly subject: string | null;
  readonly detail: string | null;
}

/** The newest alerts on record; what was erased is null. */
export async function readAlerts(
  connection: Pick<Connection, 'client' | 'origin'>,
  { limit }: { limit: number },
): Promise<readonly ShownAlert[]> {
  const entries = await readNewest(connection, { kinds: ['alert.raised'], limit });
  return entries.map(({ leaf, opened }) => {
    const fields = isOpenedAs(opened, 'alert.raised') ? opened.fields : {};
    const { code = null, severity = null, subject = null, detail = null } = fields;
    return { index: leaf.i, at: leaf.t, code, severity, subject, detail };
  });
}
