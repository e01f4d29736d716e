import { createHash } from 'node:crypto';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Claims, testClerk } from '#scripts/testing/clerk-instance.ts';
import type { ConsoleError } from '../error.ts';
import { clerkHost, isClerkCookie, openClerk } from './clerk.ts';
import type { Identity } from './identity.ts';

const ORIGIN = 'https://console.example';
const INSTANCE = 'clerk.msp.example';
const { token, publishableKey: PUBLISHABLE, jwtKey: JWT_KEY } = testClerk(ORIGIN, INSTANCE);
const { privateKey: otherKey } = testClerk(ORIGIN, INSTANCE);

const provider = openClerk({
  ...{ publishableKey: PUBLISHABLE, secretKey: 'sk_test_of_no_use', jwtKey: JWT_KEY },
  origin: ORIGIN,
});

const NOW_S = Math.floor(Date.now() / 1000);

const PERSON = {
  ...{ iss: `https://${INSTANCE}`, sub: 'user_1', sid: 'sess_1', azp: ORIGIN },
  ...{ iat: NOW_S - 10, nbf: NOW_S - 20, exp: NOW_S + 50 },
};
const V1 = { ...PERSON, org_id: 'org_1', org_slug: 'msp', org_role: 'org:admin' };
const V2 = { ...PERSON, v: 2, o: { id: 'org_1', slg: 'msp', rol: 'admin' } };

/** What the provider says of a request, which must not have touched the network. */
async function ask(cookie: string | null): Promise<Identity | null> {
  const before = globalThis.fetch;
  let calls = 0;
  globalThis.fetch = async () => {
    calls += 1;
    throw new Error('the network is off');
  };
  try {
    const headers = new Headers(cookie === null ? {} : { cookie });
    return await provider.authenticate(new Request(`${ORIGIN}/fleet`, { headers }));
  } finally {
    globalThis.fetch = before;
    assert.is(calls, 0);
  }
}

const askWith = (claims: Claims) => ask(`__session=${token(claims)}`);

const clerk = suite('openClerk()');

clerk('reads organisation and role from claims of version 1 and 2 alike', async () => {
  for (const claims of [V1, V2]) {
    const identity = await askWith({ ...claims, name: 'Olga', email: 'olga@msp.example' });
    assert.equal(identity, {
      ...{ issuer: `https://${INSTANCE}`, subject: 'user_1', role: 'owner' },
      ...{ name: 'Olga', email: 'olga@msp.example', methods: ['clerk'] },
      organisation: { externalId: 'org_1', name: 'msp' },
      authTimeMs: (NOW_S - 10) * 1000,
    });
  }
});

clerk('maps roles, and lets one that it does not know only look', async () => {
  for (const [name, role] of [
    ['admin', 'owner'],
    ['owner', 'owner'],
    ['technician', 'technician'],
    ['reviewer', 'reviewer'],
    ['member', 'read-only'],
    ['superuser', 'read-only'],
  ]) {
    const v1 = await askWith({ ...V1, org_role: `org:${name ?? ''}` });
    const v2 = await askWith({ ...V2, o: { ...V2.o, rol: name } });
    assert.is(v1?.role, role, name);
    assert.is(v2?.role, role, name);
  }
});

clerk('knows who belongs to no organisation, and which of several is meant', async () => {
  const alone = await askWith(PERSON);
  assert.is(alone?.organisation, null);
  assert.is(alone?.role, 'read-only');
  const other = await askWith({ ...V2, o: { id: 'org_2', slg: 'other', rol: 'technician' } });
  assert.equal(other?.organisation, { externalId: 'org_2', name: 'other' });
  const named = await askWith({ ...V2, organisation: 'Acme IT' });
  assert.equal(named?.organisation, { externalId: 'org_1', name: 'Acme IT' });
});

clerk('counts the sign-in from the first factor, and says whether there was a second', async () => {
  const identity = await askWith({ ...V2, fva: [30, 5] });
  assert.is(identity?.authTimeMs, (NOW_S - 10 - 30 * 60) * 1000);
  assert.equal(identity?.methods, ['clerk', 'second-factor']);
  assert.equal((await askWith({ ...V2, fva: [0, -1] }))?.methods, ['clerk']);
});

