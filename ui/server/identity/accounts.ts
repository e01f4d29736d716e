// Built-in accounts: the provider of identities that needs nobody else. Sign-in is by password, with a second factor
// where a person set one up, or by a sign-in passkey. Roles are kept here; what they may do, the directory says.

import * as z from 'zod';

import { nameSchema, parseInput } from '../directory-actor.ts';
import { ConsoleError } from '../error.ts';
import type { Store } from '../store/store.ts';
import { ask, type Cookie, type Visitor } from './ask.ts';
import {
  type AccountsPlace,
  BUILT_IN,
  emailSchema,
  passwordSchema,
  signUpWithin,
} from './accounts-place.ts';
import { createAuth, MAX_PASSWORD_CHARS } from './auth.ts';
import { authTables } from './auth-tables.ts';
import { CONSOLE_ROLES, type Identity, type IdentityProvider } from './identity.ts';
import { type Membership, membership } from './membership.ts';
import { type SignInMethods, signInMethods } from './sign-in-methods.ts';

const foundSchema = z.strictObject({
  name: nameSchema,
  email: emailSchema,
  password: passwordSchema,
  organisation: nameSchema,
});

const signInSchema = z.strictObject({
  email: z.string().max(254),
  password: z.string().max(MAX_PASSWORD_CHARS),
});

const codeSchema = z.strictObject({
  kind: z.enum(['code', 'backup-code']),
  code: z.string().trim().min(1).max(32),
});

export type Founding = 'first' | 'open' | 'closed';

export interface Accounts extends IdentityProvider, Membership, SignInMethods {
  readonly kind: 'built-in';
  /** Whether an organisation may be founded now: as the first of all, beside others, or not at all. */
  founding(): Promise<Founding>;
  /**
   * Makes the first account and its organisation, both or neither, and signs its owner in.
   * @throws {ConsoleError} code `not-allowed` when there is one and sign-up is not open
   */
  found(visitor: Visitor, input: z.input<typeof foundSchema>): Promise<{ cookies: Cookie[] }>;
  /** `second-factor`: a code is asked for next; the cookies say of whom. */
  signIn(
    visitor: Visitor,
    input: z.input<typeof signInSchema>,
  ): Promise<{ kind: 'signed-in' | 'second-factor'; cookies: Cookie[] }>;
  verifySecondFactor(
    visitor: Visitor,
    input: z.input<typeof codeSchema>,
  ): Promise<{ cookies: Cookie[] }>;
  signOut(visitor: Visitor): Promise<{ cookies: Cookie[] }>;
  /** Ends every other session of theirs. */
  changePassword(
    visitor: Visitor,
    input: { password: string; newPassword: string },
  ): Promise<{ cookies: Cookie[] }>;
}

export interface AccountsOptions {
  readonly store: Store;
  readonly origin: string;
  readonly secret: string;
  readonly signUp: 'first' | 'open';
  readonly now?: () => number;
}

/** Opens the accounts in a store. They hold nothing themselves. */
export function openAccounts({
  store,
  origin,
  secret,
  signUp,
  now = Date.now,
}: AccountsOptions): Accounts {
  const { kind } = store;
  const within = (db: Store['db']) => createAuth({ db, kind, origin, secret });
  const place: AccountsPlace = { store, auth: within(store.db), origin, now, within };
  return {
    kind: BUILT_IN,
    authenticate: (request) => authenticate(place, request),
    founding: () => foundingOf(store.db, signUp),
    found: (visitor, input) => found(place, { visitor, input, signUp }),
    async signIn(visitor, input) {
      const body = parseInput(signInSchema, input);
      const answer = await ask(place, visitor, { path: '/sign-in/email', body });
      const { twoFactorRedirect: isAsked } = answerSchema.parse(answer.body);
      return { kind: isAsked ? 'second-factor' : 'signed-in', cookies: answer.cookies };
    },
    async verifySecondFactor(visitor, input) {
      const { kind: of, code } = parseInput(codeSchema, input);
      const path = of === 'code' ? 'verify-totp' : 'verify-backup-code';
      return cookiesOf(ask(place, visitor, { path: `/two-factor/${path}`, body: { code } }));
    },
    signOut: (visitor) => cookiesOf(ask(place, visitor, { path: '/sign-out', body: {} })),
    async changePassword(visitor, { password, newPassword }) {
      const wanted = parseInput(passwordSchema, newPassword);
      const current = parseInput(signInSchema.shape.password, password);
      const body = { currentPassword: current, newPassword: wanted, revokeOtherSessions: true };
      return cookiesOf(ask(place, visitor, { path: '/change-password', body }));
    },
    ...membership(place),
    ...signInMethods(place),
  };
}

const answerSchema = z.object({ twoFactorRedirect: z.boolean().default(false) });
async function authenticate(
  { store, auth }: AccountsPlace,
  request: Request,
): Promise<Identity | null> {
  const cookie = request.headers.get('cookie');
  if (cookie === null) return null;
  const found = await auth.session(cookie).catch((cause: unknown) => {
    throw new ConsoleError('identity', 'Cannot look up session: accounts are out of order', {
      cause,
    });
  });
  if (found === null) return null;
  const { user, session } = found;
  const member = await authTables(store.db)
    .selectFrom('auth_member')
    .innerJoin('auth_organization', 'auth_organization.id', 'auth_member.organizationId')
    .select(['auth_organization.id', 'auth_organization.name', 'auth_member.role'])
    .where('auth_member.userId', '=', user.id)
    .executeTakeFirst();
  return {
    ...{ issuer: BUILT_IN, subject: user.id, name: user.name, email: user.email },
    organisation: member === undefined ? null : { externalId: member.id, name: member.name },
    role: member === undefined ? 'read-only' : z.enum(CONSOLE_ROLES).parse(member.role),
    authTimeMs: session.createdAt.getTime(),
    methods: (session.methods ?? 'password').split(' '),
  };
}

async function found(
  place: AccountsPlace,
  {
    visitor,
    input,
    signUp,
  }: { visitor: Visitor; input: z.input<typeof foundSchema>; signUp: 'first' | 'open' },
): Promise<{ cookies: Cookie[] }> {
  const { organisation, ...person } = parseInput(foundSchema, input);
  return place.store.alone(async (db) => {
    if ((await foundingOf(db, signUp)) === 'closed') {
      throw new ConsoleError(
        'not-allowed',
        'Cannot found organisation: this console has one; ask its owner for an invitation',
      );
    }
    const auth = place.within(db);
    const { userId, cookies } = await signUpWithin({ auth, origin: place.origin }, visitor, person);
    await auth.createOrganisation({ name: organisation, slug: crypto.randomUUID(), userId });
    return { cookies };
  });
}

async function foundingOf(db: Store['db'], signUp: 'first' | 'open'): Promise<Founding> {
  const others = await Promise.all([
    authTables(db).selectFrom('auth_organization').select('id').limit(1).execute(),
    db.selectFrom('organisation').select('id').limit(1).execute(),
  ]);
  if (others.every((rows) => rows.length === 0)) return 'first';
  return signUp === 'open' ? 'open' : 'closed';
}

async function cookiesOf(answer: Promise<{ cookies: Cookie[] }>): Promise<{ cookies: Cookie[] }> {
  return { cookies: (await answer).cookies };
}
