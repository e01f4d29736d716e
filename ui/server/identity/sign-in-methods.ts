// How a person signs in besides the password: codes from an authenticator app, and passkeys for signing in. These
// passkeys are not signing keys: no statement is ever signed with one.

import * as z from 'zod';

import { nameSchema, parseInput } from '../directory-actor.ts';
import type { AccountsPlace } from './accounts-place.ts';
import { ask, type Cookie, type Visitor } from './ask.ts';
import { MAX_PASSWORD_CHARS } from './auth.ts';

const currentPassword = z.string().max(MAX_PASSWORD_CHARS);
const codeSchema = z
  .string()
  .trim()
  .regex(/^\d{6}$/, 'must have six digits');
/** What a browser's `navigator.credentials` answered, as JSON; the library parses it. */
const credentialSchema = z.looseObject({ id: z.string().max(2048) });

const enrolledSchema = z.object({ totpURI: z.string(), backupCodes: z.array(z.string()) });
const passkeysSchema = z.array(
  z.object({ id: z.string(), name: z.string().nullish(), createdAt: z.coerce.date().nullish() }),
);
const optionsSchema = z.looseObject({ challenge: z.string() });

export interface SignInPasskey {
  readonly id: string;
  readonly name: string;
  readonly createdAt: string | null;
}

/** Setting up and using other ways to sign in; each for the visitor who is signed in, unless it says otherwise. */
export interface SignInMethods {
  /** Whether a code is asked for at their sign-in. */
  hasSecondFactor(visitor: Visitor): Promise<boolean>;
  /** Begins: the codes count from `confirmSecondFactor` on. */
  enrolSecondFactor(
    visitor: Visitor,
    input: { password: string },
  ): Promise<{ uri: string; backupCodes: string[]; cookies: Cookie[] }>;
  confirmSecondFactor(visitor: Visitor, input: { code: string }): Promise<{ cookies: Cookie[] }>;
  dropSecondFactor(visitor: Visitor, input: { password: string }): Promise<{ cookies: Cookie[] }>;
  /** Options for `navigator.credentials.create`, as JSON. */
  passkeyCreation(visitor: Visitor): Promise<{ options: unknown; cookies: Cookie[] }>;
  addPasskey(
    visitor: Visitor,
    input: { response: unknown; name: string },
  ): Promise<{ cookies: Cookie[] }>;
  /** Options for `navigator.credentials.get`, as JSON, for anybody: it names no credential. */
  passkeyChallenge(visitor: Visitor): Promise<{ options: unknown; cookies: Cookie[] }>;
  /** For anybody. */
  signInByPasskey(visitor: Visitor, input: { response: unknown }): Promise<{ cookies: Cookie[] }>;
  passkeys(visitor: Visitor): Promise<SignInPasskey[]>;
  removePasskey(visitor: Visitor, passkeyId: string): Promise<void>;
}

/** Makes the part of the accounts that is about ways to sign in. */
export function signInMethods(place: AccountsPlace): SignInMethods {
  return {
    async hasSecondFactor({ request }) {
      const found = await place.auth.session(request.headers.get('cookie') ?? '');
      return found?.user.twoFactorEnabled ?? false;
    },
    async enrolSecondFactor(visitor, { password }) {
      const body = { password: parseInput(currentPassword, password) };
      const answer = await ask(place, visitor, { path: '/two-factor/enable', body });
      const { totpURI: uri, backupCodes } = enrolledSchema.parse(answer.body);
      return { uri, backupCodes, cookies: answer.cookies };
    },
    async confirmSecondFactor(visitor, { code }) {
      const body = { code: parseInput(codeSchema, code) };
      const { cookies } = await ask(place, visitor, { path: '/two-factor/verify-totp', body });
      return { cookies };
    },
    async dropSecondFactor(visitor, { password }) {
      const body = { password: parseInput(currentPassword, password) };
      const { cookies } = await ask(place, visitor, { path: '/two-factor/disable', body });
      return { cookies };
    },
    async passkeyCreation(visitor) {
      const answer = await ask(place, visitor, { path: '/passkey/generate-register-options' });
      return { options: optionsSchema.parse(answer.body), cookies: answer.cookies };
    },
    async addPasskey(visitor, input) {
      const response = parseInput(credentialSchema, input.response);
      const name = parseInput(nameSchema, input.name);
      const body = { response, name };
      const { cookies } = await ask(place, visitor, { path: '/passkey/verify-registration', body });
      return { cookies };
    },
    async passkeyChallenge(visitor) {
      const answer = await ask(place, visitor, { path: '/passkey/generate-authenticate-options' });
      const { allowCredentials: _, ...options } = optionsSchema.parse(answer.body);
      return { options: { ...options, userVerification: 'required' }, cookies: answer.cookies };
    },
    async signInByPasskey(visitor, input) {
      const body = { response: parseInput(credentialSchema, input.response) };
      const path = '/passkey/verify-authentication';
      const { cookies } = await ask(place, visitor, { path, body });
      return { cookies };
    },
    async passkeys(visitor) {
      const { body } = await ask(place, visitor, { path: '/passkey/list-user-passkeys' });
      return passkeysSchema.parse(body).map(({ id, name, createdAt }) => ({
        id,
        name: name ?? 'Passkey',
        createdAt: createdAt?.toISOString() ?? null,
      }));
    },
    async removePasskey(visitor, passkeyId) {
      const body = { id: parseInput(z.string().max(64), passkeyId) };
      await ask(place, visitor, { path: '/passkey/delete-passkey', body });
    },
  };
}
