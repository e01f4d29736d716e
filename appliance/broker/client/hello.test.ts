// A browser at the appliance's door: what a key that nobody pinned may do before it says whose it is, what after,
// and how it ends.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openConversation } from '#agent/protocol/conversation.ts';
import { ENROL_PROTOCOL } from '#agent/protocol/enrol-message.ts';
import { LINK_PROTOCOL } from '#agent/protocol/link-message.ts';
import type { PeerNode } from '#agent/protocol/node.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { MAX_DEVICE_LIFE_MS } from '#crypto/device.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import { type Envelope, statementSigner } from '#crypto/statement.ts';
import { kindsOf, refusalOf, signLiveOpening } from '#scripts/testing/live-session.ts';
import { createKeyed, type Keyed, type LiveSite } from '#scripts/testing/live-site.ts';
import { change, type LiveWork, openLiveWork, signRoster } from '#scripts/testing/live-work.ts';
import * as z from 'zod';
import type { Client } from '../../protocol/client.ts';
import { openClient, openClientNode } from '../../protocol/client-node.ts';
import { signDevice } from '../../protocol/session-key.ts';
import { HELLO_MS } from '../guests.ts';

const LISTEN = ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'];

interface Browser extends AsyncDisposable {
  readonly keyed: Keyed;
  readonly node: PeerNode;
  readonly client: Client;
  readonly target: { publicKey: Bytes; addresses: readonly string[] };
}

/** A browser with a key of its own, connected by WebSocket. */
async function openBrowser(site: LiveSite): Promise<Browser> {
  await using stack = new AsyncDisposableStack();
  const keyed = await createKeyed();
  const { appliance, addresses } = site.appliance.desk.pins();
  const pinned = parsePersonKey(appliance);
  if (pinned.kind !== 'ed25519') throw new Error('unreachable: an appliance has an Ed25519 key');
  const target = {
    publicKey: pinned.publicKey,
    addresses: addresses.filter((address) => address.endsWith('/ws')),
  };
  const node = stack.use(await openClientNode({ seed: keyed.seed }));
  const signal = AbortSignal.timeout(60_000);
  const client = stack.use(await openClient(node, { ...target, signal }));
  const opened = stack.move();
  return { keyed, node, client, target, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** A member's word for a browser. */
function vouch({ clock }: LiveWork, member: Keyed, { key: peer }: Keyed): Promise<Envelope> {
  return signDevice({ peer, nowMs: clock.now() }, statementSigner(member.signer));
}

/** Rejects with the client's loss. */
function lossOf(client: Client): Promise<string> {
  return refusalOf(client.call('session.read', { session: 'x'.repeat(22), from: 0, follow: true }));
}

const hello = suite('clientHello()');

hello('makes a browser the member who vouches for it, in the role of the roster', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  const { site, clock } = work;
  await using browser = await openBrowser(site);
  const { client, keyed } = browser;
  const said = await client.call('client.hello', {
    device: await vouch(work, site.technician, keyed),
  });
  assert.is(said.member, 'terry');
  assert.is(said.role, 'technician');
  const { endpoint } = work.identity;
  const nowMs = clock.now();
  const opening = await signLiveOpening(site, { as: site.technician, endpoint, nowMs });
  await client.call('session.open', opening.parameters);
  const ofAnother = await signLiveOpening(site, { as: site.owner, endpoint, nowMs });
  assert.is(await refusalOf(client.call('session.open', ofAnother.parameters)), 'not-allowed');
  const ofItself = await signLiveOpening(site, { as: keyed, endpoint, nowMs });
  assert.is(await refusalOf(client.call('session.open', ofItself.parameters)), 'not-allowed');
  const token = client.call('endpoint.token', { name: 'x', labels: [], lifeS: 60 });
  assert.is(await refusalOf(token), 'not-allowed', 'a technician makes no tokens');
});

hello('is all that an unknown browser may say, to the client protocol alone', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  const { site, session } = work;
  await using browser = await openBrowser(site);
  const { client, node, target } = browser;
  const { envelope } = site.appliance.desk.site.roster;
  const inSession = { session: session.id };
  const calls = [
    client.call('site.status', {}),
    client.call('site.statements', {}),
    client.call('site.change', { envelope }),
    client.call('endpoint.list', {}),
    client.call('session.list', { state: 'all', limit: 10 }),
    client.call('session.read', { ...inSession, from: 0, follow: true }),
    client.call('session.close', { ...inSession, note: null, ticket: null }),
    client.call('chat.say', { ...inSession, text: 'Hello.' }),
    client.call('request.list', { state: 'all', limit: 10 }),
    client.call('request.withdraw', { request: 'A'.repeat(43), reason: null }),
    client.call('records.export', inSession),
    client.call('log.export', {}),
    client.call('log.prove', { indices: [0], seen: null }),
    client.call('log.entries', { kinds: ['log.opened'], limit: 1 }),
  ];
  for (const call of calls) assert.is(await refusalOf(call), 'not-allowed');
  for (const protocol of [LINK_PROTOCOL, ENROL_PROTOCOL]) {
    const signal = AbortSignal.timeout(60_000);
    const { stream, remotePublicKey } = await node.dial({ ...target, protocol, signal });
    await using talk = openConversation<unknown, unknown>(stream, {
      schema: z.unknown(),
      remotePublicKey,
    });
    assert.is(await refusalOf(talk.receive({ signal })), 'stream-lost', protocol);
  }
  await using tcp = await site.connect(site.technician);
  await tcp.call('site.status', {});
});

