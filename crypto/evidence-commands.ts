// commands-authorised: what the session leans on, its opening, and each command that started in it. The roots
// come from trust; rosters, authorities and policies come from the file, under those roots. Times are those of
// the leaves.

import { type AuthorisedCommand, checkAuthorised, checkSignedFields } from './authorisation.ts';
import type { Judgement, SeenVersions } from './authorisation.ts';
import { VerifyError } from './error.ts';
import { atAsync, Fault, type Held } from './evidence-check.ts';
import type { ReadLeaf } from './evidence-range.ts';
import { type BoundEntry, type BoundValues, fieldsAs } from './evidence-values.ts';
import type { Kind } from './kind.ts';
import { parseTime } from './leaf.ts';
import type { Judge } from './policy.ts';
import { memberByKey, verifyRoster } from './roster.ts';
import { checkInForce, type Envelope, type Member, type Signed } from './statement.ts';
import { verifyStatement } from './statement.ts';
import type { TrustedSite } from './trust-file.ts';

/** What the checks of people's signatures work on: everything in it is proved to be in the log, and bound. */
export interface ProvedSession {
  readonly site: TrustedSite;
  readonly range: readonly ReadLeaf[];
  readonly values: BoundValues;
  readonly judge: Judge | null;
}

/** A session whose opening and commands were authorised. */
export interface AuthorisedSession {
  readonly technician: Member;
  readonly session: Signed<'session'>;
  readonly commands: number;
  /** Indexes of commands of which the recorded decision was taken as it is. */
  readonly notJudged: readonly number[];
}

/** The three statements in force that entries cite, by the name of the citation. */
const ROOTED = {
  roster: 'roster.changed',
  authority: 'authority.changed',
  policy: 'policy.changed',
} as const satisfies Record<string, Kind>;
type Rooted = keyof typeof ROOTED;
const ROOTED_NAMES = Object.keys(ROOTED) as readonly Rooted[]; // the keys of a closed table

/** Checks every command of the session. @throws {Fault} at the first that was not authorised */
export async function checkCommands(proved: ProvedSession): Promise<Held<AuthorisedSession>> {
  checkEarlier(proved);
  const opening = proved.values.session[0];
  if (opening === undefined) throw new Fault(null, 'The session has no opening');
  const {
    technician,
    session,
    seen: first,
  } = await atAsync(opening.leaf.i, () => checkOpening(opening, proved));
  const statement = fieldsAs('session.opened', opening)?.statement;
  const judgement = judgementOf(proved, opening);
  const used = new Set<string>();
  const notJudged: number[] = [];
  let seen = first;
  let commands = 0;
  for (const entry of proved.values.session) {
    if (entry.leaf.k !== 'command.started') continue;
    const authorised = await atAsync(entry.leaf.i, () => {
      checkNewest(entry, proved.range);
      return checkStarted(entry, { proved, opening: statement, seen, judgement });
    });
    if (used.has(authorised.command.hash)) {
      throw new Fault(entry.leaf.i, `Entry ${entry.leaf.i} runs a signed command a second time`);
    }
    used.add(authorised.command.hash);
    seen = authorised.seen;
    if (!authorised.judged) notJudged.push(entry.leaf.i);
    commands += 1;
  }
  const detail = `Session of ${technician.name}; ${checkedWords(commands, notJudged.length)}`;
  return { detail, value: { technician, session, commands, notJudged } };
}

/** What was done about the commands, and no more. */
function checkedWords(commands: number, recorded: number): string {
  if (commands === 0) return 'no command was run';
  const judged = commands - recorded;
  return [
    `commands signed and allowed: ${commands}`,
    ...(judged === 0 ? [] : [`judged again by the policy: ${judged}`]),
    ...(recorded === 0 ? [] : [`taken by the decision on record: ${recorded}`]),
  ].join('; ');
}

/** The envelope in the entry that is cited under this name. @throws {Fault} when the file does not hold it */
export function citedStatement(entry: BoundEntry, name: Rooted, values: BoundValues): Envelope {
  const cited = entry.leaf.ref?.[name];
  const found = values.earlier.find((earlier) => earlier.name === cited);
  const statement = found === undefined ? undefined : fieldsAs(ROOTED[name], found)?.statement;
  if (statement === undefined) {
    throw new Fault(
      entry.leaf.i,
      `The file does not hold the ${name} that entry ${entry.leaf.i} cites`,
    );
  }
  return statement;
}

/** Checks that the file holds no earlier entry that nothing leans on, none twice, in their order. */
function checkEarlier({ site, values }: ProvedSession): void {
  const cited = new Set(values.session.flatMap(({ leaf }) => Object.values(leaf.ref ?? {})));
  const once = new Set<Kind>();
  let before = -1;
  for (const entry of values.earlier) {
    const { i, k } = entry.leaf;
    if (i <= before) throw new Fault(i, `Entry ${i} is listed out of order`);
    if (!isLeanedOn(entry, { values, cited }) || once.has(k)) {
      throw new Fault(i, `Nothing in the session leans on entry ${i}`);
    }
    if (k === 'site.claimed') checkClaim(entry, site);
    if (k === 'site.claimed') once.add(k);
    before = i;
  }
}

function isLeanedOn(
  entry: BoundEntry,
  { values, cited }: { values: BoundValues; cited: ReadonlySet<string> },
): boolean {
  const { k, i } = entry.leaf;
  const opening = values.session[0]?.leaf;
  switch (k) {
    case 'roster.changed':
      return cited.has(entry.name) || isReviewersRoster(entry, values);
    case 'authority.changed':
    case 'policy.changed':
      return cited.has(entry.name);
    case 'site.claimed':
      return opening !== undefined && i < opening.i;
    case 'endpoint.enrolled':
      return entry.name === opening?.ref?.enrolment;
    default:
      return false;
  }
}

