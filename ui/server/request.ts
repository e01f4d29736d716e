// What handlers of requests share: who asks, and how a refusal becomes an answer.

import { error, fail } from '@sveltejs/kit';

import { ConsoleError, type ConsoleErrorCode } from './error.ts';

/** Code → HTTP status, in one table. */
const STATUS: Readonly<Record<ConsoleErrorCode, number>> = {
  config: 500,
  'store-newer': 500,
  'store-failed': 500,
  'secret-file': 500,
  'not-signed-in': 401,
  'not-allowed': 403,
  'not-found': 404,
  conflict: 409,
  invalid: 400,
  expired: 410,
  'too-many': 429,
  identity: 502,
};

export function statusOf(code: ConsoleErrorCode): number {
  return STATUS[code];
}

const READING: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/**
 * Whether a page of somewhere else asks for a change. SvelteKit looks at the three types that a form can have; a page can
 * send a body of no type as well. What is no browser names no origin, and carries no cookie that it was not given.
 */
export function isForged({ method, headers }: Request, origin: string): boolean {
  if (READING.includes(method)) return false;
  const named = headers.get('origin');
  if (named !== null) return named !== origin;
  return ['cross-site', 'same-site'].includes(headers.get('sec-fetch-site') ?? '');
}

/** Who asks. @throws SvelteKit's 401 when nobody is signed in, 403 for somebody who does not belong here */
export function actorOf(locals: App.Locals): NonNullable<App.Locals['actor']> {
  if (locals.refusal !== null) error(403, { message: locals.refusal });
  if (locals.actor === null) error(401, { message: 'Sign in first' });
  return locals.actor;
}

/**
 * Runs what a load needs; a refusal becomes the page's error.
 * @throws SvelteKit's error with the code's status, or what else was thrown
 */
export async function orError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof ConsoleError) error(statusOf(cause.code), { message: cause.message });
    throw cause;
  }
}

/** Runs a form's action; a refusal goes back to the form with what was entered, never with a secret. */
export async function orFail<T, V extends Record<string, unknown>>(
  work: () => Promise<T>,
  entered: V,
) {
  try {
    return await work();
  } catch (cause) {
    if (!(cause instanceof ConsoleError)) throw cause;
    return fail(statusOf(cause.code), { problem: cause.message, code: cause.code, entered });
  }
}

/** A form's text field; '' when it is missing or a file. */
export function textOf(form: FormData, name: string): string {
  const value = form.get(name);
  return typeof value === 'string' ? value : '';
}
