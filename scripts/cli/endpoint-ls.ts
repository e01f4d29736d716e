// `caisey endpoint ls`: how each machine came to the site, out of its entries of the log.

import { listEndpoints } from '#appliance/protocol/lists.ts';
import { checkShownEntry } from '#appliance/protocol/shown-entry.ts';
import { isOpenedAs } from '#crypto/entry.ts';
import { VerifyError } from '#crypto/error.ts';
import { keyFingerprint } from '#crypto/person-key.ts';
import type { Connection } from './connect.ts';
import { connected, type Invocation } from './invocation.ts';
import { sayNobodyEnrolled, sayNeverSeen } from './ls.ts';
import { formatMoment } from './quantity.ts';
import type { Cell } from './table.ts';

interface Enrolment {
  readonly enrolledAt: string | null;
  /** Who made the token. */
  readonly enrolledBy: string | null;
  readonly verifiedBy: string | null;
}

const UNKNOWN: Enrolment = { enrolledAt: null, enrolledBy: null, verifiedBy: null };

/** Lists the endpoints with id, key and enrolment. */
export async function listEnrolments(invocation: Invocation): Promise<void> {
  const { output } = invocation;
  await using connection = await connected(invocation);
  const enrolments = await readEnrolments(connection);
  const summaries = await listEndpoints(connection.client);
  const endpoints = summaries
    .map(({ endpoint, name, labels, key, isVerified, state }) => ({
      ...{ endpoint, name, labels, key, isVerified, state },
      fingerprint: keyFingerprint(key),
      ...(enrolments.get(endpoint) ?? UNKNOWN),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  await output.result({ endpoints }, () => {
    if (endpoints.length === 0) return sayNobodyEnrolled(output);
    return output.table(
      ['NAME', 'VERIFIED', 'KEY FINGERPRINT', 'ENROLLED', 'TOKEN BY', 'ID', 'LABELS'],
      endpoints.map(rowOf),
    );
  });
  await sayNeverSeen(output, endpoints);
}

function rowOf({
  name,
  isVerified,
  fingerprint,
  endpoint,
  labels,
  enrolledAt,
  enrolledBy,
  verifiedBy,
}: Enrolment & {
  readonly name: string;
  readonly isVerified: boolean;
  readonly fingerprint: string;
  readonly endpoint: string;
  readonly labels: readonly string[];
}): readonly Cell[] {
  return [
    name,
    isVerified
      ? verifiedBy === null
        ? 'yes'
        : `by ${verifiedBy}`
      : { text: 'no, pending', style: 'yellow' },
    fingerprint,
    enrolledAt === null ? '-' : formatMoment(enrolledAt),
    enrolledBy ?? '-',
    endpoint,
    labels.join(' '),
  ];
}

/** What the log says of each endpoint's coming, by id. @throws {VerifyError} when an entry is not what it shows */
async function readEnrolments({
  client,
  origin,
}: Connection): Promise<ReadonlyMap<string, Enrolment>> {
  const found = new Map<string, Enrolment>();
  const kinds: ('endpoint.enrolled' | 'endpoint.verified')[] = [
    'endpoint.enrolled',
    'endpoint.verified',
  ];
  let before: number | null = null;
  do {
    const page: { entries: Parameters<typeof checkShownEntry>[0][]; next: number | null } =
      await client.call('log.entries', {
        ...{ kinds, limit: 100 },
        ...(before === null ? {} : { before }),
      });
    for (const shown of page.entries) {
      const { leaf, opened } = checkShownEntry(shown);
      if (leaf.log !== origin) {
        throw new VerifyError('wrong-log', `Cannot list: entry ${leaf.i} is of another log`);
      }
      const { e: id = '', t: at } = leaf;
      const known = found.get(id) ?? UNKNOWN;
      if (isOpenedAs(opened, 'endpoint.enrolled')) {
        found.set(id, { ...known, enrolledAt: at, enrolledBy: opened.fields.by ?? null });
      } else if (isOpenedAs(opened, 'endpoint.verified')) {
        found.set(id, { ...known, verifiedBy: known.verifiedBy ?? opened.fields.by ?? null });
      }
    }
    before = page.next;
  } while (before !== null);
  return found;
}
