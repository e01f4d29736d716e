// attestation: somebody of the MSP checked exactly this file, whose keys and names stand nowhere in the session
// as those of somebody who took part. The entry `snapshot.attested`
// cites the session's closing, whose place in the chain stands for the whole session, and names the snapshot's
// digest (`snapshotDigest`); the statement in it is the reviewer's signature over both.

import { at, atAsync, Fault, type Held } from './evidence-check.ts';
import type { ProvedSession } from './evidence-commands.ts';
import { type EvidenceFile, snapshotDigest } from './evidence-file.ts';
import { type BoundEntry, type BoundValues, fieldsAs } from './evidence-values.ts';
import { parseTime } from './leaf.ts';
import { memberByKey, verifyRoster } from './roster.ts';
import {
  checkInForce,
  type Member,
  parseStatement,
  type Signed,
  verifyStatement,
} from './statement.ts';

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
  const withheld = checkNames(proved.values, { reviewer, attestation: i });
  const hidden = withheld === 0 ? '' : ` (names withheld: ${withheld})`;
  const detail = `Signed by ${reviewer.name}, whose keys signed nothing in the session and whose name nobody bears who wrote, decided, withdrew or closed in it${hidden}`;
  return { detail, value: reviewer };
}

/**
 * Checks that nobody acted under the reviewer's name, now or in an earlier roster of the file. Such names are as
 * the appliance recorded them. Answers how many are withheld.
 */
function checkNames(
  { session, earlier }: BoundValues,
  { reviewer, attestation }: { reviewer: Member; attestation: number },
): number {
  const own = new Set([reviewer.name, ...earlier.flatMap((entry) => namesIn(entry, reviewer))]);
  let withheld = 0;
  for (const entry of session) {
    const name = actorOf(entry);
    if (name === undefined) withheld += 1;
    if (name === null || name === undefined || !own.has(name)) continue;
    throw new Fault(
      attestation,
      `Cannot accept attestation: entry ${entry.leaf.i} names ${name} as taking part in the session`,
    );
  }
  return withheld;
}

/** The names of this person in a roster. */
function namesIn(entry: BoundEntry, { id, key }: Member): readonly string[] {
  const envelope = fieldsAs('roster.changed', entry)?.statement;
  if (envelope === undefined) return [];
  const { statement } = parseStatement(envelope);
  if (statement.type !== 'roster') return [];
  return statement.members
    .filter((member) => member.id === id || member.key === key)
    .map(({ name }) => name);
}

/** Who acted by an entry, by name; null when nobody did, undefined when the name is withheld. */
function actorOf(entry: BoundEntry): string | null | undefined {
  switch (entry.leaf.k) {
    case 'session.opened':
      return fieldsAs('session.opened', entry)?.technician;
    case 'session.closed':
      return fieldsAs('session.closed', entry)?.by;
    case 'chat.said':
      return fieldsAs('chat.said', entry)?.name;
    case 'approval.granted':
      return fieldsAs('approval.granted', entry)?.approver;
    case 'approval.denied':
      return fieldsAs('approval.denied', entry)?.approver;
    case 'approval.withdrawn':
      return fieldsAs('approval.withdrawn', entry)?.by;
    default:
      return null;
  }
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
