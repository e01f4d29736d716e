// After a crash: what the log says was going on is ended on record, before anything new begins. A command that
// had started is interrupted (its endpoint is told to stop it when it links again), a request that waited is
// withdrawn, and the session is abandoned.

import { openEntry } from '#crypto/entry.ts';
import type { FieldsOf, Kind } from '#crypto/kind.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import type { Ledger, StoredEntry } from '../ledger/ledger.ts';
import { record } from './record.ts';

const WHY = 'The appliance restarted while the session was open.';

const ENDS_COMMAND: ReadonlySet<Kind> = new Set(['command.exited', 'command.refused']);
const ENDS_REQUEST: ReadonlySet<Kind> = new Set([
  'approval.denied',
  'approval.expired',
  'approval.withdrawn',
]);

/** Ends every session that the log holds open. Answers their ids. */
export async function recoverSessions(ledger: Ledger): Promise<readonly string[]> {
  const sessions = ledger.openSessions();
  for (const session of sessions) await abandon(ledger, session);
  return sessions;
}

async function abandon(ledger: Ledger, session: string): Promise<void> {
  const { endpoint, commands, requests } = await readUnended(ledger, session);
  const place = { session, endpoint, isEssential: true };
  for (const [command, sizes] of commands) {
    await record(ledger, {
      kind: 'command.exited',
      ...place,
      ref: { command },
      fields: {
        outcome: 'interrupted',
        exit_code: null,
        signal: null,
        duration_ms: null,
        stdout_bytes: sizes.stdout,
        stderr_bytes: sizes.stderr,
        dropped_bytes: 0,
        problem: WHY,
      },
    });
  }
  for (const request of requests.keys()) {
    await record(ledger, {
      kind: 'approval.withdrawn',
      ...place,
      ref: { request },
      fields: { by: 'appliance', reason: WHY },
    });
  }
  await record(ledger, { kind: 'session.abandoned', ...place, fields: { reason: WHY } });
}

interface Unended {
  readonly endpoint: string;
  /** Commands without an end, by leaf hash, with the output on record in bytes. */
  readonly commands: ReadonlyMap<string, { stdout: number; stderr: number }>;
  /** Requests without an end, by leaf hash, with the approvals that they still want. */
  readonly requests: ReadonlyMap<string, number>;
}

async function readUnended(ledger: Ledger, session: string): Promise<Unended> {
  let endpoint = '';
  const commands = new Map<string, { stdout: number; stderr: number }>();
  const requests = new Map<string, number>();
  for await (const entry of ledger.sessionEntries(session)) {
    const { leaf, hash } = entry;
    endpoint = leaf.e ?? endpoint;
    if (leaf.k === 'command.started') commands.set(encodeBase64url(hash), { stdout: 0, stderr: 0 });
    if (leaf.k === 'approval.requested') {
      requests.set(encodeBase64url(hash), approvalsOf(entry));
    }
    if (leaf.k === 'approval.granted') countGrant(leaf.ref?.request ?? '', requests);
    if (leaf.k === 'command.output') countOutput(entry, commands);
    if (ENDS_COMMAND.has(leaf.k)) commands.delete(leaf.ref?.command ?? '');
    if (ENDS_REQUEST.has(leaf.k)) requests.delete(leaf.ref?.request ?? '');
  }
  return { endpoint, commands, requests };
}

/** How many approvals a request wants; more than there can be when its content was erased: it is then withdrawn. */
function approvalsOf({ leaf, content }: StoredEntry): number {
  if (content === null) return Infinity;
  const { fields } = openEntry(leaf, content.disclosures);
  return (fields as Partial<FieldsOf<'approval.requested'>>).approvals ?? Infinity; // the caller checked the kind
}

function countGrant(request: string, requests: Map<string, number>): void {
  const wanted = requests.get(request);
  if (wanted === undefined) return;
  if (wanted > 1) requests.set(request, wanted - 1);
  else requests.delete(request);
}

function countOutput(
  { leaf, content }: StoredEntry,
  commands: ReadonlyMap<string, { stdout: number; stderr: number }>,
): void {
  const sizes = commands.get(leaf.ref?.command ?? '');
  if (sizes === undefined || content === null) return;
  const { fields } = openEntry(leaf, content.disclosures);
  const { stream, text } = fields as Partial<FieldsOf<'command.output'>>; // the caller checked the kind
  if (stream !== undefined && text !== undefined) sizes[stream] += text.bytes;
}
