// The console's door as an appliance knocks at it: `POST /api/join`, by a token that came from the owner's hands. What
// answers must be what the token names.

import {
  JOIN_PATH,
  type JoinAnswer,
  joinAnswerSchema,
  joinProofMessage,
  joinRefusalSchema,
  type JoinRequest,
  type JoinToken,
  relayFingerprint,
} from '#appliance/protocol/join-message.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import type { KeyFile } from '#crypto/key-file.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import { CliError } from './error.ts';

const ASK_MS = 20_000;
const MAX_ANSWER_CHARS = 16_384;

export interface Joining {
  /** The appliance's peer key. */
  readonly peer: KeyFile;
  /** What the log's origin must be in the answer. */
  readonly origin: string;
  /** Of a site that is founded already: its log's C2SP verifier key, and who signs by it. */
  readonly log?: { readonly key: string; readonly signer: KeyFile['signer'] };
  readonly signal: AbortSignal;
}

/**
 * Joins by a token.
 * @throws {CliError} `unreachable`; `declined` with the console's reason; `not-verified` when something else answers
 */
export async function askConsole(
  token: JoinToken,
  { peer, origin, log, signal }: Joining,
): Promise<JoinAnswer> {
  const { site, secret } = token;
  const { key } = peer;
  const message = joinProofMessage({ site, secret, key, log });
  const signed = async (signer: KeyFile['signer']) => encodeBase64url(await signer.sign(message));
  const body: JoinRequest = {
    ...{ site, secret, key, proof: await signed(peer.signer) },
    ...(log === undefined ? {} : { log: { key: log.key, proof: await signed(log.signer) } }),
  };
  const answer = await post(token, { body, signal });
  const relay = parsePersonKey(answer.relay.key);
  const isNamed = relay.kind === 'ed25519' && relayFingerprint(relay.publicKey) === token.relay;
  if (isNamed && answer.origin === origin) return answer;
  throw new CliError('not-verified', 'Cannot join: what answered is not the console of the token', {
    hint: 'Somebody may be in between. Have a new command made, and look at its address.',
  });
}

async function post(
  token: JoinToken,
  { body, signal }: { body: JoinRequest; signal: AbortSignal },
): Promise<JoinAnswer> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(new URL(JOIN_PATH, token.console), {
      method: 'POST',
      redirect: 'error',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]),
    });
    text = (await response.text()).slice(0, MAX_ANSWER_CHARS);
  } catch (cause) {
    signal.throwIfAborted();
    throw new CliError(
      'unreachable',
      `Cannot join: the console at ${token.console} is not reached`,
      {
        cause,
        hint: 'Is the address right, and may this machine reach it? Then run the command again.',
      },
    );
  }
  const answer = joinAnswerSchema.safeParse(parseOrNull(text));
  if (response.ok && answer.success) return answer.data;
  const refusal = joinRefusalSchema.safeParse(parseOrNull(text));
  if (!refusal.success) {
    throw new CliError(
      'unreachable',
      `Cannot join: the console answers ${response.status}, not as one`,
    );
  }
  throw new CliError('declined', refusal.data.message, {
    hint:
      refusal.data.code === 'token-unusable'
        ? 'Have a new command made: "Add site" in the console, then "New token".'
        : 'Ask the owner of the console.',
  });
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no answer of a console
  }
}
