import '#scripts/testing/deno-exit.ts';

import { webSockets } from '@libp2p/websockets';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import { openConversation } from './conversation.ts';
import { openTransportNode, type PeerNode } from './transport-node.ts';

const PROTOCOL = '/caisey/test/write/1';

/** Counts the WebSocket messages that are sent in this process while `work` goes on. */
async function countMessages(work: () => Promise<void>): Promise<number> {
  const { send } = WebSocket.prototype;
  let count = 0;
  WebSocket.prototype.send = function (this: WebSocket, ...args: Parameters<WebSocket['send']>) {
    count += 1;
    send.apply(this, args);
  };
  try {
    await work();
  } finally {
    WebSocket.prototype.send = send;
  }
  return count;
}

function openNode(seed: number, listen: readonly string[] = []): Promise<PeerNode> {
  return openTransportNode({
    seed: new Uint8Array(32).fill(seed),
    listen,
    gater: {},
    transports: [webSockets()],
  });
}

const write = suite('inOneWrite()');

write('sends a message over a WebSocket as one of its messages', async () => {
  await using hub = await openNode(1, ['/ip4/127.0.0.1/tcp/0/ws']);
  await using guest = await openNode(2);
  const heard = Promise.withResolvers<string | null>();
  await hub.handle(PROTOCOL, (stream, remotePublicKey) => {
    const talk = openConversation(stream, { schema: z.string(), remotePublicKey });
    heard.resolve(talk.receive());
  });
  const { stream, remotePublicKey } = await guest.dial({
    addresses: hub.addresses,
    publicKey: hub.publicKey,
    protocol: PROTOCOL,
    signal: new AbortController().signal,
  });
  const talk = openConversation(stream, { schema: z.string(), remotePublicKey });
  const count = await countMessages(() => talk.send('hello'));
  assert.is(await heard.promise, 'hello');
  assert.is(count, 1);
});

write.run();
