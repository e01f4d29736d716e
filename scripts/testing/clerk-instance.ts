// A Clerk instance as far as a console without a network knows one: its keys, and the session tokens that it signs.

import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

/** Claims of a session token. */
export type Claims = Readonly<Record<string, unknown>>;

/** An instance whose keys were made here. */
export interface TestClerk {
  readonly host: string;
  readonly publishableKey: string;
  /** PEM. */
  readonly jwtKey: string;
  readonly privateKey: KeyObject;
  /** What a console is told of it. */
  readonly env: Readonly<Record<string, string>>;
  /** Claims of version 2 of somebody in the organisation `org_1`, now. */
  claims(more?: Claims): Claims;
  /** Signs claims, as this instance would unless told otherwise. */
  token(claims: Claims, how?: { key?: KeyObject; alg?: string }): string;
}

/** Makes an instance for a console at `origin`. */
export function testClerk(origin: string, host = 'clerk.msp.example'): TestClerk {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwtKey = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const publishableKey = `pk_test_${Buffer.from(`${host}$`).toString('base64')}`;
  return {
    ...{ host, publishableKey, jwtKey, privateKey },
    env: {
      CLERK_PUBLISHABLE_KEY: publishableKey,
      CLERK_SECRET_KEY: 'sk_test_of_no_use',
      CLERK_JWT_KEY: jwtKey.replaceAll('\n', '\\n'),
    },
    claims: (more = {}) => {
      const nowS = Math.floor(Date.now() / 1000);
      return {
        ...{ v: 2, iss: `https://${host}`, sub: 'user_1', sid: 'sess_1', azp: origin },
        ...{ iat: nowS - 10, nbf: nowS - 20, exp: nowS + 3600 },
        ...{ name: 'Olga Owner', email: 'olga@msp.example' },
        o: { id: 'org_1', slg: 'msp', rol: 'admin' },
        ...more,
      };
    },
    token: (claims, { key = privateKey, alg = 'RS256' } = {}) => {
      const head = { alg, typ: 'JWT', kid: 'ins_1' };
      const text = [head, claims].map((part) => base64url(JSON.stringify(part))).join('.');
      return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
    },
  };
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
