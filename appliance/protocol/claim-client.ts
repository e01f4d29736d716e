// An owner's side of a claim.

import { openConversation } from '#agent/protocol/conversation.ts';
import { ProtocolError } from '#agent/protocol/error.ts';
import type { SitePins } from '#agent/protocol/enrol-message.ts';
import type { PeerNode, PeerStream } from '#agent/protocol/transport-node.ts';
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
  readonly code:
    | Extract<ClaimAnswer, { kind: 'refused' }>['code']
    | 'declined'
    | 'wrong-appliance'
    | 'unreachable';
  readonly retryAfterMs: number | null;

  constructor(
    code: ClaimError['code'],
    message: string,
    { retryAfterMs = null, ...options }: ErrorOptions & { retryAfterMs?: number | null } = {},
  ) {
    super(message, options);
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }
}

/** An appliance that has just joined needs a moment until the relay can reach it. */
const REACH_TRIES = 12;
const REACH_PAUSE_MS = 1_500;

/**
 * Claims an appliance and waits until its client's contact has set it up; answers what endpoints and people pin of
 * the new site. The key of `target` is checked against the code before a word is said.
 * @throws {ClaimError} `wrong-appliance` when the key is not the code's, `unreachable`, the appliance's refusal, or `declined`
 * @throws {FormatError} when the code is none
 * @throws {ProtocolError} as `PeerNode.dial`, but for `peer-unreachable`; `stream-lost` when the appliance went away: claim again to go on waiting
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
  const { stream, remotePublicKey } = await reach(node, { target, signal });
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
        throw new ClaimError(answer.code, answer.message, { retryAfterMs: answer.retryAfterMs });
      default:
        throw new Error(`unreachable: answer ${String(answer satisfies never)}`);
    }
  }
}

/** Dials as often as it takes an appliance to make its reservation on the relay. */
async function reach(
  node: PeerNode,
  { target, signal }: { target: ApplianceAddress; signal: AbortSignal },
): Promise<PeerStream> {
  for (let tries = 1; ; tries++) {
    try {
      return await node.dial({ ...target, protocol: CLAIM_PROTOCOL, signal });
    } catch (cause) {
      const isAway = cause instanceof ProtocolError && cause.code === 'peer-unreachable';
      if (!isAway) throw cause;
      if (tries === REACH_TRIES) throw unreachable(cause);
      await pause(REACH_PAUSE_MS, signal);
    }
  }
}

function unreachable(cause: ProtocolError): ClaimError {
  return new ClaimError(
    'unreachable',
    'The appliance cannot be reached through the relay. See that it runs ("caisey appliance run") and that it says "the console is reached"',
    { cause },
  );
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason as Error);
    };
    signal.addEventListener('abort', stop, { once: true });
  });
}
