// Whether a command may start now: all that its endpoint, and later the verifier, will ask of the entry that says
// it started, asked before there is such an entry. A roster, a list of approvers, a policy or an hour may have
// changed while it waited, and an entry that nothing authorises would stand in the record for ever.

import { mayApprove } from '#crypto/authorisation.ts';
import { openWhole } from '#crypto/entry.ts';
import { VerifyError } from '#crypto/error.ts';
import type { AskTerms, Decision } from '#crypto/policy.ts';
import { approverByKey, memberByKey } from '#crypto/roster.ts';
import { checkInForce, parseStatement } from '#crypto/statement.ts';
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
  const roster = site.roster.signed.statement;
  const inForce = [roster, site.authority.signed.statement, site.policy.signed.statement];
  for (const statement of inForce) checkInForce(statement, atMs);
  checkInForce(session.signed.statement, atMs);
  checkInForce(command.signed.statement, atMs);
  const technician = memberByKey(roster, session.signed.statement.by);
  if (technician.role === 'reviewer') {
    throw new VerifyError('not-authorised', 'Cannot start command: a reviewer may not act');
  }
  const decision = judgeCommand(site, { session, command, role: technician.role });
  if (decision.effect === 'deny') {
    throw new VerifyError('not-authorised', `Cannot start command: ${decision.why}`);
  }
  if (decision.ask !== null) checkApproved(site, { consent, ask: decision.ask, atMs });
  return decision;
}

/** What the policy in force says about a command of a session. */
export function judgeCommand(
  site: Site,
  {
    session,
    command: { fields },
    role = session.technician.role,
  }: { session: Session; command: OpenedCommand; role?: Session['technician']['role'] },
): Decision {
  return site.judge(site.policy.signed.statement.rules, {
    shell: fields.shell,
    command: fields.command,
    cwd: fields.cwd,
    env: fields.env,
    labels: session.endpoint.labels,
    role,
    atMs: site.now(),
  });
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
