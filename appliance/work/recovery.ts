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
  'approval.granted',
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
  for (const request of requests) {
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
  readonly requests: ReadonlySet<string>;
}

async function readUnended(ledger: Ledger, session: string): Promise<Unended> {
  let endpoint = '';
  const commands = new Map<string, { stdout: number; stderr: number }>();
  const requests = new Set<string>();
  for await (const entry of ledger.sessionEntries(session)) {
    const { leaf, hash } = entry;
    endpoint = leaf.e ?? endpoint;
    if (leaf.k === 'command.started') commands.set(encodeBase64url(hash), { stdout: 0, stderr: 0 });
    if (leaf.k === 'approval.requested') requests.add(encodeBase64url(hash));
    if (leaf.k === 'command.output') countOutput(entry, commands);
    if (ENDS_COMMAND.has(leaf.k)) commands.delete(leaf.ref?.command ?? '');
    if (ENDS_REQUEST.has(leaf.k)) requests.delete(leaf.ref?.request ?? '');
  }
  return { endpoint, commands, requests };
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
