// Whether a command may start now: all that its endpoint, and later the verifier, will ask of the entry that says
// it started, asked before there is such an entry. A roster, a list of approvers, a policy or an hour may have
// changed while it waited, and an entry that nothing authorises would stand in the record for ever.

import { mayApprove } from '#crypto/authorisation.ts';
import { openWhole } from '#crypto/entry.ts';
import { VerifyError } from '#crypto/error.ts';
import type { AskTerms, Decision } from '#crypto/policy.ts';
import { approverByKey, memberByKey } from '#crypto/roster.ts';
import { checkInForce, type Member, parseStatement } from '#crypto/statement.ts';
import type { JudgedFields } from '../protocol/command-fields.ts';
import type { Recorded } from './record.ts';
import type { Session } from './session.ts';
import type { OpenedCommand } from './signed-command.ts';
import type { Site } from './site.ts';

/** What the client said to a command: the request, and the approvals of it. */
export interface Consent {
  readonly request: Recorded | null;
  readonly grants: readonly Recorded[];
}

export const NO_CONSENT: Consent = { request: null, grants: [] };

/**
 * Decides on a command as of now, by the statements in force.
 * @throws {VerifyError} `expired`, `not-yet-valid`, or `not-authorised` when it is not allowed and not approved
 */
export function decideStart(
  site: Site,
  { session, command, consent }: { session: Session; command: OpenedCommand; consent: Consent },
): Decision {
  const atMs = site.now();
  checkInForce(command.signed.statement, atMs);
  const decision = judgeInForce(site, { session, command });
  if (decision.effect === 'deny') {
    throw new VerifyError('not-authorised', `Cannot start command: ${decision.why}`);
  }
  if (decision.ask !== null) checkApproved(site, { consent, ask: decision.ask, atMs });
  return decision;
}

/** A command of a session, signed or still being written. */
interface JudgedCommand {
  readonly session: Session;
  readonly command: { readonly fields: JudgedFields };
}

/**
 * What the policy says about a command of a session, once all that its start would lean on is in force.
 * @throws {VerifyError} `expired`, `not-yet-valid`, or `not-authorised` when its technician may not act
 */
export function judgeInForce(site: Site, judged: JudgedCommand): Decision {
  const { session } = judged;
  const atMs = site.now();
  const roster = site.roster.signed.statement;
  const inForce = [roster, site.authority.signed.statement, site.policy.signed.statement];
  for (const statement of inForce) checkInForce(statement, atMs);
  checkInForce(session.signed.statement, atMs);
  if (technicianOf(site, session).role === 'reviewer') {
    throw new VerifyError('not-authorised', 'Cannot start command: a reviewer may not act');
  }
  return judgeCommand(site, judged);
}

/**
 * What the policy in force says about a command of a session, in the role that its technician has now.
 * @throws {VerifyError} code `not-authorised` when they are not on the roster any more
 */
export function judgeCommand(
  site: Site,
  { session, command: { fields } }: JudgedCommand,
): Decision {
  return site.judge(site.policy.signed.statement.rules, {
    shell: fields.shell,
    command: fields.command,
    cwd: fields.cwd,
    env: fields.env,
    labels: session.endpoint.labels,
    role: technicianOf(site, session).role,
    atMs: site.now(),
  });
}

function technicianOf(site: Site, session: Session): Member {
  return memberByKey(site.roster.signed.statement, session.signed.statement.by);
}

/** Checks that the approvals on record are, as of now, as many and by whom policy wants. */
function checkApproved(
  site: Site,
  { consent, ask, atMs }: { consent: Consent; ask: AskTerms; atMs: number },
): void {
  const approvers = new Set<string>();
  for (const grant of consent.grants) {
    const { statement: envelope } = openWhole('approval.granted', grant);
    const { statement } = parseStatement(envelope); // verified before it was recorded
    checkInForce(statement, atMs);
    const approver = approverByKey(site.authority.signed.statement, statement.by);
    if (mayApprove(ask, approver.id)) approvers.add(approver.id);
  }
  if (approvers.size < ask.approvals) {
    throw new VerifyError(
      'not-authorised',
      `Cannot start command: ${approvers.size} of ${ask.approvals} approvals that policy wants now`,
    );
  }
}
