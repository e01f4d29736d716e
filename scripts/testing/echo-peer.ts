// A small peer in a process of its own, for tests that need another runtime or a sudden death. Listens on
// loopback with the seed of 32 bytes of `argv[2]`, prints its address, and answers what it gets.

import process from 'node:process';

import * as z from 'zod';

import { openConversation } from '#agent/protocol/conversation.ts';
import { openPeerNode } from '#agent/protocol/node.ts';

const node = await openPeerNode({
  seed: new Uint8Array(32).fill(Number(process.argv[2])),
  listen: ['/ip4/127.0.0.1/tcp/0'],
  gater: {},
});
await node.handle('/caisey/test/echo/1', (stream, remotePublicKey) => {
  const conversation = openConversation(stream, { schema: z.json(), remotePublicKey });
  void (async () => {
    await using talk = conversation;
    for (let said = await talk.receive(); said !== null; said = await talk.receive()) {
      await talk.send(said);
    }
  })();
});
process.stdout.write(`${node.addresses[0] ?? ''}\n`);
