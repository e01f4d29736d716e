// attestation: somebody of the MSP who took no part checked exactly this file. The entry `snapshot.attested`
// cites the session's closing, whose place in the chain stands for the whole session, and names the snapshot's
// digest (`snapshotDigest`); the statement in it is the reviewer's signature over both.

import { at, atAsync, Fault, type Held } from './evidence-check.ts';
import type { ProvedSession } from './evidence-commands.ts';
import { type EvidenceFile, snapshotDigest } from './evidence-file.ts';
import { type BoundEntry, fieldsAs } from './evidence-values.ts';
import { parseTime } from './leaf.ts';
import { memberByKey, verifyRoster } from './roster.ts';
import { checkInForce, type Member, type Signed, verifyStatement } from './statement.ts';

/** Who took part in a session: the reviewer must be none of them. */
export interface Participants {
  readonly technician: Member;
  readonly session: Signed<'session'>;
  /** Keys that decided about requests. */
  readonly deciders: readonly string[];
}

/** Checks the attestation, where the file has one; answers the reviewer. @throws {Fault} */
export async function checkAttestation(
  file: EvidenceFile,
  { proved, participants }: { proved: ProvedSession; participants: Participants },
): Promise<Held<Member | null>> {
  const entry = proved.values.attestation;
  if (entry === null) {
    return { outcome: 'not-applicable', detail: 'Nobody attested this file', value: null };
  }
  const { i } = entry.leaf;
  at(i, () => {
    checkPlace(entry, proved);
  });
  const reviewer = await atAsync(i, () => checkReviewer(entry, { file, proved }));
  const { technician, session, deciders } = participants;
  const tookPart = [technician.key, session.statement.delegate, ...deciders];
  if (reviewer.id === technician.id || tookPart.includes(reviewer.key)) {
    throw new Fault(i, `Cannot accept attestation: ${reviewer.name} took part in the session`);
  }
  return { detail: `Checked by ${reviewer.name}, who took no part`, value: reviewer };
}

function checkPlace({ leaf }: BoundEntry, { values }: ProvedSession): void {
  const closing = values.session.at(-1);
  if (leaf.k !== 'snapshot.attested') throw new Fault(leaf.i, `Entry ${leaf.i} is no attestation`);
  if (closing === undefined || leaf.ref?.session !== closing.name || leaf.i <= closing.leaf.i) {
    throw new Fault(leaf.i, `Entry ${leaf.i} attests another session`);
  }
}

async function checkReviewer(
  entry: BoundEntry,
  { file, proved: { site, values } }: { file: EvidenceFile; proved: ProvedSession },
): Promise<Member> {
  const fields = fieldsAs('snapshot.attested', entry);
  const newest = values.earlier.findLast(({ leaf }) => leaf.k === 'roster.changed');
  const roster = newest && fieldsAs('roster.changed', newest)?.statement;
  if (fields?.statement === undefined || roster === undefined) {
    throw new Fault(null, 'Cannot accept attestation: its statement or the roster is not shown');
  }
  const { log, mspRoot } = site;
  const atMs = parseTime(entry.leaf.t);
  const { statement } = await verifyStatement(fields.statement, { type: 'attestation', log });
  checkInForce(statement, atMs);
  const digest = snapshotDigest(file);
  const isOfThis = statement.snapshot === digest && fields.snapshot === digest;
  if (!isOfThis || statement.session !== file.session) {
    throw new Fault(null, 'Cannot accept attestation: it is of another snapshot');
  }
  const signed = await verifyRoster(roster, { log, root: mspRoot, seen: null, atMs });
  const reviewer = memberByKey(signed.statement, statement.by);
  return reviewer;
}
