import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { codeOf } from '#scripts/testing/console-directory.ts';
import { sqlitePlace } from '#scripts/testing/console-place.ts';
import { appCode, consoleVisitor, type ConsoleVisitor } from '#scripts/testing/console-visitor.ts';
import type { Store } from '../store/store.ts';
import { type Accounts, openAccounts } from './accounts.ts';

const ORIGIN = 'http://localhost:3000';
const PASSWORD = 'correct horse battery';
const OLGA = { name: 'Olga', email: 'Olga@msp.example', password: PASSWORD, organisation: 'Msp' };
const SECRET = 'a secret of the tests, of no use anywhere';

interface Place extends AsyncDisposable {
  readonly store: Store;
  readonly accounts: Accounts;
  visitor(): ConsoleVisitor;
}

async function openPlace({
  signUp = 'first',
  origin = ORIGIN,
}: { signUp?: 'first' | 'open'; origin?: string } = {}): Promise<Place> {
  const place = await sqlitePlace();
  const store = await place.open();
  return {
    store,
    accounts: openAccounts({ store, origin, secret: SECRET, signUp }),
    visitor: () => consoleVisitor(origin),
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

/** A place where Olga has founded an organisation, and her browser. */
async function founded(): Promise<Place & { readonly olga: ConsoleVisitor }> {
  const place = await openPlace();
  const olga = place.visitor();
  await olga.keep(place.accounts.found(olga.visit(), OLGA));
  return { ...place, olga };
}

const found = suite('Accounts.found()');

found('makes account and organisation in one act, and signs the owner in', async () => {
  await using place = await openPlace();
  assert.is(await place.accounts.founding(), 'first');
  const olga = place.visitor();
  const before = Date.now();
  await olga.keep(place.accounts.found(olga.visit(), OLGA));
  const identity = await place.accounts.authenticate(olga.visit().request);
  if (identity === null) throw new Error('unreachable: she is signed in');
  const { authTimeMs, organisation } = identity;
  assert.is(identity.issuer, 'built-in');
  assert.is(identity.email, 'olga@msp.example');
  assert.is(identity.role, 'owner');
  assert.is(organisation?.name, 'Msp');
  assert.equal(identity.methods, ['password']);
  assert.ok(authTimeMs >= before - 1000 && authTimeMs <= Date.now());
  assert.is(await place.accounts.founding(), 'closed');
});

found('is for the first visitor only, of many at once', async () => {
  await using place = await openPlace();
  const codes = await Promise.all(
    ['a', 'b', 'c', 'd'].map((name) =>
      codeOf(
        place.accounts.found(place.visitor().visit(), { ...OLGA, email: `${name}@msp.example` }),
      ),
    ),
  );
  assert.equal(codes.sort(), ['done', 'not-allowed', 'not-allowed', 'not-allowed']);
});

found('leaves nothing behind when it fails half way', async () => {
  await using place = await openPlace({ signUp: 'open' });
  const visitor = () => place.visitor().visit();
  await place.accounts.found(visitor(), OLGA);
  assert.is(await codeOf(place.accounts.found(visitor(), OLGA)), 'conflict');
  await place.accounts.found(visitor(), { ...OLGA, email: 'two@msp.example' });
  const rows = await place.store.db
    .selectFrom('auth_organization' as never)
    .selectAll()
    .execute();
  assert.is(rows.length, 2);
  assert.is(await place.accounts.founding(), 'open');
});

found('names the field and the rule of what it does not take', async () => {
  await using place = await openPlace();
  for (const [change, says] of [
    [{ password: 'short' }, /password must have at least 12 characters/],
    [{ email: 'olga' }, /email must be a mail address/],
    [{ name: ' ' }, /name must not be empty/],
    [{ organisation: 'a\nb' }, /organisation must be one line/],
  ] as const) {
    const work = place.accounts.found(place.visitor().visit(), { ...OLGA, ...change });
    assert.match(await work.then(() => 'done', String), says);
  }
});

found.run();

const signIn = suite('Accounts.signIn()');

signIn('opens a session that signing out ends, in whatever browser it is shown', async () => {
  await using place = await founded();
  const { accounts } = place;
  const other = place.visitor();
  const { kind } = await other.keep(
    accounts.signIn(other.visit(), { email: 'OLGA@msp.example', password: PASSWORD }),
  );
  assert.is(kind, 'signed-in');
  const kept = other.visit().request;
  assert.is((await accounts.authenticate(kept))?.email, 'olga@msp.example');
  await other.keep(accounts.signOut(other.visit()));
  assert.is(other.cookies.size, 0);
  assert.is(await accounts.authenticate(kept), null);
});

signIn(
  'says the same for a wrong password and an unknown address, and soon asks to wait',
  async () => {
    await using place = await founded();
    const { accounts } = place;
    const thief = place.visitor();
    const said: string[] = [];
    for (const email of ['olga@msp.example', 'nobody@msp.example']) {
      const work = accounts.signIn(thief.visit(), { email, password: 'not the password' });
      said.push(await work.then(() => 'done', String));
    }
    assert.is(new Set(said).size, 1);
    assert.match(said[0] ?? '', /Cannot sign in: address or password is wrong/);
    const codes: string[] = [];
    for (let i = 0; i < 4; i += 1) {
      const right = { email: 'olga@msp.example', password: PASSWORD };
      codes.push(await codeOf(accounts.signIn(thief.visit(), right)));
    }
    assert.is(codes.at(-1), 'too-many');
  },
);

signIn('goes by a cookie that this console signed, and by nothing else', async () => {
  await using place = await founded();
  const { accounts, olga } = place;
  assert.is(await accounts.authenticate(new Request(ORIGIN)), null);
  for (const [name, value] of olga.cookies) {
    for (const forged of ['', value.slice(0, -4), `x${value}`, value.split('.')[0] ?? '']) {
      const headers = { cookie: `${name}=${forged}` };
      assert.is(await accounts.authenticate(new Request(ORIGIN, { headers })), null, forged);
    }
  }
  const others = openAccounts({
    ...{ store: place.store, origin: ORIGIN, signUp: 'first' },
    secret: 'another secret of as many characters',
  });
  assert.is(await others.authenticate(olga.visit().request), null);
});

signIn('refuses what another site has the browser send', async () => {
  await using place = await founded();
  const { accounts, olga } = place;
  const forged = olga.visit({ origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' });
  const work = accounts.changePassword(forged, { password: PASSWORD, newPassword: `${PASSWORD}!` });
  assert.is(await codeOf(work), 'not-allowed');
  assert.is(await codeOf(accounts.signOut(forged)), 'not-allowed');
});

signIn('sets cookies that scripts do not see, and over https only https does', async () => {
  for (const origin of [ORIGIN, 'https://console.example']) {
    await using place = await openPlace({ origin });
    const { cookies } = await place.accounts.found(place.visitor().visit(), OLGA);
    assert.ok(cookies.length > 0);
    for (const { httpOnly, secure, sameSite, path } of cookies) {
      assert.equal({ httpOnly, sameSite, path }, { httpOnly: true, sameSite: 'lax', path: '/' });
      assert.is(secure, origin.startsWith('https:'));
    }
  }
});

signIn('keeps no password as it was typed, also not in what it says of trouble', async () => {
  await using place = await founded();
  const tables = await place.store.db.introspection.getTables();
  for (const { name } of tables) {
    const rows = await place.store.db
      .selectFrom(name as never)
      .selectAll()
      .execute();
    assert.not(JSON.stringify(rows).includes(PASSWORD), name);
  }
});

signIn('changePassword() ends every other session', async () => {
  await using place = await founded();
  const { accounts, olga } = place;
  const other = place.visitor();
  await other.keep(accounts.signIn(other.visit(), { email: OLGA.email, password: PASSWORD }));
  const newPassword = 'another horse battery';
  const wrong = accounts.changePassword(olga.visit(), { password: 'wrong one', newPassword });
  assert.is(await codeOf(wrong), 'not-signed-in');
  await olga.keep(accounts.changePassword(olga.visit(), { password: PASSWORD, newPassword }));
  assert.is(await accounts.authenticate(other.visit().request), null);
  assert.is((await accounts.authenticate(olga.visit().request))?.role, 'owner');
  const old = accounts.signIn(place.visitor().visit(), { email: OLGA.email, password: PASSWORD });
  assert.is(await codeOf(old), 'not-signed-in');
});

signIn.run();

const factor = suite('Accounts.verifySecondFactor()');

factor('asks for a code where one was set up, and takes a backup code once', async () => {
  await using place = await founded();
  const { accounts, olga } = place;
  const begun = accounts.enrolSecondFactor(olga.visit(), { password: PASSWORD });
  const { uri, backupCodes } = await olga.keep(begun);
  assert.match(uri, /^otpauth:\/\/totp\/Caisey:olga/);
  assert.is(await accounts.hasSecondFactor(olga.visit()), false, 'begun only');
  await olga.keep(accounts.confirmSecondFactor(olga.visit(), { code: appCode(uri, Date.now()) }));
  assert.is(await accounts.hasSecondFactor(olga.visit()), true);

  const phone = place.visitor();
  const right = { email: OLGA.email, password: PASSWORD };
  assert.is((await phone.keep(accounts.signIn(phone.visit(), right))).kind, 'second-factor');
  assert.is(await accounts.authenticate(phone.visit().request), null);
  const wrong = accounts.verifySecondFactor(phone.visit(), { kind: 'code', code: '000000' });
  assert.is(await codeOf(wrong), 'not-signed-in');
  const code = appCode(uri, Date.now());
  await phone.keep(accounts.verifySecondFactor(phone.visit(), { kind: 'code', code }));
  const identity = await accounts.authenticate(phone.visit().request);
  assert.equal(identity?.methods, ['password', 'code']);

  const [backup = ''] = backupCodes;
  const use = async () => {
    const visitor = place.visitor();
    await visitor.keep(accounts.signIn(visitor.visit(), right));
    const input = { kind: 'backup-code', code: backup } as const;
    return codeOf(visitor.keep(accounts.verifySecondFactor(visitor.visit(), input)));
  };
  assert.is(await use(), 'done');
  assert.is(await use(), 'not-signed-in');
});

factor('is not to be had by who does not know the password', async () => {
  await using place = await founded();
  const { accounts, olga } = place;
  const enrol = accounts.enrolSecondFactor(olga.visit(), { password: 'not the password' });
  assert.is(await codeOf(enrol), 'not-signed-in');
  const nobody = accounts.enrolSecondFactor(place.visitor().visit(), { password: PASSWORD });
  assert.is(await codeOf(nobody), 'not-signed-in');
});

factor.run();
