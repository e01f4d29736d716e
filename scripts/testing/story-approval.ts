// The client's consent in the story: a command is asked for, and an approver's signature decides.

import { sealEntry } from '#crypto/entry.ts';
import { formatTime, type Refs } from '#crypto/leaf.ts';
import { signStatement, type StatementOf, statementSigner } from '#crypto/statement.ts';
import type { Signer } from '#crypto/webcrypto.ts';

import type { MemoryEntry } from './memory-log.ts';
import { decisionOn, type SignedCommand } from './story-command.ts';
import type { Person } from './story-people.ts';
import { record, type Session } from './story-session.ts';
import { refsInForce } from './story-site.ts';
import { basics } from './story-statements.ts';

/** Asks the client for a command. Answers `approval.requested`. */
export function askFor(
  session: Session,
  command: SignedCommand,
  { state, ref = {} }: { state?: MemoryEntry; ref?: Refs } = {},
): MemoryEntry {
  const { site } = session;
  return site.log.append({
    sealed: sealEntry(
      'approval.requested',
      {
        decision: decisionOn(command),
        why: 'Opens the port of the card terminal.',
        approvals: 1,
        approvers: null,
        expires: formatTime(site.nowMs + 1_800_000),
        statement: command.statement,
      },
      { disclosed: command.disclosed },
    ),
    endpoint: site.endpoint,
    session: session.id,
    ref: { ...refsInForce(site), ...(state !== undefined && { state: state.name }), ...ref },
  });
}

/** Puts an approver's signed decision on record. Answers `approval.granted` or `approval.denied`. */
export async function decide(
  session: Session,
  request: MemoryEntry,
  {
    command,
    by = session.site.people.carol,
    decision = 'approve',
    signer = by.signer,
    over = {},
    kind = decision === 'approve' ? 'approval.granted' : 'approval.denied',
  }: {
    command: SignedCommand;
    by?: Person;
    decision?: 'approve' | 'deny';
    signer?: Signer;
    over?: Partial<StatementOf<'approval'>>;
    kind?: 'approval.granted' | 'approval.denied';
  },
): Promise<MemoryEntry> {
  const { site, id } = session;
  const statement = await signStatement(
    {
      ...basics(by, { fromMs: site.nowMs }),
      type: 'approval',
      log: site.log.origin,
      decision,
      endpoint: site.endpoint,
      session: id,
      request: request.name,
      order: command.order,
      command: command.disclosed.command.digest,
      state: request.leaf.ref?.state ?? null,
      ...over,
    },
    statementSigner(signer),
  );
  return record(session, kind, {
    fields: {
      approver: by.name,
      approver_id: by.id,
      method: 'key-file',
      comment: 'Go ahead.',
      statement,
    },
    ref: { request: request.name },
  });
}
