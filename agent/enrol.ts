// Enrolment: an endpoint makes its key, shows a one-time token's key to the appliance that the token names, and
// keeps what it was given. Nothing is trusted on first use, for the token came with the site's keys.

import { mkdir } from 'node:fs/promises';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { type VerifiedCheckpoint, verifyCheckpoint } from '#crypto/checkpoint.ts';
import { parseTime } from '#crypto/leaf.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import { AgentError } from './error.ts';
import { openFolderLock } from './folder-lock.ts';
import { readHostFacts } from './host.ts';
import {
  createIdentity,
  type Identity,
  isEnrolled,
  loadIdentity,
  parsePins,
  type Pins,
} from './identity.ts';
import { createJournal, openJournal } from './journal.ts';
import { openConversation } from './protocol/conversation.ts';
import { openDeadline } from './protocol/deadline.ts';
import {
  ENROL_PROTOCOL,
  type EnrolAnswer,
  enrolAnswerSchema,
  enrolProofMessage,
  type EnrolRequest,
  type EnrolToken,
  parseEnrolToken,
} from './protocol/enrol-message.ts';
import { isProtocolError, ProtocolError } from './protocol/error.ts';
import { openPeerNode, type PeerNode, type PeerStream } from './protocol/node.ts';
import { readSoftware } from './software.ts';

export const ENROL_MS = 60_000;

export interface EnrolOptions {
  /** The token's one line of text. Secret until it is used. */
  readonly token: string;
  /** Made when it is not there; must not be an endpoint's. */
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly software?: string;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** Look for the appliance on the local network when the token's addresses fail. @default true */
  readonly mdns?: boolean;
}

/**
 * Enrols this machine. When it resolves, identity and journal are on disk.
 * @throws {ProtocolError} code `message-invalid` for a text that is no token; as `PeerNode.dial` when the
 *   appliance cannot be reached or answers by another key; `timeout` after ENROL_MS
 * @throws {AgentError} code `identity-exists`, or another `identity-…` or `journal-…`, when one is there, `folder-busy`; `token-expired`, `token-used`, `name-taken`,
 *   `proof-invalid`, `unavailable` as the appliance says; `answer-invalid` when what it says does not hold
 */
