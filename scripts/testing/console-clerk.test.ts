// The built console with Clerk, which it never asks: who comes in is decided by tokens that a test's own instance
// signs, shown as the cookie that Clerk's scripts would set.

import { posix } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatPersonKey } from '#crypto/person-key.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import { type Claims, type TestClerk, testClerk } from './clerk-instance.ts';
import { openConsoleProcess } from './console-process.ts';

interface Place extends AsyncDisposable {
  readonly clerk: TestClerk;
  /** Asks for a page as the browser of whoever these claims are about; null: nobody's. */
  ask(path: string, who: Claims | null, init?: RequestInit): Promise<Response>;
}

async function openPlace(): Promise<Place> {
  const made: { clerk?: TestClerk } = {};
  const console = await openConsoleProcess((origin) => (made.clerk = testClerk(origin)).env);
  const { clerk } = made;
  if (clerk === undefined) throw new Error('unreachable: the console was told of it');
  return {
    clerk,
    ask(path, who, init = {}) {
      const headers = new Headers(init.headers);
      headers.set('origin', console.origin);
      if (!headers.has('accept')) headers.set('accept', 'text/html');
      if (who !== null) headers.set('cookie', `__session=${clerk.token(who)}`);
      return fetch(`${console.origin}${path}`, { redirect: 'manual', ...init, headers });
    },
    [Symbol.asyncDispose]: () => console[Symbol.asyncDispose](),
  };
}

const test = suite('the built console with Clerk');

test('lets in who shows a token of its instance, and founds their organisation', async () => {
  await using place = await openPlace();
  const { clerk, ask } = place;
  const owner = clerk.claims();
  const door = await ask('/found', null);
  assert.equal([door.status, door.headers.get('location')], [303, '/sign-in']);
  const first = await ask('/', owner);
  assert.equal([first.status, first.headers.get('location')], [303, '/welcome']);
  const welcome = await (await ask('/welcome', owner)).text();
  assert.match(welcome, /Welcome, Olga Owner/);
  assert.match(welcome, /Make your signing key/);
  const signedIn = await ask('/sign-in?to=/settings/account', owner);
  assert.equal([signedIn.status, signedIn.headers.get('location')], [303, '/settings/account']);

  for (const [who, claims] of Object.entries(strangers(clerk))) {
    const refused = await ask('/', claims);
    assert.equal([refused.status, refused.headers.get('location')], [303, '/sign-in?to=%2F'], who);
  }
});

test('says why somebody whom Clerk knows cannot come in, and gives them a way out', async () => {
  await using place = await openPlace();
  const { clerk, ask } = place;
  await ask('/', clerk.claims());
  const others: readonly (readonly [Claims, RegExp])[] = [
    [clerk.claims({ sub: 'user_2', o: undefined }), /you belong to no organisation/],
    [
      clerk.claims({ sub: 'user_3', o: { id: 'org_2', slg: 'other', rol: 'admin' } }),
      /this console is for one organisation/,
    ],
  ];
  for (const [claims, says] of others) {
    assert.is((await ask('/', claims)).status, 303);
    const page = await ask('/sign-in', claims);
    assert.is(page.status, 200);
    assert.match(await page.text(), says);
    assert.is((await ask('/api/events', claims)).status, 403);
    const out = await ask('/sign-out', claims, { method: 'POST', body: new URLSearchParams() });
    assert.equal([out.status, out.headers.get('location')], [303, '/sign-in']);
    assert.ok(out.headers.getSetCookie().some((cookie) => /^__session=;.*Max-Age=0/i.test(cookie)));
  }
});

test('gives each role what it may, and takes it from the very next token', async () => {
  await using place = await openPlace();
  const { clerk, ask } = place;
  const as = (rol: string): Claims => clerk.claims({ o: { id: 'org_1', slg: 'msp', rol } });
  const { publicKey } = await importSigner(randomBytes(32));
  const own = formatPersonKey({ kind: 'ed25519', publicKey });
  const key = (rol: string): Promise<Response> =>
    ask('/api/signing-key', as(rol), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key: own, credentialId: 'AAAA' }),
    });
  assert.is((await key('admin')).status, 200);
  assert.is((await key('reviewer')).status, 200);
  assert.is((await key('technician')).status, 200);
  assert.is((await key('member')).status, 403, 'a role that is not known here only looks');
});

test('lets pages load scripts of that one host, under Trusted Types still', async () => {
  await using place = await openPlace();
  const policy = (await place.ask('/sign-in', null)).headers.get('content-security-policy') ?? '';
  const directives = new Map(
    policy.split('; ').map((text) => [text.split(' ', 1)[0], text] as const),
  );
  const { host } = place.clerk;
  assert.match(
    directives.get('script-src') ?? '',
    RegExp(`^script-src 'self' 'nonce-[^']+' https://${host}$`),
  );
  assert.match(directives.get('connect-src') ?? '', RegExp(`https://${host}$`));
  assert.match(directives.get('style-src') ?? '', /^style-src 'self' 'nonce-[^']+'$/);
  assert.is(directives.get('require-trusted-types-for'), "require-trusted-types-for 'script'");
  assert.is(policy.split(host).length - 1, 2, 'in two directives and no more');
});

test.run();

const bundle = suite('the built console without Clerk');

bundle('loads no byte of Clerk, on any page', async () => {
  await using console = await openConsoleProcess(() => ({}));
  const seen = new Map<string, string>();
  const load = async (path: string): Promise<void> => {
    if (seen.has(path)) return;
    const text = await (await fetch(`${console.origin}${path}`)).text();
    seen.set(path, text);
    for (const to of linked(text, /(?:from|import)\s*["'](\.[^"']+\.js)["']/g)) {
      await load(posix.join(path, '..', to));
    }
  };
  const page = await (await fetch(`${console.origin}/found`)).text();
  const entries = linked(page, /["'](?:\.)?(\/_app\/immutable\/[^"']+\.js)["']/g);
  for (const entry of entries) await load(entry);
  const nodes = [...seen].flatMap(([path, text]) =>
    linked(text, /import\(["'`](\.\.\/nodes\/[^"'`]+\.js)["'`]\)/g).map((to) =>
      posix.join(path, '..', to),
    ),
  );
  assert.ok(nodes.length > 10, 'every page is a node');
  for (const node of nodes) await load(node);
  const theirs = (): string[] =>
    [...seen]
      .filter(([, text]) => text.includes('data-clerk-publishable-key'))
      .map(([path]) => path);
  assert.equal(theirs(), []);

  for (const [path, text] of [...seen]) {
    const asked = linked(text, /import\(["'`](\.[^"'`]+\.js)["'`]\)/g);
    for (const to of asked) await load(posix.join(path, '..', to));
  }
  assert.is.not(theirs().length, 0, 'it is there to be asked for');
});

bundle.run();

function linked(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map(([, path]) => path ?? '');
}

/** Claims that this console takes for nobody's. */
function strangers(clerk: TestClerk): Readonly<Record<string, Claims>> {
  const nowS = Math.floor(Date.now() / 1000);
  return {
    'an expired token': clerk.claims({ exp: nowS - 60 }),
    'a token of another issuer': clerk.claims({ iss: 'https://clerk.evil.example' }),
    'a token for another page': clerk.claims({ azp: 'https://evil.example' }),
    'a token not valid yet': clerk.claims({ nbf: nowS + 600 }),
  };
}
