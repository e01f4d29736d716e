// better-auth, set up as we want it: password, second factor and sign-in passkeys, organisations; nothing by mail,
// nothing from other providers. Its HTTP interface is not served: `ask.ts` calls the few paths that we use, so that
// its rate limits and origin checks hold for them.

import { passkey } from '@better-auth/passkey';
import { betterAuth, type BetterAuthOptions } from 'better-auth';
import { APIError } from 'better-auth/api';
import { createAccessControl } from 'better-auth/plugins/access';
import { organization } from 'better-auth/plugins/organization';
import { twoFactor } from 'better-auth/plugins/two-factor';
import type { Kysely } from 'kysely';
import * as z from 'zod';

import type { StoreKind } from '../store/lock.ts';
import type { Schema } from '../store/schema.ts';
import type { Role } from './identity.ts';

export const MIN_PASSWORD_CHARS = 12;
export const MAX_PASSWORD_CHARS = 256;
/** A sign-in lasts a working day, and is not drawn out. */
const SESSION_S = 12 * 3600;
/** Who adds a passkey has signed in lately. */
const FRESH_S = 3600;
const MAX_MEMBERS = 1000;

/** In which header `ask.ts` tells the visitor's address. Nobody else's requests come here. */
export const ADDRESS_HEADER = 'x-caisey-address';
export const AUTH_PATH = '/api/auth';

/** What we use of better-auth. */
export interface Auth {
  handler(request: Request): Promise<Response>;
  /** The session of a cookie header that is in force, or null. */
  session(cookie: string): Promise<AuthSession | null>;
  createOrganisation(input: { name: string; slug: string; userId: string }): Promise<void>;
  addMember(input: { organisationId: string; userId: string; role: Role }): Promise<void>;
}

const sessionSchema = z.object({
  session: z.object({ createdAt: z.coerce.date(), methods: z.string().nullish() }),
  user: z.object({
    ...{ id: z.string(), name: z.string(), email: z.string() },
    twoFactorEnabled: z.boolean().nullish(),
  }),
});
export type AuthSession = z.infer<typeof sessionSchema>;

export interface AuthPlace {
  /** The store, or a transaction on it in which all of this is to happen. */
  readonly db: Kysely<Schema>;
  readonly kind: StoreKind;
  readonly origin: string;
  readonly secret: string;
}

/** Sets better-auth up over a database. */
export function createAuth(place: AuthPlace): Auth {
  const options = authOptions(place);
  const auth = betterAuth(options);
  return {
    handler: (request) => auth.handler(request),
    async session(cookie) {
      const found = await auth.api.getSession({ headers: new Headers({ cookie }) });
      return found === null ? null : sessionSchema.parse(found);
    },
    async createOrganisation(body) {
      await auth.api.createOrganization({ body });
    },
    async addMember({ organisationId, userId, role }) {
      await auth.api.addMember({ body: { organizationId: organisationId, userId, role } });
    },
  };
}

/** The options: a test compares the tables that they want with those that our migrations make. */
export function authOptions({ db, kind, origin, secret }: AuthPlace) {
  const { protocol, hostname } = new URL(origin);
  return {
    appName: 'Caisey',
    baseURL: origin,
    basePath: AUTH_PATH,
    secret,
    database: { db, type: kind },
    trustedOrigins: [origin],
    telemetry: { enabled: false },
    logger: { disabled: true }, // what goes wrong is thrown, to be logged once, at the top
    onAPIError: { throw: true },
    emailAndPassword: {
      enabled: true,
      minPasswordLength: MIN_PASSWORD_CHARS,
      maxPasswordLength: MAX_PASSWORD_CHARS,
      revokeSessionsOnPasswordReset: true,
    },
    user: { modelName: 'auth_user' },
    session: {
      modelName: 'auth_session',
      expiresIn: SESSION_S,
      disableSessionRefresh: true,
      freshAge: FRESH_S,
      additionalFields: { methods: { type: 'string', required: false, input: false } },
    },
    account: { modelName: 'auth_account', accountLinking: { enabled: false } },
    verification: { modelName: 'auth_verification' },
    rateLimit: { enabled: true, storage: 'database', modelName: 'auth_rate_limit' },
    databaseHooks: {
      session: {
        create: {
          before: async (session, context) => ({
            data: { ...session, methods: methodsOf(context?.path) },
          }),
        },
      },
    },
    advanced: {
      cookiePrefix: 'caisey',
      useSecureCookies: protocol === 'https:',
      ipAddress: { ipAddressHeaders: [ADDRESS_HEADER] },
      database: { validateSchema: false }, // our migrations make it; within a transaction it cannot be looked at
      disableCSRFCheck: false, // in so many words: the library lets go of both where it believes itself tested
      disableOriginCheck: false,
    },
    plugins: [organisations(), secondFactor(), signInPasskeys({ origin, rpId: hostname })],
  } satisfies BetterAuthOptions;
}

function organisations() {
  const access = createAccessControl({ organization: ['read'] });
  const role = access.newRole({ organization: ['read'] }); // what roles may do, the directory says
  return organization({
    ac: access,
    roles: { owner: role, technician: role, reviewer: role, 'read-only': role } satisfies Record<
      Role,
      unknown
    >,
    creatorRole: 'owner',
    membershipLimit: MAX_MEMBERS,
    schema: {
      organization: { modelName: 'auth_organization' },
      member: { modelName: 'auth_member' },
      invitation: { modelName: 'auth_invitation' },
    },
  });
}

function secondFactor() {
  return twoFactor({ issuer: 'Caisey', schema: { twoFactor: { modelName: 'auth_two_factor' } } });
}

/** A sign-in passkey stands for password and second factor: it must have verified its user. */
function signInPasskeys({ origin, rpId }: { origin: string; rpId: string }) {
  return passkey({
    rpID: rpId,
    rpName: 'Caisey',
    origin,
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    registration: {
      afterVerification: ({ verification: { registrationInfo } }) =>
        checkVerified(registrationInfo?.userVerified === true),
    },
    authentication: {
      afterVerification: ({ verification: { authenticationInfo } }) =>
        checkVerified(authenticationInfo.userVerified),
    },
    schema: { passkey: { modelName: 'auth_passkey' } },
  });
}

function checkVerified(isVerified: boolean): void {
  if (isVerified) return;
  throw new APIError('UNAUTHORIZED', {
    message: 'the sign-in passkey did not ask for PIN, finger or face',
    code: 'USER_NOT_VERIFIED',
  });
}

/** How somebody signed in, by the path that made the session. */
function methodsOf(path: string | undefined): string {
  switch (path) {
    case '/two-factor/verify-totp':
      return 'password code';
    case '/two-factor/verify-backup-code':
      return 'password backup-code';
    case '/passkey/verify-authentication':
      return 'passkey';
    default:
      return 'password';
  }
}
