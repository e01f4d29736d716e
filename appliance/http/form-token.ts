// Proof that a form came from a page that this visitor was shown (against cross-site request forgery), and that it does
// what it asks for once: a cookie with a random visitor id, and in each form a token of its own,
//
//   number || "." || HMAC-SHA-256(key of this process, visitor id || NUL || purpose || NUL || number)
//
// The purpose names the request or session, so a token for one decision does not serve another. The number tells one
// loaded form from the next, so that a double click or a reload is known for what it is.

import { timingSafeEqual } from 'node:crypto';

import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { hmacSha256, sha256 } from '#crypto/hash.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { PageError } from './problem.ts';

export const VISITOR_COOKIE = 'caisey-visitor';
/** So many forms that were done are remembered. One that is older than what was forgotten is stale. */
export const MAX_DONE = 1024;

/** A form that was sent. */
export interface SentForm {
  readonly purpose: string;
  readonly token: string;
  /** What it asks for, and in whose name; no PIN. Another content under the same token is another form. */
  readonly asked: Readonly<Record<string, string | null>>;
}

export interface FormTokens {
  /** The token of a form for a purpose, another one each time; gives the visitor the cookie it belongs to. */
  issue(c: Context, purpose: string): string;
  /**
   * Does what a form asks for; answers the path of the page that shows what came of it, as `deed` says it. The same
   * form sent again does nothing: it waits for the first one, and is answered alike. What failed may be sent again.
   * @throws {PageError} code `form-stale` when its token is not of this visitor, purpose and process;
   *   `cookie-missing` when the visitor sends none: the browser takes no cookies, or was closed meanwhile
   * @throws what `deed` throws
   */
  once(c: Context, form: SentForm, deed: () => Promise<string>): Promise<string>;
}

/** Tokens of one process: after a restart the forms that are open must be loaded again. */
export function createFormTokens(): FormTokens {
  const key = randomBytes(32);
  const deeds = new Deeds();
  /** Visitors who come for the first time, by their visit: all forms of one page are for the one cookie. */
  const fresh = new WeakMap<Context, string>();
  let issued = 0;
  const tokenFor = (visitor: string, { purpose, number }: { purpose: string; number: number }) => {
    const mac = hmacSha256(key, encodeUtf8(`${visitor}\0${purpose}\0${number}`));
    return `${number}.${encodeBase64url(mac)}`;
  };

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
      issued += 1;
      return tokenFor(visitor, { purpose, number: issued });
    },
    async once(c, { purpose, token, asked }, deed) {
      const visitor = visitorOf(c);
      if (visitor === null) {
        throw new PageError('cookie-missing', 'Cannot take form: it came without its cookie');
      }
      const number = parseInt(token, 10);
      const isOurs = isSame(token, tokenFor(visitor, { purpose, number }));
      if (!isOurs) throw stale('it is of another visit');
      const content = sha256(encodeUtf8(JSON.stringify([token, asked])));
      return await deeds.once({ number, name: encodeBase64url(content) }, deed);
    },
  };
}

/** What is done, and was done lately. */
class Deeds {
  /** By the form's name, in the order in which they were begun. */
  readonly #known = new Map<string, { readonly number: number; readonly path: Promise<string> }>();
  /** Forms of this number and below may have been forgotten. */
  #forgotten = 0;

  once(
    { number, name }: { number: number; name: string },
    deed: () => Promise<string>,
  ): Promise<string> {
    const known = this.#known.get(name);
    if (known !== undefined) return known.path;
    if (number <= this.#forgotten) throw stale('too many others were sent since');
    const path = deed();
    this.#known.set(name, { number, path });
    path.then(
      () => this.#forget(),
      () => this.#known.delete(name),
    );
    return path;
  }

  #forget(): void {
    for (const [name, { number }] of this.#known) {
      if (this.#known.size <= MAX_DONE) return;
      this.#known.delete(name);
      this.#forgotten = Math.max(this.#forgotten, number);
    }
  }
}

/** What to do about a form that came without its cookie, for the person who sent it. */
export const COOKIE_ADVICE =
  `Please read the page again and try once more. If this comes back, your browser keeps no cookies here: in its ` +
  `settings, allow this address the cookie "${VISITOR_COOKIE}". The page needs it to know your form from a forged one.`;

function stale(state: string): PageError {
  return new PageError('form-stale', `Cannot take form: ${state}`);
}

function visitorOf(c: Context): string | null {
  const visitor = getCookie(c, VISITOR_COOKIE);
  return visitor !== undefined && /^[A-Za-z0-9_-]{43}$/.test(visitor) ? visitor : null;
}

function isSame(a: string, b: string): boolean {
  const [left, right] = [encodeUtf8(a), encodeUtf8(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}
