// An owner's side of a claim.

import { openConversation } from '#agent/protocol/conversation.ts';
import { ProtocolError } from '#agent/protocol/error.ts';
import type { SitePins } from '#agent/protocol/enrol-message.ts';
import type { PeerNode } from '#agent/protocol/transport-node.ts';
import { isCodeOfPeer, parseClaimCode } from './claim-code.ts';
import {
  CLAIM_PROTOCOL,
  type ClaimAnswer,
  claimAnswerSchema,
  type ClaimOffer,
  type ClaimRequest,
} from './claim-message.ts';
import type { ApplianceAddress } from './client-node.ts';

/** The appliance, or its client's contact, said no. */
export class ClaimError extends Error {
  override readonly name = 'ClaimError';
  readonly code: Extract<ClaimAnswer, { kind: 'refused' }>['code'] | 'declined' | 'wrong-appliance';
  readonly retryAfterMs: number | null;

  constructor(code: ClaimError['code'], message: string, retryAfterMs: number | null = null) {
    super(message);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Claims an appliance and waits until its client's contact has set it up; answers what endpoints and people pin of
 * the new site. The key of `target` is checked against the code before a word is said.
 * @throws {ClaimError} `wrong-appliance` when the key is not the code's, the appliance's refusal, or `declined`
 * @throws {FormatError} when the code is none
 * @throws {ProtocolError} as `PeerNode.dial`; `stream-lost` when the appliance went away: claim again to go on waiting
 */
export async function claimSite(
  node: PeerNode,
  {
    target,
    code,
    offer,
    onOffered,
    signal,
  }: {
    target: ApplianceAddress;
    code: string;
    offer: ClaimOffer;
    /** Told the root's code when the appliance has taken the claim: the contact compares it. */
    onOffered: (rootCode: string) => void;
    signal: AbortSignal;
  },
): Promise<SitePins> {
  const { secret } = parseClaimCode(code);
  if (!isCodeOfPeer(code, target.publicKey)) {
    throw new ClaimError('wrong-appliance', 'Cannot claim: the code is of another appliance');
  }
  const { stream, remotePublicKey } = await node.dial({
    ...target,
    protocol: CLAIM_PROTOCOL,
    signal,
  });
  await using conversation = openConversation<ClaimAnswer, ClaimRequest>(stream, {
    schema: claimAnswerSchema,
    remotePublicKey,
  });
  await conversation.send({ kind: 'claim', secret, offer });
  for (;;) {
    const answer = await conversation.receive({ signal });
    switch (answer?.kind) {
      case undefined:
        throw new ProtocolError('peer-closed', 'Cannot claim: the appliance hung up');
      case 'offered':
        onOffered(answer.code);
        break;
      case 'founded':
        return answer.pins;
      case 'declined':
        throw new ClaimError('declined', "Cannot claim: the client's contact declined it");
      case 'refused':
        throw new ClaimError(answer.code, answer.message, answer.retryAfterMs);
      default:
        throw new Error(`unreachable: answer ${String(answer satisfies never)}`);
    }
  }
}
