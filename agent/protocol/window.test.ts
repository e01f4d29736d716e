import '#scripts/testing/deno-exit.ts';

import type { Stream } from '@libp2p/interface';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import { type Conversation, openConversation } from './conversation.ts';
import { encodeFrame } from './frame.ts';
import { openPeerNode } from './node.ts';

const PROTOCOL = '/caisey/test/window/1';
const schema = z.string();
type Talk = Conversation<string, string>;

interface Pair extends AsyncDisposable {
  readonly near: Talk;
  readonly far: Talk;
  /** What the near side may send before it is granted more. */
  room(): number;
}

/** Two conversations over one stream, after a word each way: what belongs to its opening is said then. */
async function openPair(): Promise<Pair> {
  await using opening = new AsyncDisposableStack();
  const hub = opening.use(
    await openPeerNode({
      seed: new Uint8Array(32).fill(1),
      listen: ['/ip4/127.0.0.1/tcp/0'],
      gater: {},
    }),
  );
  const guest = opening.use(await openPeerNode({ seed: new Uint8Array(32).fill(2) }));
  const accepted = Promise.withResolvers<Talk>();
  await hub.handle(PROTOCOL, (stream, remotePublicKey) => {
    accepted.resolve(openConversation(stream, { schema, remotePublicKey }));
  });
  const { stream, remotePublicKey } = await guest.dial({
    addresses: hub.addresses,
    publicKey: hub.publicKey,
    protocol: PROTOCOL,
    signal: new AbortController().signal,
  });
  const near: Talk = openConversation(stream, { schema, remotePublicKey });
  await near.send('hello');
  const far = await accepted.promise;
  await far.receive();
  await far.send('hello');
  await near.receive();
  const held = opening.move();
  held.use(near);
  return {
    near,
    far,
    room: () => roomOf(stream),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

function roomOf(stream: Stream): number {
  const room: unknown = Reflect.get(stream, 'sendWindowCapacity');
  if (typeof room !== 'number') throw new Error('unreachable: a stream of yamux');
  return room;
}

/** Has the far side read what was sent, and hears so: what it granted before has come, too. */
async function sendAndHear({ near, far }: Pair, message: string): Promise<void> {
  await near.send(message);
  assert.is(await far.receive(), message);
  await far.send('read');
  assert.is(await near.receive(), 'read');
}

const grant = suite('grantingByHalves()');

grant('says nothing about room while half of the window is left', async () => {
  await using pair = await openPair();
  const before = pair.room();
  for (let i = 0; i < 50; i++) await sendAndHear(pair, `word ${i}`);
  const sent = Array.from({ length: 50 }, (_, i) => encodeFrame(`word ${i}`).length);
  assert.is(
    before - pair.room(),
    sent.reduce((sum, length) => sum + length),
  );
});

grant('grants what was read when more than half of the window is used', async () => {
  await using pair = await openPair();
  const window = pair.room();
  let used = 0;
  for (let i = 0; i < 64; i++) {
    const text = 'x'.repeat(16 * 1024);
    used += text.length;
    await sendAndHear(pair, text);
    assert.ok(pair.room() >= window / 2 - 2 * text.length, `${pair.room()} after ${used}`);
  }
  assert.ok(used > 2 * window);
});

grant.run();
