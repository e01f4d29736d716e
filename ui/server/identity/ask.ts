// Asks better-auth something on behalf of a visitor, as a request of its own: with the visitor's cookies, origin and
// address and nothing else of theirs, at a path that we name.

import { APIError } from 'better-auth/api';
import * as z from 'zod';

import { ConsoleError, type ConsoleErrorCode } from '../error.ts';
import { ADDRESS_HEADER, type Auth, AUTH_PATH } from './auth.ts';

/** Who asks, over HTTP. */
export interface Visitor {
  readonly request: Request;
  /** Their address, as the server or a trusted proxy tells it. */
  readonly address: string;
}

/** A cookie to set. Its value is encoded already: set it with `encode: (value) => value`. */
export interface Cookie {
  readonly name: string;
  readonly value: string;
  readonly path: string;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly sameSite: 'lax' | 'strict' | 'none';
  /** Seconds; 0 removes it. Absent: until the browser is closed. */
  readonly maxAge?: number;
}

type PostPath =
  | '/sign-up/email'
  | '/sign-in/email'
  | '/sign-out'
  | '/change-password'
  | `/two-factor/${'enable' | 'disable' | 'verify-totp' | 'verify-backup-code'}`
  | `/passkey/${'verify-registration' | 'verify-authentication' | 'delete-passkey'}`;
type GetPath =
  `/passkey/${'generate-register-options' | 'generate-authenticate-options' | 'list-user-passkeys'}`;

export type Question =
  | { readonly path: PostPath; readonly body: Readonly<Record<string, unknown>> }
  | { readonly path: GetPath };

/** What is passed on of a visitor's headers: what sessions and the checks against forged requests need. */
const PASSED_ON = [
  'cookie',
  'origin',
  'referer',
  'sec-fetch-site',
  'sec-fetch-mode',
  'sec-fetch-dest',
  'user-agent',
] as const;

/**
 * Asks, and answers what better-auth said with the cookies that it sets.
 * @throws {ConsoleError} a code by what it refused, `too-many` over its limits, `identity` when it failed
 */
export async function ask(
  { auth, origin }: { auth: Auth; origin: string },
  visitor: Visitor,
  question: Question,
): Promise<{ body: unknown; cookies: Cookie[] }> {
  const headers = new Headers({ [ADDRESS_HEADER]: visitor.address });
  for (const name of PASSED_ON) {
    const value = visitor.request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const url = `${origin}${AUTH_PATH}${question.path}`;
  const response = await auth.handler(requestOf(url, { headers, question })).catch(rethrow);
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw refusalOf(response.status, body);
  return { body, cookies: response.headers.getSetCookie().map(parseCookie) };
}

function requestOf(
  url: string,
  { headers, question }: { headers: Headers; question: Question },
): Request {
  if (!('body' in question)) return new Request(url, { headers });
  headers.set('content-type', 'application/json');
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(question.body) });
}

function rethrow(error: unknown): never {
  if (error instanceof APIError) throw refusalOf(error.statusCode, error.body);
  throw new ConsoleError('identity', 'Cannot ask for accounts: they are out of order', {
    cause: error,
  });
}

const refusalSchema = z.object({ code: z.string().optional(), message: z.string().optional() });

/** What the codes that people meet mean; the rest goes by its status. */
const MEANINGS: Readonly<Record<string, [code: ConsoleErrorCode, message: string]>> = {
  INVALID_EMAIL_OR_PASSWORD: ['not-signed-in', 'Cannot sign in: address or password is wrong'],
  INVALID_PASSWORD: ['not-signed-in', 'Cannot go on: the password is wrong'],
  INVALID_CODE: ['not-signed-in', 'Cannot sign in: the code is wrong or too old'],
  INVALID_BACKUP_CODE: ['not-signed-in', 'Cannot sign in: the backup code is wrong or was used'],
  INVALID_TWO_FACTOR_COOKIE: ['expired', 'Cannot sign in: it took too long, begin again'],
  TOO_MANY_ATTEMPTS_REQUEST_NEW_CODE: ['too-many', 'Cannot sign in: too many wrong codes'],
  ACCOUNT_TEMPORARILY_LOCKED: ['too-many', 'Cannot sign in: too many wrong codes, wait a while'],
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: [
    'conflict',
    'Cannot sign up: this address has an account',
  ],
  TOTP_ALREADY_ENABLED: ['conflict', 'Cannot set up codes: they are set up already'],
  CHALLENGE_NOT_FOUND: ['expired', 'Cannot use sign-in passkey: it took too long, begin again'],
  PASSKEY_NOT_FOUND: ['not-signed-in', 'Cannot use sign-in passkey: it is not known here'],
  AUTHENTICATION_FAILED: ['not-signed-in', 'Cannot use sign-in passkey: its answer does not hold'],
  USER_NOT_VERIFIED: [
    'not-signed-in',
    'Cannot use sign-in passkey: it did not ask for PIN, finger or face',
  ],
  SESSION_NOT_FRESH: ['not-signed-in', 'Cannot go on: sign in again first'],
};

function refusalOf(status: number, body: unknown): ConsoleError {
  const { code = '', message = 'refused' } = refusalSchema.safeParse(body).data ?? {};
  const meaning = MEANINGS[code];
  if (meaning !== undefined) return new ConsoleError(...meaning);
  return new ConsoleError(codeOf(status), `Cannot go on: ${message.replace(/\.$/, '')}`);
}

function codeOf(status: number): ConsoleErrorCode {
  if (status === 401) return 'not-signed-in';
  if (status === 403) return 'not-allowed';
  if (status === 404) return 'not-found';
  if (status === 429) return 'too-many';
  return status < 500 ? 'invalid' : 'identity';
}

/** `name=value; Max-Age=43200; Path=/; HttpOnly; SameSite=Lax`, as better-auth writes it. */
function parseCookie(header: string): Cookie {
  const [pair = '', ...rest] = header.split(';').map((part) => part.trim());
  const split = pair.indexOf('=');
  const attributes = new Map(
    rest.map((part) => {
      const [name = '', value = ''] = part.split('=');
      return [name.toLowerCase(), value];
    }),
  );
  const maxAge = attributes.get('max-age');
  return {
    name: pair.slice(0, split),
    value: pair.slice(split + 1),
    path: attributes.get('path') ?? '/',
    httpOnly: attributes.has('httponly'),
    secure: attributes.has('secure'),
    sameSite: z
      .enum(['lax', 'strict', 'none'])
      .parse(attributes.get('samesite')?.toLowerCase() ?? 'lax'),
    ...(maxAge === undefined ? {} : { maxAge: Number(maxAge) }),
  };
}
