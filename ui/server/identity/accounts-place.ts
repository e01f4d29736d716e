// What the parts of the built-in accounts have in common.

import * as z from 'zod';

import type { Store } from '../store/store.ts';
import { ask, type Cookie, type Visitor } from './ask.ts';
import { type Auth, MAX_PASSWORD_CHARS, MIN_PASSWORD_CHARS } from './auth.ts';

/** Who says so, in an identity of this provider. */
export const BUILT_IN = 'built-in';

export const passwordSchema = z
  .string()
  .min(MIN_PASSWORD_CHARS, `must have at least ${MIN_PASSWORD_CHARS} characters`)
  .max(MAX_PASSWORD_CHARS, `must have at most ${MAX_PASSWORD_CHARS} characters`);

export const emailSchema = z.email('must be a mail address').max(254).toLowerCase();

/** What the parts of the accounts work with. */
export interface AccountsPlace {
  readonly store: Store;
  readonly auth: Auth;
  readonly origin: string;
  readonly now: () => number;
  /** better-auth within a transaction: what it does is kept or undone with all the rest. */
  within(db: Store['db']): Auth;
}

const userSchema = z.object({ user: z.object({ id: z.string() }) });

/** Signs somebody up within a transaction, and answers their id. For who was let in already. */
export async function signUpWithin(
  { auth, origin }: { auth: Auth; origin: string },
  visitor: Visitor,
  body: { name: string; email: string; password: string },
): Promise<{ userId: string; cookies: Cookie[] }> {
  const answer = await ask({ auth, origin }, visitor, { path: '/sign-up/email', body });
  return { userId: userSchema.parse(answer.body).user.id, cookies: answer.cookies };
}
