// What is asked of the client, and how the request is summed up for whoever decides it.

import { parseBase64url } from '#crypto/base64.ts';
import type { Disclosure } from '#crypto/disclosure.ts';
import { VerifyError } from '#crypto/error.ts';
import type { COMMAND_FIELDS, FieldsOf } from '#crypto/kind.ts';
import { formatTime, type Refs } from '#crypto/leaf.ts';
import { matchCode } from '#crypto/match-code.ts';
import type { AskTerms, Decision } from '#crypto/policy.ts';
import { checkInForce, type Envelope, type Signed, verifyStatement } from '#crypto/statement.ts';
import type { RequestSummary } from '../protocol/client-message.ts';
import type { Recorded } from '../work/record.ts';
import type { SiteFacts } from '../work/site.ts';
import type { Request } from './request.ts';

/** What is asked, by whom, where. */
export interface Asked {
  readonly session: string;
  readonly endpoint: string;
  readonly endpointName: string;
  readonly technician: string;
  readonly disclosed: Readonly<Record<(typeof COMMAND_FIELDS)[number], Disclosure>>;
  readonly fields: Pick<FieldsOf<'approval.requested'>, (typeof COMMAND_FIELDS)[number]>;
  readonly command: Signed<'command'>;
  readonly statement: Envelope;
  readonly decision: Decision;
  readonly ask: AskTerms;
  readonly why: string | null;
  readonly refs: Refs;
  readonly stateText: string | null;
  /** Printed beyond the text, and not kept. */
  readonly stateDroppedBytes: number;
}

/** A request with its entry, summed up. */
export function summariseAsked(
  { asked, request, requested }: { asked: Asked; request: Request; requested: Recorded },
  facts: SiteFacts,
): RequestSummary {
  return {
    index: requested.index,
    request: request.hash,
    match: matchCode(parseBase64url(request.hash)),
    state: request.state,
    session: asked.session,
    endpoint: asked.endpoint,
    endpointName: asked.endpointName,
    technician: asked.technician,
    client: facts.client,
    site: facts.site,
    shell: asked.fields.shell,
    command: asked.fields.command,
    cwd: asked.fields.cwd,
    env: asked.fields.env,
    why: asked.why,
    policy: asked.decision.why,
    requestedAt: requested.leaf.t,
    expires: formatTime(request.expiresAtMs),
    decidedAt: request.endedAtMs === null ? null : formatTime(request.endedAtMs),
    decidedBy: [
      ...request.decided.map(({ name }) => name),
      ...(request.withdrawn === null ? [] : [request.withdrawn.by]),
    ],
    comment: request.withdrawn?.reason ?? request.decided.at(-1)?.comment ?? null,
    reminded: request.reminded && {
      by: request.reminded.by,
      at: formatTime(request.reminded.atMs),
    },
    approvals: request.ask.approvals,
    granted: request.decided.length,
    order: asked.command.hash,
    commandDigest: asked.disclosed.command.digest,
    stateHash: requested.leaf.ref?.state ?? null,
    stateText: asked.stateText,
    stateDroppedBytes: asked.stateDroppedBytes,
  };
}

/**
 * Verifies an approver's signed decision: that it is over exactly what is asked. Whose key it is, is not asked here.
 * @throws {VerifyError} `wrong-command` when it is for something else; as `verifyStatement` and `checkInForce`
 */
export async function verifyApproval(
  envelope: Envelope,
  {
    asked,
    request,
    requested,
    log,
    atMs,
  }: { asked: Asked; request: Request; requested: Recorded; log: string; atMs: number },
): Promise<Signed<'approval'>> {
  const signed = await verifyStatement(envelope, { type: 'approval', log });
  const { statement } = signed;
  checkInForce(statement, atMs);
  const isForThis =
    statement.request === request.hash &&
    statement.order === asked.command.hash &&
    statement.command === asked.disclosed.command.digest &&
    statement.endpoint === asked.endpoint &&
    statement.session === asked.session &&
    statement.state === (requested.leaf.ref?.state ?? null);
  if (isForThis) return signed;
  throw new VerifyError('wrong-command', 'Cannot accept approval: it is for something else');
}

/** About how much memory a request takes: its texts. */
export function sizeOfAsked(asked: Asked): number {
  const disclosed = Object.values(asked.disclosed).reduce((sum, { text }) => sum + text.length, 0);
  return 2 * disclosed + asked.statement.statement.length + (asked.stateText?.length ?? 0);
}
