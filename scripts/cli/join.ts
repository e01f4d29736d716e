// What `caisey appliance join` does: takes a console's token, makes the appliance's key, proves both to the console,
// and remembers what it answered. From there on the appliance runs, and waits to be claimed.

import { renderUnicodeCompact } from 'uqr';

import { type ApplianceConfig, loadKeyFile, placesIn } from '#appliance/config.ts';
import { type ClaimState, loadClaimState, saveClaimState } from '#appliance/claim/claim-state.ts';
import { createClaimSecret, formatClaimCode } from '#appliance/protocol/claim-code.ts';
import {
  JOIN_PATH,
  type JoinAnswer,
  joinAnswerSchema,
  joinedOrigin,
  joinProofMessage,
  joinRefusalSchema,
  type JoinRequest,
  type JoinToken,
  parseJoinToken,
  relayFingerprint,
} from '#appliance/protocol/join-message.ts';
import { createPeerKey } from '#appliance/work/found.ts';
import { encodeBase64url } from '#crypto/base64.ts';
import type { KeyFile } from '#crypto/key-file.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import { visibleText } from '#crypto/visible.ts';
import { checkListen, parseHostPort } from './address.ts';
import { CliError } from './error.ts';
import { isThere } from './home.ts';
import type { Invocation } from './invocation.ts';

export interface JoinOptions {
  readonly folder: string;
  readonly http: string;
  readonly listen?: readonly string[] | undefined;
  readonly mdns: boolean;
}

/** Endpoints by TCP; browsers on the same network by WebSocket. */
const LISTEN = ['/ip4/0.0.0.0/tcp/4010', '/ip4/0.0.0.0/tcp/4011/ws'];
const ASK_MS = 20_000;
const MAX_ANSWER_CHARS = 16_384;

/**
 * Joins this machine's appliance to a console and shows its claim code. Joined before by the same token, it shows
 * the code again.
 * @throws {CliError} `exists` for a folder with a site, `usage` for no token, `declined` with the console's reason
 */
export async function joinConsole(
  invocation: Invocation,
  tokenText: string,
  options: JoinOptions,
): Promise<void> {
  const { output } = invocation;
  const { folder } = options;
  const token = readToken(tokenText);
  if (await isThere(placesIn(folder).config)) {
    const joined = await loadClaimState(folder);
    if (joined === null) throw holdsSite(folder);
  }
  const earlier = await loadClaimState(folder);
  if (earlier !== null && earlier.config.console.site !== token.site) throw holdsSite(folder);
  const peer = await peerKeyOf(folder);
  const state = earlier ?? (await join(invocation, { token, peer, options }));
  const code = formatClaimCode(peer.signer.publicKey, state.secret);
  const page = state.config.http;
  const pageUrl = page === null ? null : `http://${page.host}:${page.port}/`;
  await output.result({ organisation: state.organisation, code, page: pageUrl, folder }, () =>
    [
      `Joined the console of ${visibleText(state.organisation)}.\n\n`,
      `${renderUnicodeCompact(code)}\n`,
      `  Claim code   ${code}\n`,
      pageUrl === null ? '' : `  On-site page ${pageUrl}\n`,
    ].join(''),
  );
  await output.note(
    '\nNext: the owner types the code in the console; then the client sets up the site on the on-site page.\n' +
      'Nothing runs before. This goes on by itself; stop it by Ctrl+C, go on by "caisey appliance run".',
  );
}

function readToken(text: string): JoinToken {
  try {
    return parseJoinToken(text);
  } catch (cause) {
    throw new CliError('usage', 'Cannot join: this is not a whole join token', {
      cause,
      hint: 'Copy the command of "Add site" in the console again. It must be https, or on this machine.',
    });
  }
}

function holdsSite(folder: string): CliError {
  return new CliError('exists', `Cannot join: "${folder}" holds a site already`, {
    hint: 'Nothing was changed. Choose another folder by --dir: a founded site keeps its own log and keys.',
  });
}

/** The key that an attempt before made, or a new one. */
async function peerKeyOf(folder: string): Promise<KeyFile> {
  const { peerKey } = placesIn(folder);
  return (await isThere(peerKey)) ? loadKeyFile(peerKey) : createPeerKey(folder);
}

async function join(
  { signal }: Invocation,
  { token, peer, options }: { token: JoinToken; peer: KeyFile; options: JoinOptions },
): Promise<ClaimState> {
  const { listen = LISTEN, http, mdns, folder } = options;
  checkListen(listen);
  const page = http === 'none' ? null : parseHostPort(http);
  const answer = await ask(token, { peer, signal });
  checkAnswer(answer, token);
  const config: ApplianceConfig & { console: NonNullable<ApplianceConfig['console']> } = {
    format: 'caisey/appliance/v1',
    ...{ origin: answer.origin, listen: [...listen], http: page, mdns },
    console: { site: token.site, ...answer.relay, level: 'standard' },
  };
  const state: ClaimState = {
    format: 'caisey/claim/v1',
    ...{ config, organisation: answer.organisation, secret: createClaimSecret() },
    ...{ wrongTries: 0, locks: 0, lockedUntilMs: 0, offer: null },
  };
  await saveClaimState(folder, state);
  return state;
}

async function ask(
  token: JoinToken,
  { peer, signal }: { peer: KeyFile; signal: AbortSignal },
): Promise<JoinAnswer> {
  const { site, secret } = token;
  const proof = encodeBase64url(await peer.signer.sign(joinProofMessage(token)));
  const body: JoinRequest = { site, secret, key: peer.key, proof };
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

/** The token came from the owner's hands; what answered must be what it names. */
function checkAnswer({ relay, origin }: JoinAnswer, token: JoinToken): void {
  const key = parsePersonKey(relay.key);
  const isNamed = key.kind === 'ed25519' && relayFingerprint(key.publicKey) === token.relay;
  if (isNamed && origin === joinedOrigin(token)) return;
  throw new CliError('not-verified', 'Cannot join: what answered is not the console of the token', {
    hint: 'Somebody may be in between. Have a new command made, and look at its address.',
  });
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null; // no answer of a console
  }
}
