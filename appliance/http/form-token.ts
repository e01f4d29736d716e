// Proof that a form came from a page that this visitor was shown (against cross-site request forgery): a cookie
// with a random visitor id, and in each form HMAC-SHA-256(key of this process, visitor id || NUL || purpose).
// The purpose names the request or session, so a token for one decision does not serve another.

import { timingSafeEqual } from 'node:crypto';

import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { hmacSha256 } from '#crypto/hash.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { PageError } from './problem.ts';

export const VISITOR_COOKIE = 'caisey-visitor';

export interface FormTokens {
  /** The token of a form for a purpose; gives the visitor the cookie it belongs to. */
  issue(c: Context, purpose: string): string;
  /** @throws {PageError} code `form-stale` when a token is not of this visitor, purpose and process */
  check(c: Context, form: { purpose: string; token: string }): void;
}

/** Tokens of one process: after a restart the forms that are open must be loaded again. */
export function createFormTokens(): FormTokens {
  const key = randomBytes(32);
  /** Visitors who come for the first time, by their visit: all forms of one page are for the one cookie. */
  const fresh = new WeakMap<Context, string>();
  const tokenFor = (visitor: string, purpose: string): string =>
    encodeBase64url(hmacSha256(key, encodeUtf8(`${visitor}\0${purpose}`)));

  return {
    issue(c, purpose) {
      const known = visitorOf(c) ?? fresh.get(c);
      const visitor = known ?? encodeBase64url(randomBytes(32));
      if (known === undefined) {
        fresh.set(c, visitor);
        setCookie(c, VISITOR_COOKIE, visitor, {
          path: '/',
          httpOnly: true,
          sameSite: 'Strict',
          secure: new URL(c.req.url).protocol === 'https:',
        });
      }
      return tokenFor(visitor, purpose);
    },
    check(c, { purpose, token }) {
      const visitor = visitorOf(c);
      const isOurs = visitor !== null && isSame(token, tokenFor(visitor, purpose));
      if (!isOurs) throw new PageError('form-stale', 'Cannot take form: it is of another visit');
    },
  };
}

function visitorOf(c: Context): string | null {
  const visitor = getCookie(c, VISITOR_COOKIE);
  return visitor !== undefined && /^[A-Za-z0-9_-]{43}$/.test(visitor) ? visitor : null;
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [encodeUtf8(a), encodeUtf8(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
