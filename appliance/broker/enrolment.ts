// Enrolling an endpoint, `/caisey/agent/enrol/1`. The peer is the token's one-time key, which the gater let in;
// what it brings is the endpoint's own key, with a signature by it.

import { parseBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { createId } from '#crypto/id.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import { isEd25519Signature } from '#crypto/webcrypto.ts';
import type { Conversation } from '#agent/protocol/conversation.ts';
import {
  type EnrolAnswer,
  enrolProofMessage,
  type EnrolRequest,
} from '#agent/protocol/enrol-message.ts';
import { LedgerError } from '../ledger/error.ts';
import { WorkError } from '../work/error.ts';
import type { Site } from '../work/site.ts';
import type { Tokens } from '../work/tokens.ts';

const ANSWER_MS = 10_000;

/** Serves one enrolment; ends the conversation with its answer. */
export async function serveEnrolment(
  conversation: Conversation<EnrolRequest, EnrolAnswer>,
  { site, tokens }: { site: Site; tokens: Tokens },
): Promise<void> {
  await using held = conversation;
  const request = await held.receive({ signal: AbortSignal.timeout(ANSWER_MS) });
  if (request === null) return;
  try {
    await held.send(await enrol(request, { site, tokens, tokenKey: held.remotePeer }));
  } catch (cause) {
    if (cause instanceof LedgerError) await held.send(UNAVAILABLE);
    throw cause;
  }
}

const UNAVAILABLE = refused('unavailable', 'The appliance cannot enrol anybody now. Ask again.');

async function enrol(
  request: EnrolRequest,
  { site, tokens, tokenKey }: { site: Site; tokens: Tokens; tokenKey: Uint8Array },
): Promise<EnrolAnswer> {
  const publicKey = await provedKey(request, tokenKey);
  if (publicKey === null) {
    return refused('proof-invalid', 'The endpoint does not hold the key it brought.');
  }
  const token = tokens.find(tokenKey);
  if (token !== null && token.usedAtMs !== null) return tokenUsed();
  const isTaken = site.endpoints.some(({ name }) => name === token?.name);
  if (isTaken) return refused('name-taken', `"${token?.name ?? ''}" is enrolled already.`);
  if (site.roleOf(publicKey) !== null) {
    return refused('unavailable', 'The key is known at this site already. Make a new one.');
  }
  const use = await tokens.use(tokenKey);
  if (token === null || use === 'token-expired') {
    return refused('token-expired', 'The token has expired. Ask for a new one.');
  }
  if (use === 'token-used') return tokenUsed();
  const { name, labels } = token;
  const endpoint = { id: createId(), name, key: request.key, labels };
  try {
    const entry = await site.enrol(endpoint, {
      os: `${request.host.os} ${request.host.version}`.slice(0, 256).toWellFormed(),
      version: request.software.toWellFormed(),
      token: token.id,
      by: token.by,
    });
    const { note } = await site.ledger.checkpointFor(entry.index + 1);
    return { kind: 'enrolled', endpoint: endpoint.id, name, labels, checkpoint: note };
  } catch (cause) {
    if (cause instanceof WorkError) return refused('name-taken', cause.message);
    throw cause;
  }
}

/** The endpoint's key, when it has signed for it; null for anything else. */
async function provedKey(
  { key, proof }: EnrolRequest,
  tokenKey: Uint8Array,
): Promise<Uint8Array | null> {
  const parsed = parsePersonKey(key); // its form was checked with the message
  if (parsed.kind !== 'ed25519') return null;
  const { publicKey } = parsed;
  const message = enrolProofMessage(tokenKey, publicKey);
  const signature = signatureOf(proof);
  const isProved =
    signature !== null && (await isEd25519Signature(publicKey, { signature, message }));
  return isProved ? publicKey : null;
}

function signatureOf(proof: string): Bytes | null {
  try {
    return parseBase64url(proof);
  } catch {
    return null; // no signature at all
  }
}

function tokenUsed(): EnrolAnswer {
  return refused('token-used', 'The token was used before. Ask for a new one.');
}

function refused(code: Extract<EnrolAnswer, { kind: 'refused' }>['code'], message: string) {
  return { kind: 'refused', code, message } as const;
}
