// Every request of the console: the host is opened before the first, who asks is found out, and every answer
// carries the headers that keep a page to itself.

import { building } from '$app/environment';
import { error, type Handle, type HandleServerError, type ServerInit } from '@sveltejs/kit';

import { parseTheme, THEME_COOKIE } from '#ui/lib/theme.ts';
import { parseConfig } from '#ui/server/config.ts';
import { admitClerk, narrowSockets, socketSources } from '#ui/server/content-policy.ts';
import { ConsoleError } from '#ui/server/error.ts';
import { type Host, openHost } from '#ui/server/host.ts';
import type { Identity } from '#ui/server/identity/identity.ts';
import { isForged, statusOf } from '#ui/server/request.ts';

let host: Host | null = null;

export const init: ServerInit = async () => {
  if (building) return;
  const opened = await openHost({ config: parseConfig(process.env), onFailure: report });
  host = opened;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => opened.hush());
  process.once('sveltekit:shutdown', () => void opened[Symbol.asyncDispose]());
};

export const handle: Handle = async ({ event, resolve }) => {
  if (host === null) throw new Error('unreachable: a request before the host was opened');
  if (isForged(event.request, event.url.origin)) {
    error(403, { message: 'This was asked from a page of another site' });
  }
  event.locals.host = host;
  event.locals.identity = await host.identity.authenticate(event.request);
  const { actor, refusal } = await actorFor(host, event.locals.identity);
  event.locals.actor = actor;
  event.locals.refusal = refusal;
  const theme = parseTheme(event.cookies.get(THEME_COOKIE));
  const response = await resolve(event, {
    transformPageChunk: ({ html }) => html.replace('%caisey.theme%', theme),
  });
  for (const [name, value] of HEADERS) response.headers.set(name, value);
  const policy = response.headers.get('content-security-policy');
  if (policy !== null) {
    const isSecurePage = host.config.origin.startsWith('https:');
    const sources = socketSources(host.relay.browserAddresses, { isSecurePage });
    const narrow = narrowSockets(policy, sources);
    response.headers.set(
      'content-security-policy',
      host.clerk === null ? narrow : admitClerk(narrow, host.clerk.host),
    );
  }
  if (!event.url.pathname.startsWith('/_app/')) {
    response.headers.set('cache-control', 'no-store');
  }
  return response;
};

export const handleError: HandleServerError = ({ error: cause, status }) => {
  if (status === 404) return { message: 'There is no such page' };
  const trace = crypto.randomUUID().slice(0, 8);
  report(cause, trace);
  return { message: 'The console failed on this; its own log says why', trace };
};

const HEADERS: readonly (readonly [string, string])[] = [
  ['x-content-type-options', 'nosniff'],
  ['x-frame-options', 'DENY'],
  // With `no-referrer` a form without JavaScript would be sent with the origin "null", and refused as forged.
  ['referrer-policy', 'same-origin'],
  ['cross-origin-opener-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['permissions-policy', 'camera=(), microphone=(), geolocation=(), usb=(), payment=()'],
];

/** Somebody who is signed in but does not belong here gets no actor, and is told why at the sign-in. */
async function actorFor(
  { directory }: Host,
  identity: Identity | null,
): Promise<Pick<App.Locals, 'actor' | 'refusal'>> {
  if (identity === null) return { actor: null, refusal: null };
  try {
    const is = await directory.admit(identity);
    return { actor: { is, directory: directory.of(is) }, refusal: null };
  } catch (cause) {
    if (cause instanceof ConsoleError) {
      if (cause.code === 'not-allowed') return { actor: null, refusal: cause.message };
      error(statusOf(cause.code), { message: cause.message });
    }
    throw cause;
  }
}

/** One line for each failure, to the process's own log. */
function report(cause: unknown, trace?: string): void {
  const words = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  process.stderr.write(`${JSON.stringify({ level: 'error', trace, what: words })}\n`);
}
