// What every answer of the page carries, and what it refuses before reading further.

import type { MiddlewareHandler } from 'hono';

import { PageError } from './problem.ts';
import { STYLES_SOURCE } from './styles.ts';

const HEADERS: readonly (readonly [name: string, value: string])[] = [
  [
    'Content-Security-Policy',
    `default-src 'none'; style-src ${STYLES_SOURCE}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`,
  ],
  ['X-Frame-Options', 'DENY'],
  ['X-Content-Type-Options', 'nosniff'],
  // `no-referrer` would have browsers send `Origin: null` with our own forms, which we check
  ['Referrer-Policy', 'same-origin'],
  ['Cache-Control', 'no-store'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Permissions-Policy', 'camera=(), geolocation=(), microphone=()'],
];

/** Sets the headers of a page: nothing runs in it, nothing frames it, nobody keeps it. */
export function pageHeaders(): MiddlewareHandler {
  return async (c, next) => {
    await next();
    for (const [name, value] of HEADERS) c.res.headers.set(name, value);
  };
}

/**
 * Refuses names under which the page is not known: a stranger's name that resolves to this box would give the
 * stranger's scripts this page as their own (DNS rebinding). An address in numbers cannot be rebound.
 */
export function knownHosts(hosts: readonly string[]): MiddlewareHandler {
  const known = new Set(['localhost', ...hosts.map((host) => host.toLowerCase())]);
  return async (c, next) => {
    const { hostname } = new URL(c.req.url);
    const isAddress = /^(?:[0-9]{1,3}\.){3}[0-9]{1,3}$|^\[[0-9a-f:.]+\]$/.test(hostname);
    if (!isAddress && !known.has(hostname.replace(/\.$/, ''))) {
      throw new PageError('host-unknown', 'Cannot answer: the host name is not one of this page');
    }
    await next();
  };
}

/** Refuses forms that another site's page sent. Browsers say where a form comes from, whatever its page wants. */
export function sameOrigin(): MiddlewareHandler {
  return async (c, next) => {
    if (c.req.method !== 'GET' && c.req.method !== 'HEAD') {
      const origin = c.req.header('Origin') ?? '';
      const isOurs = URL.canParse(origin) && new URL(origin).host === new URL(c.req.url).host;
      const site = c.req.header('Sec-Fetch-Site') ?? 'same-origin';
      if (!isOurs || site !== 'same-origin') {
        throw new PageError('cross-site', 'Cannot take form: it came from another site');
      }
    }
    await next();
  };
}
