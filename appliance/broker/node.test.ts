import '#scripts/testing/deno-exit.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import { type Conversation, openConversation } from '#agent/protocol/conversation.ts';
import { ProtocolError } from '#agent/protocol/error.ts';
import { openPeerNode, type PeerNode } from '#agent/protocol/node.ts';
import { formatPeer } from '#agent/protocol/peer.ts';
import type { Bytes } from '#crypto/bytes.ts';
import type { Refusal } from './gater.ts';
import { type BrokerNode, openBrokerNode } from './node.ts';

const PROTOCOL = '/caisey/test/role/1';
const schema = z.string();

interface Site extends AsyncDisposable {
  broker: BrokerNode;
  roles: Map<string, string>;
  refusals: Refusal[];
  pin(publicKey: Bytes, role: string): void;
  unpin(publicKey: Bytes): void;
}

/** A site whose protocol answers endpoints with their role. */
async function openSite(listen = '/ip4/127.0.0.1/tcp/0'): Promise<Site> {
  const roles = new Map<string, string>();
  const refusals: Refusal[] = [];
  const broker = await openBrokerNode({
    seed: new Uint8Array(32).fill(1),
    listen: [listen],
    pins: { roleOf: (publicKey) => roles.get(formatPeer(publicKey)) ?? null },
    onRefused: (refusal) => refusals.push(refusal),
    now: () => 0,
  });
  await broker.handle(PROTOCOL, {
    roles: ['endpoint'],
    serve: ({ stream, remotePublicKey, role }) => {
      const talk = openConversation<string, string>(stream, { schema, remotePublicKey });
      void (async () => {
        await using _ = talk;
        await talk.send(role);
        await talk.receive().catch(() => undefined); // holds the stream until the guest is done or cut off
      })();
    },
  });
  return {
    broker,
    roles,
    refusals,
    pin: (publicKey, role) => void roles.set(formatPeer(publicKey), role),
    unpin: (publicKey) => void roles.delete(formatPeer(publicKey)),
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  };
}

function openGuest(byte: number): Promise<PeerNode> {
  return openPeerNode({ seed: new Uint8Array(32).fill(byte) });
}

async function visit(guest: PeerNode, { broker }: Site): Promise<Conversation<string, string>> {
  const { stream, remotePublicKey } = await guest.dial({
    addresses: broker.addresses,
    publicKey: broker.publicKey,
    protocol: PROTOCOL,
    signal: new AbortController().signal,
  });
  return openConversation(stream, { schema, remotePublicKey });
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => 'it resolved',
    (reason: unknown) => reason,
  );
  return error instanceof ProtocolError ? error.code : String(error);
}

/** A refusal shows on the dialling side as a connection that closes: at the dial, or at the first word. */
async function isTurnedAway(guest: PeerNode, site: Site): Promise<boolean> {
  const said = visit(guest, site).then((talk) => talk.receive());
  return ['peer-closed', 'peer-unreachable', 'stream-lost'].includes(await codeOf(said));
}

const node = suite('openBrokerNode()');

node('serves a pinned peer in its role', async () => {
  await using site = await openSite();
  await using guest = await openGuest(2);
  site.pin(guest.publicKey, 'endpoint');
  await using talk = await visit(guest, site);
  assert.is(await talk.receive(), 'endpoint');
});

node('turns away whom nobody pinned, before any stream', async () => {
  await using site = await openSite();
  await using guest = await openGuest(2);
  assert.ok(await isTurnedAway(guest, site));
  assert.equal(site.refusals[0]?.publicKey, guest.publicKey);
  assert.is(site.broker.isConnected(guest.publicKey), false);
});

node('refuses a protocol that is for another role', async () => {
  await using site = await openSite();
  await using guest = await openGuest(2);
  site.pin(guest.publicKey, 'technician');
  assert.ok(await isTurnedAway(guest, site));
  assert.is(
    site.broker.isConnected(guest.publicKey),
    true,
    'its connection may serve other protocols',
  );
});

node('puts a peer out when its pin is removed', async () => {
  await using site = await openSite();
  await using guest = await openGuest(2);
  site.pin(guest.publicKey, 'endpoint');
  await using talk = await visit(guest, site);
  assert.is(await talk.receive(), 'endpoint');
  const waiting = codeOf(talk.receive());
  site.unpin(guest.publicKey);
  assert.ok(await isTurnedAway(guest, site), 'no new stream on the old connection');
  site.broker.disconnect(guest.publicKey);
  assert.is(await waiting, 'stream-lost');
  assert.ok(await isTurnedAway(guest, site), 'no new connection');
});

node('dials nobody that is not pinned', async () => {
  await using site = await openSite();
  await using other = await openPeerNode({
    seed: new Uint8Array(32).fill(3),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    gater: {},
  });
  const dialled = site.broker.dial({
    addresses: other.addresses,
    publicKey: other.publicKey,
    protocol: PROTOCOL,
    signal: new AbortController().signal,
  });
  assert.is(await codeOf(dialled), 'peer-unreachable');
});

node('listens for browsers on addresses of WebSockets', async () => {
  await using site = await openSite('/ip4/127.0.0.1/tcp/0/ws');
  assert.match(site.broker.addresses[0] ?? '', /\/ws\/p2p\//);
});

node.run();