/** An attested file may hold one roster more: the newest, in which its reviewer stands. */
function isReviewersRoster(entry: BoundEntry, { earlier, attestation }: BoundValues): boolean {
  const newest = earlier.findLast(({ leaf }) => leaf.k === 'roster.changed');
  return attestation !== null && entry === newest;
}

function checkClaim(entry: BoundEntry, { mspRoot, authorityKey }: TrustedSite): void {
  const claim = fieldsAs('site.claimed', entry);
  if (claim?.msp_root !== mspRoot || claim.authority_key !== authorityKey) {
    const { i } = entry.leaf;
    throw new Fault(i, `Entry ${i} claims the site for other keys than trust names`);
  }
}

/** Checks who opened the session: a technician of the roster then in force, for this endpoint and session. */
async function checkOpening(
  opening: BoundEntry,
  { site, values }: ProvedSession,
): Promise<{ technician: Member; session: Signed<'session'>; seen: SeenVersions }> {
  const fields = fieldsAs('session.opened', opening);
  if (fields?.statement === undefined) throw new Fault(null, 'The opening shows no statement');
  const { log, mspRoot } = site;
  const atMs = parseTime(opening.leaf.t);
  const envelope = citedStatement(opening, 'roster', values);
  const roster = await verifyRoster(envelope, { log, root: mspRoot, seen: null, atMs });
  const session = await verifyStatement(fields.statement, { type: 'session', log });
  const { endpoint, session: id, by, digests } = session.statement;
  checkInForce(session.statement, atMs);
  if (endpoint !== opening.leaf.e || id !== opening.leaf.s) {
    throw new VerifyError('wrong-session', 'Cannot accept session: it is signed for another place');
  }
  checkSignedFields(digests, opening);
  const technician = memberByKey(roster.statement, by);
  if (technician.role === 'reviewer') {
    throw new VerifyError('not-authorised', 'Cannot accept session: a reviewer may not act');
  }
  checkName(opening, { id: fields.technician_id, name: fields.technician, is: technician });
  const version = { version: roster.statement.version, hash: roster.hash };
  return { technician, session, seen: { roster: version, authority: null, policy: null } };
}

/**
 * Checks that shown names are those under which the signed list knows the key.
 * @throws {Fault} at the entry that names another
 */
export function checkName(
  { leaf }: BoundEntry,
  {
    id,
    name,
    is,
  }: {
    id: string | undefined;
    name: string | undefined;
    is: { readonly id: string; readonly name: string };
  },
): void {
  if ((id ?? is.id) !== is.id || (name ?? is.name) !== is.name) {
    throw new Fault(leaf.i, `Entry ${leaf.i} names another person than the one who signed`);
  }
}

/** The labels by which commands are judged: those of the enrolment that the opening cites, and of no other. */
function judgementOf({ judge, values }: ProvedSession, { leaf }: BoundEntry): Judgement | null {
  if (judge === null) return null;
  const enrolled = values.earlier.find(({ name }) => name === leaf.ref?.enrolment);
  const labels = enrolled && fieldsAs('endpoint.enrolled', enrolled)?.labels;
  if (labels === undefined || enrolled?.leaf.e !== leaf.e) {
    throw new Fault(
      leaf.i,
      `The file does not hold the enrolment of the endpoint that entry ${leaf.i} cites`,
    );
  }
  return { judge, labels };
}

async function checkStarted(
  started: BoundEntry,
  {
    proved: { site, values },
    opening,
    seen,
    judgement,
  }: {
    proved: ProvedSession;
    opening: Envelope | undefined;
    seen: SeenVersions;
    judgement: Judgement | null;
  },
): Promise<AuthorisedCommand> {
  if (opening === undefined) throw new Fault(null, 'The opening shows no statement');
  const cited = started.leaf.ref?.request;
  const request = values.session.find(({ name }) => name === cited) ?? null;
  const grants = values.session.filter(
    ({ leaf }) =>
      leaf.k === 'approval.granted' &&
      leaf.ref?.request === cited &&
      cited !== undefined &&
      leaf.i < started.leaf.i,
  );
  const claim = {
    started: provedEntry(started),
    session: opening,
    roster: citedStatement(started, 'roster', values),
    authority: citedStatement(started, 'authority', values),
    policy: citedStatement(started, 'policy', values),
    request: request === null ? null : provedEntry(request),
    grants: grants.map(provedEntry),
  };
  const trust = { ...site, seen, judgement };
  return checkAuthorised(claim, trust, parseTime(started.leaf.t));
}

function provedEntry({ leaf, name, disclosures }: BoundEntry) {
  return { leaf, hash: name, disclosures };
}

/** What changed within the range is seen there: a command after the change must cite the change. */
function checkNewest(entry: BoundEntry, range: readonly ReadLeaf[]): void {
  const { i, ref } = entry.leaf;
  for (const name of ROOTED_NAMES) {
    const newest = range.findLast(({ leaf }) => leaf.k === ROOTED[name] && leaf.i < i);
    if (newest !== undefined && newest.name !== ref?.[name]) {
      throw new Fault(
        i,
        `Entry ${i} cites another ${name} than the one in force since entry ${newest.leaf.i}`,
      );
    }
  }
}
