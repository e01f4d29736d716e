// How people name things: an endpoint by its name or id, a session or a request by the beginning of its id, a
// request also by its match code. What fits more than one thing is refused.

import type { RequestItem } from '#appliance/protocol/client-message.ts';
import type { EndpointSummary, TokenSummary } from '#appliance/protocol/endpoint-summary.ts';
import {
  listEndpoints,
  listRequests,
  listSessions,
  listTokens,
} from '#appliance/protocol/lists.ts';
import type { SessionSummary } from '#appliance/protocol/session-summary.ts';
import { closestWord } from '../closest-word.ts';
import type { Caller } from './connect.ts';
import { CliError } from './error.ts';

const MARK = 'id:';
const MIN_PREFIX_CHARS = 4;

/** What no option of ours looks like: a single dash, and then more than a word in small letters. Or a whole id. */
const DASHED_ID = /^-(?:(?![a-z]{1,16}$)\w[\w-]{2,41}|[\w-]{42})$/;

/**
 * The ids of requests and tokens are hashes in base64url, and one in 64 begins with a dash: such an id, or the
 * beginning of one, is marked, lest it be read as an option. The few beginnings that look like an option are written
 * with the mark by who names them.
 * What stands after `--` stays as it is.
 */
export function protectIds(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  return argv.map((argument, i) => {
    const isBefore = end === -1 || i < end;
    return isBefore && DASHED_ID.test(argument) ? MARK + argument : argument;
  });
}

/** Finds an endpoint by its name or the beginning of its id. @throws {CliError} `unknown`, `ambiguous` */
export async function findEndpoint(client: Caller, text: string): Promise<EndpointSummary> {
  const endpoints = await listEndpoints(client);
  const named = endpoints.find(({ name }) => name === text);
  if (named !== undefined) return named;
  const meant = meantName(
    text,
    endpoints.map(({ name }) => name),
  );
  const list = '"caisey ls" lists the endpoints.';
  return one(
    endpoints.filter(({ endpoint }) => begins(endpoint, text)),
    { what: 'endpoint', text, hint: meant === null ? list : `Did you mean ${meant}? ${list}` },
  );
}

/** Finds a token that can be used still, by whom it is for or the beginning of its id. @throws {CliError} `unknown`, `ambiguous` */
export async function findToken(client: Caller, text: string): Promise<TokenSummary> {
  const tokens = await listTokens(client);
  return one(
    tokens.filter(({ token, name }) => name === text || begins(token, text)),
    { what: 'token', text, hint: '"caisey endpoint tokens" lists those that can be used still.' },
  );
}

/** Finds a session by the beginning of its id. @throws {CliError} `unknown`, `ambiguous` */
export async function findSession(client: Caller, text: string): Promise<SessionSummary> {
  const sessions = await listSessions(client, { state: 'all' });
  return one(
    sessions.filter(({ session }) => begins(session, text)),
    { what: 'session', text, hint: '"caisey session ls --all" lists the sessions.' },
  );
}

/**
 * Finds a request by its match code or the beginning of its id, one that waits before one that is decided.
 * @throws {CliError} `unknown`, `ambiguous`
 */
export async function findRequest(client: Caller, text: string): Promise<RequestItem> {
  const code = codeOf(text);
  for (const state of ['waiting', 'all'] as const) {
    const requests = await listRequests(client, { state });
    const found = requests.filter(
      ({ request, match }) => begins(request, text) || codeOf(match) === code,
    );
    const isLast = state === 'all';
    if (found.length > 0 || isLast) {
      const hint = '"caisey request ls --all" lists the requests.';
      return one(found, { what: 'request', text, hint });
    }
  }
  throw new Error('unreachable: the last list was looked at');
}

/** The name that was probably meant, also by one in other letters: `WEB` for `web`. */
function meantName(text: string, names: readonly string[]): string | null {
  const small = text.toLowerCase();
  const meant = closestWord(
    small,
    names.map((name) => name.toLowerCase()),
  );
  return names.find((name) => name.toLowerCase() === meant) ?? null;
}

/** A match code as it may be typed: in either case, and without its dash. */
function codeOf(text: string): string {
  return text.toUpperCase().replaceAll('-', '');
}

function begins(id: string, text: string): boolean {
  const prefix = text.startsWith(MARK) ? text.slice(MARK.length) : text;
  return prefix.length >= MIN_PREFIX_CHARS && id.startsWith(prefix);
}

function one<T>(
  found: readonly T[],
  { what, text, hint }: { what: string; text: string; hint: string },
): T {
  const [first, ...others] = found;
  if (first === undefined) {
    throw new CliError('unknown', `Cannot find ${what} "${text}": there is none`, { hint });
  }
  if (others.length > 0) {
    throw new CliError('ambiguous', `Cannot choose ${what} "${text}": ${found.length} begin so`, {
      hint: 'Give more of it.',
    });
  }
  return first;
}