export async function enrol(options: EnrolOptions): Promise<Identity> {
  const { folder, now = Date.now } = options;
  const token = parseEnrolToken(options.token);
  const pins = parsePins(token.site);
  if (parseTime(token.expires) <= now()) {
    throw new AgentError(
      'token-expired',
      `Cannot enrol: the token expired at ${token.expires}. Ask for a new one`,
    );
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await using _lock = await openFolderLock(folder);
  if (await isEnrolled(folder)) throw await enrolledAlready(folder);
  const seed = randomBytes(32);
  const answer = await ask(token, { pins, seed, options });
  const checkpoint = await checkAnswer(answer, { token, pins });
  const { endpoint, name, labels } = answer;
  const identity: Identity = { endpoint, name, labels, seed, site: token.site };
  await createJournal(folder, { endpoint, checkpoint });
  await createIdentity(folder, identity); // last: a folder with an identity is enrolled whole
  return identity;
}

/** Why not, and what to do. @throws {AgentError} code `identity-…`, `journal-…` when the folder is damaged besides */
async function enrolledAlready(folder: string): Promise<AgentError> {
  const { endpoint, name, site } = await loadIdentity(folder);
  await using journal = await openJournal(folder, { endpoint, logKey: parsePins(site).logKey });
  const [origin = ''] = site.log.split('+');
  const what = `"${folder}" is endpoint ${endpoint} already, "${name}" of the site whose log is ${origin}`;
  const next = journal.isRemoved
    ? 'The site removed it, and nothing runs here any more. To let this machine in again, move the folder away, or ' +
      'name an empty one by --dir, and enrol: the token is still good'
    : `To run it: caisey agent run --dir ${folder}\n` +
      `To enrol it anew: have it removed at the site (caisey endpoint rm ${name}), move the folder away, and enrol`;
  return new AgentError('identity-exists', `Cannot enrol: ${what}\n${next}`);
}

type Enrolled = Extract<EnrolAnswer, { kind: 'enrolled' }>;

async function ask(
  token: EnrolToken,
  { pins, seed, options }: { pins: Pins; seed: Identity['seed']; options: EnrolOptions },
): Promise<Enrolled> {
  using deadline = openDeadline(ENROL_MS, {
    signal: options.signal,
    onLate: () => new ProtocolError('timeout', 'Cannot enrol: the appliance took too long'),
  });
  const { signal } = deadline;
  const isLooking = options.mdns ?? true;
  await using node = await openPeerNode({
    seed: parseBase64url(token.secret),
    mdns: isLooking,
  });
  const request = await makeRequest(node, { seed, options });
  const { stream, remotePublicKey } = await reach(node, { token, pins, signal, isLooking });
  await using conversation = openConversation<EnrolAnswer, EnrolRequest>(stream, {
    schema: enrolAnswerSchema,
    remotePublicKey,
  });
  await conversation.send(request);
  const answer = await conversation.receive({ signal });
  if (answer === null) {
    throw new AgentError('unavailable', 'Cannot enrol: the appliance ended without an answer');
  }
  if (answer.kind === 'refused') throw refused(answer);
  return answer;
}

async function makeRequest(
  { publicKey: tokenKey }: PeerNode,
  { seed, options }: { seed: Identity['seed']; options: EnrolOptions },
): Promise<EnrolRequest> {
  const { publicKey, sign } = await importSigner(seed);
  return {
    kind: 'enrol',
    key: formatPersonKey({ kind: 'ed25519', publicKey }),
    proof: encodeBase64url(await sign(enrolProofMessage(tokenKey, publicKey))),
    software: options.software ?? (await readSoftware()),
    host: await readHostFacts(options.folder),
  };
}

/** How often the local network is listened to for the appliance, when no configured address answers. */
const LOOK_MS = 500;
const LOOKS = 10;

async function reach(
  node: PeerNode,
  {
    token,
    pins,
    signal,
    isLooking,
  }: { token: EnrolToken; pins: Pins; signal: AbortSignal; isLooking: boolean },
): Promise<PeerStream> {
  const target = { publicKey: pins.appliance, protocol: ENROL_PROTOCOL, signal };
  try {
    return await node.dial({ ...target, addresses: token.site.addresses });
  } catch (error) {
    if (signal.aborted) throw error;
    if (isProtocolError(error, 'peer-closed', 'protocol-unsupported')) throw unknownToken(error);
    const addresses = isLooking ? await discover(node, { pins, signal }) : [];
    if (addresses.length === 0) throw error;
    return node.dial({ ...target, addresses });
  }
}

async function discover(
  node: PeerNode,
  { pins, signal }: { pins: Pins; signal: AbortSignal },
): Promise<readonly string[]> {
  for (let looks = 0; looks < LOOKS; looks++) {
    const found = node.discovered(pins.appliance);
    if (found.length > 0 || signal.aborted) return found;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  return [];
}

/** The appliance lets nobody in whose key it does not know, and forgets a token's key some time after its use. */
function unknownToken(cause: ProtocolError): AgentError {
  return new AgentError(
    'token-used',
    'Cannot enrol: the appliance does not know this token. It was used, withdrawn or has expired: ask for a new one',
    { cause },
  );
}

function refused({ code, message }: Extract<EnrolAnswer, { kind: 'refused' }>): AgentError {
  const hint =
    code === 'token-used' || code === 'name-taken'
      ? '. If an enrolment on this machine broke off, it took effect at the site: have that endpoint removed, and ask for a new token'
      : '';
  return new AgentError(code, `Cannot enrol: ${message.replace(/\.$/, '')}${hint}`);
}

async function checkAnswer(
  { name, checkpoint }: Enrolled,
  { token, pins }: { token: EnrolToken; pins: Pins },
): Promise<VerifiedCheckpoint> {
  if (name !== token.name) {
    throw new AgentError('answer-invalid', `Cannot enrol: "${name}" is not the token's name`);
  }
  try {
    return await verifyCheckpoint(checkpoint, pins.logKey);
  } catch (cause) {
    throw new AgentError(
      'answer-invalid',
      'Cannot enrol: the checkpoint is not by the log that the token names',
      { cause },
    );
  }
}
