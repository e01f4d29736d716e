// Clerk as the provider of identities, without a network: a session token is checked by the instance's public key,
// and nothing is asked of Clerk. Its sign-in and the renewal of tokens, which last a minute, happen in the browser
// (`lib/components/clerk/`).
//
// A token says no name and no address unless the instance is told to: in Clerk's dashboard, customise the session
// token to {"name": "{{user.full_name}}", "email": "{{user.primary_email_address}}", "organisation": "{{org.name}}"}.

import { createHash } from 'node:crypto';

import { createClerkClient } from '@clerk/backend';
import * as z from 'zod';

import { ConsoleError } from '../error.ts';
import type { Identity, IdentityProvider, Role } from './identity.ts';

export interface ClerkOptions {
  readonly publishableKey: string;
  readonly secretKey: string;
  /** PEM. */
  readonly jwtKey: string;
  /** The console's own: tokens that were made for another page are refused. */
  readonly origin: string;
}

/** Clerk's roles are made in its dashboard; one that is not named here may look. */
const ROLES: Readonly<Record<string, Role>> = {
  'org:admin': 'owner',
  'org:owner': 'owner',
  'org:technician': 'technician',
  'org:reviewer': 'reviewer',
};

const claimsSchema = z.object({
  iss: z.string(),
  sub: z.string().min(1).max(256),
  azp: z.string(),
  iat: z.number(),
  name: z.string().max(1024).nullish(),
  email: z.string().max(1024).nullish(),
  organisation: z.string().max(1024).nullish(),
  /** Minutes since the first and second factor; -1 for one that was not asked for. */
  fva: z.tuple([z.number(), z.number()]).optional(),
});

/** The identities of a Clerk instance. @throws {ConsoleError} code `config` for a key that names no instance */
export function openClerk({
  publishableKey,
  secretKey,
  jwtKey,
  origin,
}: ClerkOptions): IdentityProvider {
  const issuer = `https://${clerkHost(publishableKey)}`;
  const cookieName = `__session_${cookieSuffix(publishableKey)}`;
  const client = createClerkClient({
    ...{ publishableKey, secretKey, jwtKey },
    telemetry: { disabled: true },
  });
  return {
    kind: 'clerk',
    async authenticate(request) {
      const token = tokenOf(request, cookieName);
      if (token === null) return null;
      // A request of our own with nothing but the token: with Clerk's other cookies it might turn to Clerk.
      const headers = { authorization: `Bearer ${token}` };
      const state = await client.authenticateRequest(new Request(origin, { headers }), {
        jwtKey,
        authorizedParties: [origin],
        acceptsToken: 'session_token',
      });
      const auth = state.toAuth();
      if (auth?.userId == null) return null;
      const claims = claimsSchema.safeParse(auth.sessionClaims);
      if (!claims.success || claims.data.iss !== issuer || claims.data.azp !== origin) return null;
      const { orgId, orgSlug, orgRole } = auth;
      return identityOf(claims.data, {
        organisation:
          orgId == null
            ? null
            : { externalId: orgId, name: claims.data.organisation ?? orgSlug ?? orgId },
        role: ROLES[orgRole ?? ''] ?? 'read-only',
      });
    },
  };
}

function identityOf(
  { iss, sub, iat, fva, name, email }: z.infer<typeof claimsSchema>,
  of: Pick<Identity, 'organisation' | 'role'>,
): Identity {
  const [first = 0, second = -1] = fva ?? [];
  return {
    ...{ issuer: iss, subject: sub, name: name ?? sub, email: email ?? '', ...of },
    authTimeMs: (iat - Math.max(0, first) * 60) * 1000,
    methods: second >= 0 ? ['clerk', 'second-factor'] : ['clerk'],
  };
}

/** The session token, under the name that several Clerk instances on one host keep apart, or the plain one. */
function tokenOf(request: Request, cookieName: string): string | null {
  const pairs = (request.headers.get('cookie') ?? '').split(';').map((pair) => pair.trim());
  for (const name of [cookieName, '__session']) {
    const pair = pairs.find((candidate) => candidate.startsWith(`${name}=`));
    if (pair !== undefined) return pair.slice(name.length + 1);
  }
  return null;
}

/**
 * The host of an instance, where its scripts come from and its sign-in asks: a publishable key is
 * `pk_test_<base64 of the host and "$">`.
 * @throws {ConsoleError} code `config` for a key that names no host
 */
export function clerkHost(publishableKey: string): string {
  const [, encoded = ''] = /^pk_(?:test|live)_(.+)$/.exec(publishableKey) ?? [];
  const host = /^([a-z0-9.-]+)\$$/.exec(Buffer.from(encoded, 'base64').toString('utf8'))?.[1];
  if (host !== undefined) return host;
  throw new ConsoleError('config', 'Cannot use Clerk: CLERK_PUBLISHABLE_KEY names no instance');
}

/** The cookies by which Clerk's scripts tell this host who somebody is: without them it is nobody. */
export function isClerkCookie(name: string): boolean {
  return /^__(?:session|client_uat|refresh)(?:_[A-Za-z0-9_-]+)?$/.test(name);
}

/** How Clerk's scripts name their cookies for an instance. */
function cookieSuffix(publishableKey: string): string {
  return createHash('sha1').update(publishableKey).digest('base64url').slice(0, 8);
}
