// Whether a started command was allowed to start: the chain from the technician's key, through the session key
// it delegated to, to the exact command; and the client's word for it, by policy or by signed approval. Pure:
// used by the agent before it runs, by the appliance before it sends, and by the verifier afterwards.
//
// The order of trust is signature, then policy, then parse.

import { digestOf, parseDisclosure } from './disclosure.ts';
import { openEntry, isOpenedAs, type OpenedEntry } from './entry.ts';
import { VerifyError } from './error.ts';
import type { FieldsOf, Kind } from './kind.ts';
import { type Leaf, parseTime } from './leaf.ts';
import type { AskTerms, Decision, Judge } from './policy.ts';
import { approverByKey, memberByKey, type SeenVersion, verifyAuthority } from './roster.ts';
import { verifyPolicy, verifyRoster } from './roster.ts';
import { checkInForce, type Envelope, type Member, type Signed } from './statement.ts';
import { parseStatement, verifyStatement } from './statement.ts';

/** A leaf that was already proved to be in the log, its hash (base64url), and what is disclosed of it. */
export interface ProvedEntry {
  readonly leaf: Leaf;
  readonly hash: string;
  readonly disclosures: readonly string[];
}

/** Everything that is said to authorise one command. Hostile until `checkAuthorised` returns. */
export interface CommandClaim {
  readonly started: ProvedEntry;
  readonly session: Envelope;
  readonly roster: Envelope;
  readonly authority: Envelope;
  readonly policy: Envelope;
  readonly request: ProvedEntry | null;
  readonly grants: readonly ProvedEntry[];
}

/** What the checker knows from elsewhere. */
export interface SiteTrust {
  readonly log: string;
  /** Pinned: the MSP's root set (`root-set.ts`), and the client's authority key. */
  readonly mspRoot: string;
  readonly authorityKey: string;
  readonly seen: SeenVersions;
}

export interface SeenVersions {
  readonly roster: SeenVersion | null;
  readonly authority: SeenVersion | null;
  readonly policy: SeenVersion | null;
}

/** How policy is applied: by its judge at an endpoint with these labels; null: not re-judged here. */
export interface Judgement {
  readonly judge: Judge;
  readonly labels: readonly string[];
}

/** A command of which every signature and rule held. */
export interface AuthorisedCommand {
  readonly technician: Member;
  readonly session: Signed<'session'>;
  readonly command: Signed<'command'>;
  readonly fields: Readonly<Partial<FieldsOf<'command.started'>>>;
  readonly approvedBy: readonly string[];
  /** False when the command is withheld or no judge was given: then the recorded decision was taken. */
  readonly judged: boolean;
  readonly seen: { readonly [N in keyof SeenVersions]: SeenVersion };
}

/**
 * Checks that a command was authorised, at a time in milliseconds since 1970.
 * @throws {VerifyError} naming the link that does not hold
 * @throws {FormatError} for statements and disclosures that are malformed
 */
export async function checkAuthorised(
  claim: CommandClaim,
  trust: SiteTrust & { readonly judgement: Judgement | null },
  atMs: number,
): Promise<AuthorisedCommand> {
  const { log, mspRoot, authorityKey } = trust;
  const base = { log, atMs };
  const [roster, authority, policy] = await Promise.all([
    verifyRoster(claim.roster, { ...base, root: mspRoot, seen: trust.seen.roster }),
    verifyAuthority(claim.authority, { ...base, root: authorityKey, seen: trust.seen.authority }),
    verifyPolicy(claim.policy, { ...base, root: authorityKey, seen: trust.seen.policy }),
  ]);
  const fields = openAs('command.started', claim.started);
  const session = await checkSession(claim, { log, atMs });
  const technician = memberByKey(roster.statement, session.statement.by);
  if (technician.role === 'reviewer') {
    throw new VerifyError('not-authorised', 'Cannot accept session: a reviewer may not act');
  }
  const command = await checkCommand(claim.started, { log, atMs, session, fields });
  const decision = judgeAgain(fields, {
    policy,
    technician,
    leaf: claim.started.leaf,
    judgement: trust.judgement,
  });
  const approvedBy = await checkConsent(claim, { log, atMs, authority, command, decision });
  return {
    technician,
    session,
    command,
    fields,
    approvedBy,
    judged: decision.judged,
    seen: { roster: seenOf(roster), authority: seenOf(authority), policy: seenOf(policy) },
  };
}

function seenOf(signed: { statement: { version: number }; hash: string }): SeenVersion {
  return { version: signed.statement.version, hash: signed.hash };
}