clerk('refuses every token that is not for this console, now, from its instance', async () => {
  const refused: Readonly<Record<string, string | null>> = {
    'no cookie': null,
    'an empty cookie': '__session=',
    nonsense: '__session=nonsense',
    expired: `__session=${token({ ...V2, exp: NOW_S - 60 })}`,
    'not valid yet': `__session=${token({ ...V2, nbf: NOW_S + 60 })}`,
    'another issuer': `__session=${token({ ...V2, iss: 'https://clerk.evil.example' })}`,
    'no issuer': `__session=${token({ ...V2, iss: undefined })}`,
    'another page': `__session=${token({ ...V2, azp: 'https://evil.example' })}`,
    'no page': `__session=${token({ ...V2, azp: undefined })}`,
    'another key': `__session=${token(V2, { key: otherKey })}`,
    'algorithm none': `__session=${token(V2, { alg: 'none' })}`,
    'algorithm HS256': `__session=${token(V2, { alg: 'HS256' })}`,
    'no subject': `__session=${token({ ...V2, sub: undefined })}`,
    'a session that is pending': `__session=${token({ ...V2, sts: 'pending' })}`,
    'changed claims': `__session=${changed()}`,
  };
  for (const [what, cookie] of Object.entries(refused)) {
    assert.is(await ask(cookie), null, what);
  }
});

clerk("does not turn to Clerk for cookies that would have Clerk's own handler do so", async () => {
  const stale = token({ ...V2, exp: NOW_S - 60 });
  const more = [
    '__client_uat=9999999999',
    '__clerk_db_jwt=x',
    '__refresh_x=y',
    '__clerk_handshake=z',
  ];
  assert.is(await ask([`__session=${stale}`, ...more].join('; ')), null);
  assert.is(await ask(more.join('; ')), null);
});

clerk("prefers the cookie of its own instance to another's on the same host", async () => {
  const suffix = createHash('sha1').update(PUBLISHABLE).digest('base64url').slice(0, 8);
  const others = token({ ...V2, iss: 'https://other.example' }, { key: otherKey });
  const cookie = `__session=${others}; __session_${suffix}=${token(V2)}`;
  assert.is((await ask(cookie))?.subject, 'user_1');
});

clerk('refuses a publishable key that names no instance', () => {
  const open = () =>
    openClerk({ publishableKey: 'pk_test_x', secretKey: 's', jwtKey: JWT_KEY, origin: ORIGIN });
  assert.throws(open, (error: unknown) => (error as ConsoleError).code === 'config');
});

clerk.run();

const host = suite('clerkHost()');

host('clerkHost() reads the host of an instance, and refuses what names none', () => {
  assert.is(clerkHost(PUBLISHABLE), INSTANCE);
  for (const text of ['evil.example', 'evil.example/x$', "x'; script-src *$", '$', '']) {
    const key = `pk_live_${Buffer.from(text).toString('base64')}`;
    assert.throws(
      () => clerkHost(key),
      (error: unknown) => (error as ConsoleError).code === 'config',
      text,
    );
  }
});

host.run();

const cookies = suite('isClerkCookie()');

cookies('isClerkCookie() knows what makes a browser somebody, and nothing of ours', () => {
  const theirs = ['__session', '__session_Ab-9_xYz', '__client_uat', '__client_uat_Ab-9_xYz'];
  for (const name of theirs) assert.ok(isClerkCookie(name), name);
  for (const name of ['caisey.session_token', 'theme', 'x__session', '__sessions']) {
    assert.not(isClerkCookie(name), name);
  }
});

cookies.run();

function changed(): string {
  const [head = '', , signature = ''] = token(V2).split('.');
  const claims = { ...V2, o: { ...V2.o, id: 'org_2' } };
  return [head, Buffer.from(JSON.stringify(claims)).toString('base64url'), signature].join('.');
}