hello('refuses every word that does not hold, and lets the browser try again', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  const { site, clock } = work;
  await using browser = await openBrowser(site);
  const { client, keyed } = browser;
  const stranger = await createKeyed();
  const signer = statementSigner(site.technician.signer);
  const nowMs = clock.now();
  const early = nowMs - MAX_DEVICE_LIFE_MS;
  const forged = { ...(await vouch(work, site.technician, keyed)) };
  const { signature } = await vouch(work, stranger, keyed);
  const opening = await signLiveOpening(site, {
    ...{ as: site.technician, nowMs },
    endpoint: work.identity.endpoint,
  });
  const cases: readonly (readonly [Envelope, string])[] = [
    [await vouch(work, stranger, keyed), 'not-authorised'],
    [await vouch(work, site.approver, keyed), 'not-authorised'],
    [await vouch(work, site.technician, stranger), 'binding'],
    [await signDevice({ peer: keyed.key, nowMs: early }, signer), 'expired'],
    [{ ...forged, signature }, 'signature'],
    [opening.parameters.envelope, 'wrong-kind'],
    [site.appliance.desk.site.roster.envelope, 'wrong-kind'],
  ];
  for (const [device, code] of cases) {
    assert.is(await refusalOf(client.call('client.hello', { device })), code);
    assert.is(await refusalOf(client.call('site.status', {})), 'not-allowed');
  }
  const device = await vouch(work, site.reviewer, keyed);
  assert.is((await client.call('client.hello', { device })).role, 'reviewer');
  await client.call('site.status', {});
});

hello('is of no use to who took the words of another browser', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  const { site } = work;
  await using honest = await openBrowser(site);
  await using thief = await openBrowser(site);
  const device = await vouch(work, site.owner, honest.keyed);
  await honest.client.call('client.hello', { device });
  assert.is(await refusalOf(thief.client.call('client.hello', { device })), 'binding');
});

hello('must be said in time, and is good for as long as it says', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  const { site, clock } = work;
  await using silent = await openBrowser(site);
  await using browser = await openBrowser(site);
  const device = await vouch(work, site.owner, browser.keyed);
  await browser.client.call('client.hello', { device });
  clock.advance(HELLO_MS);
  assert.is(await lossOf(silent.client), 'stream-lost');
  await browser.client.call('site.status', {});
  clock.advance(MAX_DEVICE_LIFE_MS);
  assert.is(await lossOf(browser.client), 'stream-lost');
});

hello('is renewed by saying it again', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  const { site, clock } = work;
  await using browser = await openBrowser(site);
  const say = async (): Promise<unknown> =>
    browser.client.call('client.hello', {
      device: await vouch(work, site.owner, browser.keyed),
    });
  await say();
  clock.advance(MAX_DEVICE_LIFE_MS / 2);
  await say();
  clock.advance(MAX_DEVICE_LIFE_MS / 2);
  await browser.client.call('site.status', {});
});

hello('ends with the roster that drops its member, and the sessions with it', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  const { site, session, clock } = work;
  await using browser = await openBrowser(site);
  await using reviewing = await openBrowser(site);
  for (const [{ client, keyed }, member] of [
    [browser, site.technician],
    [reviewing, site.reviewer],
  ] as const) {
    await client.call('client.hello', { device: await vouch(work, member, keyed) });
  }
  const second = await work.openSession();
  const follow = (client: Client): Promise<string> =>
    refusalOf(client.call('session.read', { session: session.id, from: 0, follow: true }));
  const byKeyFile = follow(work.client);
  const byDevice = follow(browser.client);
  await change(site, await signRoster(site, { who: ['owner', 'reviewer'], nowMs: clock.now() }));
  // The change is answered when both sessions are closed: nothing was waited for but the log.
  for (const { id } of [session, second])
    assert.is((await kindsOf(site, id)).at(-1), 'session.closed');
  assert.is(await byDevice, 'stream-lost');
  assert.is(await byKeyFile, 'stream-lost');
  assert.is(await refusalOf(work.client.call('site.status', {})), 'stream-lost');
  await reviewing.client.call('site.status', {});
  const device = await vouch(work, site.technician, reviewing.keyed);
  assert.is(await refusalOf(reviewing.client.call('client.hello', { device })), 'not-authorised');
});

hello('follows the role that the roster gives', async () => {
  await using work = await openLiveWork({ listen: LISTEN });
  const { site, clock } = work;
  await using browser = await openBrowser(site);
  const { client, keyed } = browser;
  await client.call('client.hello', { device: await vouch(work, site.technician, keyed) });
  const demoted = {
    id: 'terry',
    name: 'Terry',
    role: 'reviewer' as const,
    key: site.technician.key,
  };
  const envelope = await signRoster(site, {
    ...{ who: ['owner'], more: [demoted], nowMs: clock.now() },
  });
  await change(site, envelope);
  await client.call('site.status', {});
  const say = client.call('chat.say', { session: work.session.id, text: 'Hello.' });
  assert.is(await refusalOf(say), 'not-allowed');
});

hello.run();