async function checkSession(
  { started, session }: CommandClaim,
  { log, atMs }: { log: string; atMs: number },
): Promise<Signed<'session'>> {
  const signed = await verifyStatement(session, { type: 'session', log });
  checkInForce(signed.statement, atMs);
  checkPlace(signed.statement, started.leaf);
  return signed;
}

/** Checks that the session key signed exactly the six fields that the leaf holds. */
async function checkCommand(
  started: ProvedEntry,
  {
    log,
    atMs,
    session,
    fields,
  }: {
    log: string;
    atMs: number;
    session: Signed<'session'>;
    fields: OpenedEntry<'command.started'>['fields'];
  },
): Promise<Signed<'command'>> {
  if (fields.statement === undefined || fields.purpose === undefined) {
    throw new VerifyError('binding', `Cannot accept entry ${started.leaf.i}: no statement shown`);
  }
  const signed = await verifyStatement(fields.statement, { type: 'command', log });
  const { statement } = signed;
  if (statement.by !== session.statement.delegate) {
    throw new VerifyError('not-authorised', 'Cannot accept command: not by the session key');
  }
  checkInForce(statement, atMs);
  checkPlace(statement, started.leaf);
  if (statement.purpose !== fields.purpose) {
    throw new VerifyError('wrong-command', 'Cannot accept command: signed for another purpose');
  }
  checkSignedFields(statement.digests, started);
  return signed;
}

/**
 * Checks that signed digests are in a leaf, each under its own name where it is shown.
 * @throws {VerifyError} code `wrong-command`
 */
export function checkSignedFields(
  digests: Readonly<Record<string, string>>,
  { leaf, disclosures }: Pick<ProvedEntry, 'leaf' | 'disclosures'>,
): void {
  const shown = new Map(disclosures.map((text) => [parseDisclosure(text).name, digestOf(text)]));
  for (const [name, digest] of Object.entries(digests)) {
    if (!leaf._sd.includes(digest) || (shown.get(name) ?? digest) !== digest) {
      throw new VerifyError(
        'wrong-command',
        `Cannot accept entry ${leaf.i}: "${name}" is not what was signed`,
      );
    }
  }
}

interface Judged {
  readonly effect: Decision['effect'];
  readonly ask: AskTerms | null;
  readonly judged: boolean;
}

function judgeAgain(
  fields: OpenedEntry<'command.started'>['fields'],
  {
    policy,
    technician,
    leaf,
    judgement,
  }: {
    policy: Signed<'policy'>;
    technician: Member;
    leaf: Leaf;
    judgement: Judgement | null;
  },
): Judged {
  const { shell, command, cwd, env } = fields;
  const isShown =
    shell !== undefined && command !== undefined && cwd !== undefined && env !== undefined;
  if (judgement === null || !isShown) return recordedDecision(fields, policy);
  const { effect, ask } = judgement.judge(policy.statement.rules, {
    shell,
    command,
    cwd,
    env,
    labels: judgement.labels,
    role: technician.role,
    atMs: parseTime(leaf.t),
  });
  return { effect, ask, judged: true };
}

/** Without a judge: the decision on record, as far as the signed policy bears it out. */
function recordedDecision(
  { decision }: OpenedEntry<'command.started'>['fields'],
  policy: Signed<'policy'>,
): Judged {
  if (decision === undefined) {
    throw new VerifyError('not-authorised', 'Cannot accept command: no decision is shown');
  }
  const { rules, ask } = policy.statement.rules;
  const rule = rules.find((candidate) => candidate.id === decision.rule);
  const effect = rule?.effect ?? 'ask';
  if (effect !== decision.effect || (rule === undefined && decision.rule !== null)) {
    throw new VerifyError('not-authorised', 'Cannot accept command: its rule says otherwise');
  }
  return { effect, ask: effect === 'ask' ? (rule?.ask ?? ask) : null, judged: false };
}

async function checkConsent(
  claim: CommandClaim,
  context: {
    log: string;
    atMs: number;
    authority: Signed<'authority'>;
    command: Signed<'command'>;
    decision: Judged;
  },
): Promise<readonly string[]> {
  const { effect, ask } = context.decision;
  switch (effect) {
    case 'deny':
      throw new VerifyError('not-authorised', 'Cannot accept command: policy denies it');
    case 'allow':
      return [];
    case 'ask':
      return checkApprovals(claim, { ...context, ask });
    default:
      throw new Error(`unreachable: effect ${String(effect satisfies never)}`);
  }
}

