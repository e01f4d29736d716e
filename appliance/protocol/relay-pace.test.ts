// What a relayed connection may hold in the relay while its other end takes nothing, and what a peer may have
// relayed in a time.

import type { Stream } from '@libp2p/interface';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import { openConversation } from '#agent/protocol/conversation.ts';
import { STREAM_WINDOW_BYTES } from '#agent/protocol/limits.ts';
import { openPeerNode } from '#agent/protocol/node.ts';
import { peerIdFromPublicKey } from '#agent/protocol/peer.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import { openClientNode } from './client-node.ts';
import { relayListener } from '../uplink/relay-listener.ts';
import { openRelayNode, type RelayNode } from './relay-node.ts';
import { BYTES_PER_S, MAX_HELD_BYTES } from './relay-pace.ts';

const PROTOCOL = '/caisey/test/pace/1';
const HOP = '/libp2p/circuit/relay/0.2.0/hop';
const PIECE = 'x'.repeat(512 * 1024);

/** A relay that serves everybody. */
function openOpenRelay(): Promise<RelayNode> {
  const yes = (): Promise<boolean> => Promise.resolve(true);
  return openRelayNode({
    seed: randomBytes(32),
    listen: ['/ip4/127.0.0.1/tcp/0', '/ip4/127.0.0.1/tcp/0/ws'],
    rules: { mayConnect: yes, mayReserve: yes, mayReach: yes },
  });
}

/** Resolves with the first message of a stream. */
function once(stream: Stream): Promise<unknown> {
  return new Promise((resolve) => {
    stream.addEventListener('message', resolve, { once: true });
  });
}

/** HopMessage { type: CONNECT, peer: { id } } behind its length. */
function connectMessage(id: Uint8Array): Uint8Array {
  const peer = [0x0a, id.length, ...id];
  const message = [0x08, 1, 0x12, peer.length, ...peer];
  return Uint8Array.of(message.length, ...message);
}

/** A browser and an appliance joined by a relay; the appliance reads as the test says. */
async function openRelayed() {
  await using stack = new AsyncDisposableStack();
  const relay = stack.use(await openOpenRelay());
  await relay.onUplink(
    (conversation) => void conversation.send({ kind: 'welcome', organisation: 'x' }),
  );
  const listener = relayListener(relay.publicKey);
  const seed = randomBytes(32);
  const appliance = stack.use(
    await openPeerNode({
      ...{ seed, listen: ['/ip4/127.0.0.1/tcp/0'] },
      transports: [listener.transport],
      gater: {},
    }),
  );
  const signal = AbortSignal.timeout(60_000);
  const tcp = relay.addresses.filter((address) => !address.includes('/ws/'));
  const uplink = '/caisey/appliance/uplink/1';
  await appliance.dial({ addresses: tcp, publicKey: relay.publicKey, protocol: uplink, signal });
  await listener.reserve();
  const arrived = Promise.withResolvers<ReturnType<typeof openConversation<string, string>>>();
  await appliance.handle(PROTOCOL, (stream, remotePublicKey) => {
    arrived.resolve(openConversation(stream, { schema: z.string(), remotePublicKey }));
  });
  const browser = stack.use(await openClientNode({ seed: randomBytes(32) }));
  const { publicKey } = await importSigner(seed);
  const circuits = relay.addresses
    .filter((address) => address.includes('/ws/'))
    .map((address) => `${address}/p2p-circuit`);
  const { stream, remotePublicKey } = await browser.dial({
    ...{ addresses: circuits, publicKey, protocol: PROTOCOL, signal },
  });
  const sender = openConversation<string, string>(stream, { schema: z.string(), remotePublicKey });
  const opened = stack.move();
  return {
    sender,
    reader: await arrived.promise,
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

const pace = suite('pacedRelay()');

pace('holds little of a sender whose other end takes nothing', async () => {
  await using stack = new AsyncDisposableStack();
  const relay = stack.use(await openOpenRelay());
  const [tcp = ''] = relay.addresses;
  const target = {
    addresses: [tcp],
    publicKey: relay.publicKey,
    signal: AbortSignal.timeout(60_000),
  };
  const deaf = stack.use(await openPeerNode({ seed: randomBytes(32), gater: {} }));
  // The other end, by the bytes of circuit relay v2: it reserves, says yes to whoever comes, and reads nothing.
  await deaf.handle('/libp2p/circuit/relay/0.2.0/stop', (stream) => {
    const accept = (): void => {
      stream.send(Uint8Array.of(4, 0x08, 1, 0x20, 100));
      queueMicrotask(() => stream.pause());
    };
    stream.addEventListener('message', accept, { once: true });
  });
  const reserving = await deaf.dial({ ...target, protocol: HOP });
  const reserved = once(reserving.stream);
  reserving.stream.send(Uint8Array.of(2, 0x08, 0));
  await reserved;
  const source = stack.use(await openPeerNode({ seed: randomBytes(32), gater: {} }));
  const { stream } = await source.dial({ ...target, protocol: HOP });
  const joined = once(stream);
  stream.send(connectMessage(peerIdFromPublicKey(deaf.publicKey).toMultihash().bytes));
  await joined;
  let sent = 0;
  const flood = (): void => {
    const piece = new Uint8Array(64 * 1024);
    for (let hasRoom = true; hasRoom && stream.writeStatus === 'writable'; sent += piece.length) {
      hasRoom = stream.send(piece);
    }
  };
  stream.addEventListener('drain', flood);
  flood();
  // Each of these is a round trip with the relay behind all that it was sent before.
  for (let i = 0; i < 60; i++) {
    await source.dial({ ...target, protocol: '/no/such/1' }).catch(() => undefined);
  }
  assert.ok(sent < MAX_HELD_BYTES + 4 * STREAM_WINDOW_BYTES, `${sent} bytes were taken`);
  for (const peer of [deaf, source]) peer.disconnect(relay.publicKey);
});

pace('lets no more through than the allowance, over all that one peer has relayed', async () => {
  await using relayed = await openRelayed();
  const { sender, reader } = relayed;
  const count = Math.ceil((2 * BYTES_PER_S) / PIECE.length);
  const startedMs = performance.now();
  const sending = (async () => {
    for (let i = 0; i < count; i++) await sender.send(PIECE);
  })();
  for (let i = 0; i < count; i++) assert.is((await reader.receive())?.length, PIECE.length);
  await sending;
  // Two seconds' worth, less a burst of half a second: a slower machine takes longer, none may be faster.
  assert.ok(performance.now() - startedMs > 1_000);
});

pace.run();
