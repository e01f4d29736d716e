// What `caisey appliance join` does: takes a console's token, makes the appliance's key, proves both to the console,
// and remembers what it answered. From there on the appliance runs, and waits to be claimed; a site that is founded
// already keeps its keys and its log, and needs no claim (`join-founded.ts`).

import { renderUnicodeCompact } from 'uqr';

import { type ApplianceConfig, loadKeyFile, placesIn } from '#appliance/config.ts';
import { type ClaimState, loadClaimState, saveClaimState } from '#appliance/claim/claim-state.ts';
import { createClaimSecret, formatClaimCode } from '#appliance/protocol/claim-code.ts';
import {
  joinedOrigin,
  type JoinKind,
  type JoinToken,
  parseJoinToken,
} from '#appliance/protocol/join-message.ts';
import { checkCanListen, ListenError } from '#appliance/listen-error.ts';
import { createPeerKey } from '#appliance/work/found.ts';
import type { KeyFile } from '#crypto/key-file.ts';
import { visibleText } from '#crypto/visible.ts';
import { checkListen, parseHostPort } from './address.ts';
import { askConsole } from './console-door.ts';
import { CliError } from './error.ts';
import { isThere } from './home.ts';
import type { Invocation } from './invocation.ts';
import { joinFounded } from './join-founded.ts';
import { PAGE_ADDRESS } from './place.ts';

export interface JoinOptions {
  readonly folder: string;
  readonly http?: string | undefined;
  readonly listen?: readonly string[] | undefined;
  readonly mdns: boolean;
  /** Leave another console for this one. */
  readonly replace: boolean;
}

/** Endpoints by TCP; browsers on the same network by WebSocket. */
const LISTEN = ['/ip4/0.0.0.0/tcp/4010', '/ip4/0.0.0.0/tcp/4011/ws'];

/**
 * Joins this machine's appliance to a console and shows its claim code. Joined before by the same token, it shows
 * the code again. Answers whether the appliance may run on from here: not when it runs already.
 * @throws {CliError} `exists` for another console's, `usage` for no token, `declined` with the console's reason
 */
export async function joinConsole(
  invocation: Invocation,
  tokenText: string,
  options: JoinOptions,
): Promise<boolean> {
  const { output } = invocation;
  const { folder } = options;
  const token = readToken(tokenText);
  if (await isThere(placesIn(folder).config)) {
    const joined = await loadClaimState(folder);
    if (joined === null) {
      checkKind(token, 'founded');
      checkSaysNoPlaces(options);
      return joinFounded(invocation, token, options);
    }
  }
  checkKind(token, 'new');
  const earlier = await loadClaimState(folder);
  if (earlier !== null && earlier.config.console.site !== token.site) throw waitsElsewhere(folder);
  const peer = await peerKeyOf(folder);
  const state =
    earlier === null
      ? await join(invocation, { token, peer, options })
      : await moveTo(earlier, options);
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
  return true;
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

/** The console would refuse it as well, and could not say why. */
function checkKind({ joins }: JoinToken, kind: JoinKind): void {
  if (joins === kind) return;
  const [text, hint] =
    kind === 'founded'
      ? [
          'Cannot join: the token is for a new appliance, and this folder holds a site that was founded before',
          'In the console, under the command, choose "It runs a site already", and run what it shows then.',
        ]
      : [
          'Cannot join: the token is for a site that was founded before, and this folder holds none',
          'Name its folder by --dir, or have a token made for a new appliance.',
        ];
  throw new CliError('usage', text, { hint });
}

/** A founded site listens where its people and endpoints look for it: joining moves nothing. */
function checkSaysNoPlaces({ folder, ...options }: JoinOptions): void {
  const said = Object.keys(placesOf(options)).map((place) => PLACE_OPTIONS[place as keyof Places]); // its own keys
  if (said.length === 0) return;
  const { config } = placesIn(folder);
  throw new CliError(
    'usage',
    `Cannot join: ${said.join(' and ')} would move a site that was founded before, and joining moves nothing`,
    {
      hint: `Nothing was changed, and the token is still good: leave ${said.length === 1 ? 'it' : 'them'} out. Where the site listens is in ${config} ("http", "listen", "mdns"), and counts from its next start; who reaches it elsewhere then needs the new address in their own site.json.`,
    },
  );
}

const PLACE_OPTIONS: Readonly<Record<keyof Places, string>> = {
  listen: '--listen',
  http: '--http',
  mdns: '--no-mdns',
};

function waitsElsewhere(folder: string): CliError {
  return new CliError('exists', `Cannot join: "${folder}" waits to be claimed at another place`, {
    hint: 'Nothing was changed. Use the token that it joined by, or choose another folder by --dir.',
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
  const { folder } = options;
  const {
    listen = [...LISTEN],
    http = parseHostPort(PAGE_ADDRESS),
    mdns = true,
  } = placesOf(options);
  await checkFree({ listen, http }); // a token is good once: not for a box that cannot run then
  const answer = await askConsole(token, { peer, origin: joinedOrigin(token), signal });
  const config: ApplianceConfig & { console: NonNullable<ApplianceConfig['console']> } = {
    format: 'caisey/appliance/v1',
    ...{ origin: answer.origin, listen, http, mdns },
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

type Places = Pick<ApplianceConfig, 'listen' | 'http' | 'mdns'>;

/** Where it is said to listen, and whether to announce it; what was not said is absent. */
function placesOf({
  listen,
  http,
  mdns,
}: Pick<JoinOptions, 'listen' | 'http' | 'mdns'>): Partial<Places> {
  if (listen !== undefined) checkListen(listen);
  return {
    ...(listen === undefined ? {} : { listen: [...listen] }),
    ...(http === undefined ? {} : { http: http === 'none' ? null : parseHostPort(http) }),
    ...(mdns ? {} : { mdns }),
  };
}

/** A box that has joined listens where it is told now; as before where nothing is said. */
async function moveTo(state: ClaimState, options: JoinOptions): Promise<ClaimState> {
  const places = placesOf(options);
  if (Object.keys(places).length === 0) return state;
  await checkFree({ listen: [], http: null, ...places });
  const moved = { ...state, config: { ...state.config, ...places } };
  await saveClaimState(options.folder, moved);
  return moved;
}

async function checkFree({ listen, http }: Pick<Places, 'listen' | 'http'>): Promise<void> {
  const addresses = listen.flatMap((address) => {
    const [, host, port] = /^\/ip[46]\/([^/]+)\/tcp\/(\d+)(?:\/|$)/.exec(address) ?? [];
    return host === undefined ? [] : [{ host, port: Number(port) }];
  });
  try {
    await checkCanListen([...addresses, ...(http === null ? [] : [http])]);
  } catch (cause) {
    if (!(cause instanceof ListenError)) throw cause;
    throw new CliError('usage', cause.message, {
      cause,
      hint: 'Nothing was changed, and the token is still good. Name other addresses: --http 127.0.0.1:8430 --listen /ip4/0.0.0.0/tcp/4030',
    });
  }
}