async function checkApprovals(
  { started, request, grants }: CommandClaim,
  context: {
    log: string;
    atMs: number;
    authority: Signed<'authority'>;
    command: Signed<'command'>;
    ask: AskTerms | null;
  },
): Promise<readonly string[]> {
  if (request === null || context.ask === null) {
    throw new VerifyError('not-authorised', 'Cannot accept command: it was not approved');
  }
  checkRequest(request, { started, command: context.command });
  const approvers = new Set<string>();
  for (const grant of grants) {
    approvers.add(await checkGrant(grant, { ...context, started, request }));
  }
  if (approvers.size < context.ask.approvals) {
    throw new VerifyError(
      'not-authorised',
      `Cannot accept command: ${approvers.size} of ${context.ask.approvals} approvals`,
    );
  }
  if (started.leaf.ref?.approval !== grants.at(-1)?.hash) {
    throw new VerifyError('binding', 'Cannot accept command: it cites another approval');
  }
  return [...approvers];
}

function checkRequest(
  request: ProvedEntry,
  { started, command }: { started: ProvedEntry; command: Signed<'command'> },
): void {
  const { statement } = openAs('approval.requested', request);
  const isCited = started.leaf.ref?.request === request.hash;
  if (!isCited || request.leaf.i >= started.leaf.i) {
    throw new VerifyError('binding', 'Cannot accept command: it cites another request');
  }
  checkPlace({ type: 'request', ...placeOf(request.leaf) }, started.leaf);
  if (statement === undefined || parseStatement(statement).hash !== command.hash) {
    throw new VerifyError('wrong-command', 'Cannot accept command: another one was asked for');
  }
  checkSignedFields(command.statement.digests, request);
}

/** Checks one approver's signature over this request; answers the approver's id. */
async function checkGrant(
  grant: ProvedEntry,
  {
    log,
    atMs,
    authority,
    command,
    ask,
    started,
    request,
  }: {
    log: string;
    atMs: number;
    authority: Signed<'authority'>;
    command: Signed<'command'>;
    ask: AskTerms | null;
    started: ProvedEntry;
    request: ProvedEntry;
  },
): Promise<string> {
  const { statement: envelope } = openAs('approval.granted', grant);
  if (envelope === undefined) {
    throw new VerifyError('binding', 'Cannot accept approval: no statement is shown');
  }
  if (grant.leaf.i <= request.leaf.i || grant.leaf.i >= started.leaf.i) {
    throw new VerifyError('binding', 'Cannot accept approval: it does not precede the action');
  }
  const { statement } = await verifyStatement(envelope, { type: 'approval', log });
  checkInForce(statement, atMs);
  checkPlace(statement, started.leaf);
  const isForThis =
    statement.decision === 'approve' &&
    statement.request === request.hash &&
    grant.leaf.ref?.request === request.hash &&
    statement.order === command.hash &&
    statement.command === command.statement.digests.command &&
    statement.state === (request.leaf.ref?.state ?? null);
  if (!isForThis) {
    throw new VerifyError('wrong-command', 'Cannot accept approval: it is for something else');
  }
  const approver = approverByKey(authority.statement, statement.by);
  if (ask?.approvers !== undefined && !mayApprove(ask, approver.id)) {
    throw new VerifyError('not-authorised', 'Cannot accept approval: policy names other approvers');
  }
  return approver.id;
}

/** Whether policy lets this approver decide: named, or named by a later rung of the ladder. */
export function mayApprove(ask: AskTerms, approver: string): boolean {
  if (ask.approvers === undefined) return true;
  const rungs = ask.ladder?.flatMap((rung) => rung.approvers) ?? [];
  return ask.approvers.includes(approver) || rungs.includes(approver);
}

function placeOf(leaf: Leaf): { endpoint: string; session: string } {
  return { endpoint: leaf.e ?? '', session: leaf.s ?? '' };
}

function checkPlace(
  said: { readonly type: string; readonly endpoint: string; readonly session: string },
  leaf: Leaf,
): void {
  if (said.endpoint !== leaf.e) {
    throw new VerifyError('wrong-endpoint', `Cannot accept ${said.type}: for another endpoint`);
  }
  if (said.session !== leaf.s) {
    throw new VerifyError('wrong-session', `Cannot accept ${said.type}: for another session`);
  }
}

function openAs<K extends Kind>(
  kind: K,
  { leaf, disclosures }: ProvedEntry,
): OpenedEntry<K>['fields'] {
  const opened = openEntry(leaf, disclosures);
  if (!isOpenedAs(opened, kind)) {
    throw new VerifyError('wrong-kind', `Cannot accept entry ${leaf.i}: it is no ${kind}`);
  }
  return opened.fields;
}
