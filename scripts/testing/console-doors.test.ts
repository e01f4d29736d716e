// The doors of the built console as forms without a script: founding, and signing out, which ends this browser's
// device at the relay.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatPeer } from '#agent/protocol/peer.ts';
import { openClient, openClientNode } from '#appliance/protocol/client-node.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import { openSecretFile } from '#ui/server/secret-file.ts';
import { openStore } from '#ui/server/store/store.ts';
import { openConsoleProcess } from './console-process.ts';
import { formVisitor } from './form-visitor.ts';

const FOUNDER = {
  ...{ organisation: 'Acme IT', name: 'Sarah', email: 'sarah@acme.example' },
  password: 'correct horse battery',
};

const found = suite('/found');

found('/found takes its form without a script, and says what it does not take', async () => {
  await using console = await openConsoleProcess(() => ({}));
  const sarah = formVisitor(console);
  const wrong = await sarah.post('/found', { ...FOUNDER, password: 'short' });
  assert.is(wrong.status, 400);
  const page = await wrong.text();
  assert.match(page, /password must have at least 12 characters/);
  assert.match(page, /value="Acme IT"/, 'what was entered stays');
  assert.not.match(page, /short/, 'but no password');
  const founded = await sarah.post('/found', FOUNDER);
  assert.equal([founded.status, founded.headers.get('location')], [303, '/welcome']);
  assert.match(await (await sarah.ask('/welcome')).text(), /Welcome, Sarah/);
  const late = await formVisitor(console).ask('/found');
  assert.equal([late.status, late.headers.get('location')], [303, '/sign-in']);
});

found.run();

const out = suite('/sign-out');

out('/sign-out ends the session, and the relay lets the browser in no more', async () => {
  await using console = await openConsoleProcess(() => ({}));
  const sarah = formVisitor(console);
  await sarah.post('/found', FOUNDER);
  const seed = randomBytes(32);
  const { publicKey } = await importSigner(seed);
  const peerKey = formatPersonKey({ kind: 'ed25519', publicKey });
  assert.is((await sarah.tell('/api/devices', { peerKey })).status, 200);
  const kept = sarah.cookies.size;

  const relay = await importSigner(await openSecretFile(`${console.data}/relay.key`));
  const circuit = `/ip4/127.0.0.1/tcp/${console.ports.ws}/ws/p2p/${formatPeer(relay.publicKey)}/p2p-circuit`;
  const target = {
    publicKey: (await importSigner(randomBytes(32))).publicKey,
    addresses: [circuit],
  };
  await using node = await openClientNode({ seed });
  const dial = () =>
    openClient(node, { ...target, signal: AbortSignal.timeout(30_000) }).then(
      () => 'a site that is not there',
      String,
    );
  assert.match(await dial(), /NO_RESERVATION|PERMISSION_DENIED/, 'the relay lets the browser in');

  const left = await sarah.post('/sign-out', {});
  assert.equal([left.status, left.headers.get('location')], [303, '/sign-in']);
  assert.ok(kept >= 2);
  assert.is(sarah.cookies.size, 0);
  assert.not.match(await dial(), /NO_RESERVATION|PERMISSION_DENIED/, 'and now no more');
  assert.is((await sarah.tell('/api/devices', { peerKey })).status, 401);
});

out.run();

const password = suite('/settings/account?/password');

password(
  'changing the password takes back the keys of the other browsers, not of this',
  async () => {
    await using console = await openConsoleProcess(() => ({}));
    const sarah = formVisitor(console);
    await sarah.post('/found', FOUNDER);
    const other = formVisitor(console);
    await other.post('/sign-in', { email: FOUNDER.email, password: FOUNDER.password });
    const keys: string[] = [];
    for (const browser of [sarah, other]) {
      const { publicKey } = await importSigner(randomBytes(32));
      const peerKey = formatPersonKey({ kind: 'ed25519', publicKey });
      assert.is((await browser.tell('/api/devices', { peerKey })).status, 200);
      keys.push(peerKey);
    }
    const changed = await sarah.post('/settings/account?/password', {
      ...{ password: FOUNDER.password, newPassword: 'another horse battery' },
    });
    assert.is(changed.headers.get('location'), '/welcome', 'where nothing is founded yet');
    await using store = await openStore({ dataFolder: console.data });
    const left = await store.db.selectFrom('device').select('peer_key').execute();
    assert.equal(
      left.map(({ peer_key: key }) => key),
      keys.slice(0, 1),
    );
    assert.is((await other.ask('/settings/account')).status, 303, 'it is signed out');
  },
);

password.run();
