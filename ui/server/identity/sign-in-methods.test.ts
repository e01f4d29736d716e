import { encodeCBOR } from '@levischuck/tiny-cbor';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import { concatBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { sha256 } from '#crypto/hash.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import {
  type Authenticator,
  createEs256,
  FLAG,
  formatClientData,
  signAssertion,
} from '#scripts/testing/authenticator.ts';
import { codeOf } from '#scripts/testing/console-directory.ts';
import { sqlitePlace } from '#scripts/testing/console-place.ts';
import { consoleVisitor, type ConsoleVisitor } from '#scripts/testing/console-visitor.ts';
import { type Accounts, openAccounts } from './accounts.ts';

const ORIGIN = 'http://localhost:3000';
const RP_ID = 'localhost';
const PASSWORD = 'correct horse battery';

interface Place extends AsyncDisposable {
  readonly accounts: Accounts;
  readonly olga: ConsoleVisitor;
}

async function openPlace(): Promise<Place> {
  const place = await sqlitePlace();
  const store = await place.open();
  const secret = 'a secret of the tests, of no use anywhere';
  const accounts = openAccounts({ store, origin: ORIGIN, secret, signUp: 'first' });
  const olga = consoleVisitor(ORIGIN);
  const person = { name: 'Olga', email: 'olga@msp.example', password: PASSWORD };
  await olga.keep(accounts.found(olga.visit(), { ...person, organisation: 'Msp' }));
  return {
    ...{ accounts, olga },
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

interface Passkey {
  readonly id: string;
  readonly authenticator: Authenticator;
}

/** What is put otherwise than an honest browser and authenticator would. */
interface Lies {
  readonly flags?: number;
  readonly origin?: string;
  readonly challenge?: string;
}

const VERIFIED = FLAG.UP | FLAG.UV;

function challengeOf(options: unknown): string {
  return (options as { challenge: string }).challenge;
}

async function createPasskey(): Promise<Passkey> {
  return { id: encodeBase64url(randomBytes(16)), authenticator: await createEs256() };
}

/** What `navigator.credentials.create` answers. */
function registration(
  { id, authenticator }: Passkey,
  options: unknown,
  { flags = VERIFIED, origin = ORIGIN, challenge = challengeOf(options) }: Lies = {},
): unknown {
  const rawId = parseBase64url(id);
  const authData = concatBytes(
    sha256(encodeUtf8(RP_ID)),
    Uint8Array.of(flags | FLAG.AT, 0, 0, 0, 0),
    new Uint8Array(16),
    Uint8Array.of(0, rawId.length),
    rawId,
    authenticator.cose,
  );
  const attestation = encodeCBOR(
    new Map<string, string | Uint8Array | Map<never, never>>([
      ['fmt', 'none'],
      ['attStmt', new Map<never, never>()],
      ['authData', authData],
    ]),
  );
  const bytes = parseBase64url(challenge);
  const clientData = formatClientData({ challenge: bytes, origin }, { type: 'webauthn.create' });
  return {
    ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
    response: {
      clientDataJSON: encodeBase64url(encodeUtf8(clientData)),
      attestationObject: encodeBase64url(new Uint8Array(attestation)),
      transports: ['internal'],
    },
  };
}

/** What `navigator.credentials.get` answers. */
async function assertion(
  { id, authenticator }: Passkey,
  options: unknown,
  { flags = VERIFIED, origin = ORIGIN, challenge = challengeOf(options) }: Lies = {},
): Promise<unknown> {
  const clientData = encodeUtf8(formatClientData({ challenge: parseBase64url(challenge), origin }));
  const signed = await signAssertion(authenticator, { rpId: RP_ID, clientData, flags });
  return {
    ...{ id, rawId: id, type: 'public-key', clientExtensionResults: {} },
    response: {
      clientDataJSON: encodeBase64url(signed.clientData),
      authenticatorData: encodeBase64url(signed.authenticatorData),
      signature: encodeBase64url(signed.signature),
    },
  };
}

async function add({ accounts, olga }: Place, passkey: Passkey, lies: Lies = {}): Promise<string> {
  const { options } = await olga.keep(accounts.passkeyCreation(olga.visit()));
  const response = registration(passkey, options, lies);
  return codeOf(olga.keep(accounts.addPasskey(olga.visit(), { response, name: 'Laptop' })));
}

async function signIn({ accounts }: Place, passkey: Passkey, lies: Lies = {}) {
  const visitor = consoleVisitor(ORIGIN);
  const { options } = await visitor.keep(accounts.passkeyChallenge(visitor.visit()));
  const response = await assertion(passkey, options, lies);
  const code = await codeOf(visitor.keep(accounts.signInByPasskey(visitor.visit(), { response })));
  const identity = await accounts.authenticate(visitor.visit().request);
  return { code, identity, visitor, response };
}

const passkeys = suite('SignInMethods.signInByPasskey()');

passkeys('signs in whose passkey it is, who is then known to have used one', async () => {
  await using place = await openPlace();
  const passkey = await createPasskey();
  assert.is(await add(place, passkey), 'done');
  const { code, identity } = await signIn(place, passkey);
  assert.is(code, 'done');
  assert.equal([identity?.email, identity?.methods], ['olga@msp.example', ['passkey']]);
});

passkeys(
  'names no credential to who asks, also signed in, and wants the user verified',
  async () => {
    await using place = await openPlace();
    await add(place, await createPasskey());
    for (const visitor of [place.olga, consoleVisitor(ORIGIN)]) {
      const { options } = await place.accounts.passkeyChallenge(visitor.visit());
      const { allowCredentials, userVerification } = options as Record<string, unknown>;
      assert.is(allowCredentials, undefined);
      assert.is(userVerification, 'required');
    }
  },
);

passkeys('refuses what is no answer at all, and says that it is none', async () => {
  await using place = await openPlace();
  const { accounts } = place;
  const visitor = consoleVisitor(ORIGIN);
  await visitor.keep(accounts.passkeyChallenge(visitor.visit()));
  for (const response of [{}, null, 'x', { id: 1 }]) {
    const asked = accounts.signInByPasskey(visitor.visit(), { response });
    assert.is(await codeOf(asked), 'invalid', JSON.stringify(response));
  }
});

passkeys('refuses answers that an honest browser and authenticator would not give', async () => {
  await using place = await openPlace();
  const passkey = await createPasskey();
  assert.is(await add(place, await createPasskey(), { flags: FLAG.UP }), 'not-signed-in');
  assert.is.not(
    await add(place, await createPasskey(), { origin: 'https://evil.example' }),
    'done',
  );
  assert.is(await add(place, passkey), 'done');
  const wrong: Lies[] = [
    { flags: FLAG.UP },
    { origin: 'https://evil.example' },
    { challenge: encodeBase64url(randomBytes(32)) },
  ];
  for (const lies of wrong) {
    const { code, identity } = await signIn(place, passkey, lies);
    assert.is(code, 'not-signed-in', JSON.stringify(lies));
    assert.is(identity, null);
  }
  const stranger = await signIn(place, await createPasskey());
  assert.is(stranger.code, 'not-signed-in');
  const forger = { id: passkey.id, authenticator: await createEs256() };
  assert.is((await signIn(place, forger)).code, 'not-signed-in');
});

passkeys('takes an answer once', async () => {
  await using place = await openPlace();
  const passkey = await createPasskey();
  await add(place, passkey);
  const { visitor, response } = await signIn(place, passkey);
  const again = place.accounts.signInByPasskey(visitor.visit(), { response });
  assert.is(await codeOf(again), 'expired');
});

passkeys('knows one no longer that was removed, which nobody else can do', async () => {
  await using place = await openPlace();
  const { accounts, olga } = place;
  const passkey = await createPasskey();
  await add(place, passkey);
  const known = await accounts.passkeys(olga.visit());
  assert.equal(
    known.map(({ name }) => name),
    ['Laptop'],
  );
  const [{ id } = { id: '' }] = known;
  const nobody = consoleVisitor(ORIGIN);
  const removal = accounts.removePasskey(nobody.visit(), id);
  assert.is(await codeOf(removal), 'not-signed-in');
  await accounts.removePasskey(olga.visit(), id);
  assert.equal(await accounts.passkeys(olga.visit()), []);
  assert.is((await signIn(place, passkey)).code, 'not-signed-in');
});

passkeys('adds none for who is not signed in', async () => {
  await using place = await openPlace();
  const nobody = consoleVisitor(ORIGIN);
  const asked = place.accounts.passkeyCreation(nobody.visit());
  assert.is(await codeOf(asked), 'not-signed-in');
});

passkeys.run();
