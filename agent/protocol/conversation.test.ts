import '#scripts/testing/deno-exit.ts';

import type { Stream } from '@libp2p/interface';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import { concatBytes, encodeUtf8 } from '#crypto/bytes.ts';
import { type Conversation, openConversation } from './conversation.ts';
import { ProtocolError } from './error.ts';
import { encodeFrame } from './frame.ts';
import { MAX_FRAME_BYTES, MIN_QUEUED_BYTES, STREAM_WINDOW_BYTES } from './limits.ts';
import { openPeerNode, type PeerNode } from './node.ts';

const PROTOCOL = '/caisey/test/talk/1';
const schema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('count'), n: z.int() }),
  z.strictObject({ kind: z.literal('data'), n: z.int(), data: z.string() }),
]);
type Message = z.infer<typeof schema>;
type Talk = Conversation<Message, Message>;

interface Nodes {
  hub: PeerNode;
  guest: PeerNode;
  /** The hub's side of the streams, in the order in which they were opened. */
  accepted: Talk[];
  waiting: ((talk: Talk) => void)[];
}

async function openNodes(): Promise<Nodes> {
  const hub = await openPeerNode({
    seed: new Uint8Array(32).fill(1),
    listen: ['/ip4/127.0.0.1/tcp/0'],
    gater: {},
  });
  const guest = await openPeerNode({ seed: new Uint8Array(32).fill(2) });
  const nodes: Nodes = { hub, guest, accepted: [], waiting: [] };
  await hub.handle(PROTOCOL, (stream, remotePublicKey) => {
    const talk: Talk = openConversation(stream, { schema, remotePublicKey });
    const next = nodes.waiting.shift();
    if (next === undefined) nodes.accepted.push(talk);
    else next(talk);
  });
  return nodes;
}

async function dialRaw({
  hub,
  guest,
}: Nodes): Promise<{ stream: Stream; publicKey: typeof hub.publicKey }> {
  const { stream, remotePublicKey } = await guest.dial({
    addresses: hub.addresses,
    publicKey: hub.publicKey,
    protocol: PROTOCOL,
    signal: new AbortController().signal,
  });
  return { stream, publicKey: remotePublicKey };
}

function accept(nodes: Nodes): Promise<Talk> {
  const { promise, resolve } = Promise.withResolvers<Talk>();
  const ready = nodes.accepted.shift();
  if (ready === undefined) nodes.waiting.push(resolve);
  else resolve(ready);
  return promise;
}

async function openPair(nodes: Nodes): Promise<{ near: Talk; far: Talk; stream: Stream }> {
  const { stream, publicKey } = await dialRaw(nodes);
  const near: Talk = openConversation(stream, { schema, remotePublicKey: publicKey });
  return { near, far: await accept(nodes), stream };
}

async function rejects(promise: Promise<unknown>, code: string): Promise<ProtocolError> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    assert.is(error.code, code, error.message);
    return error;
  }
  throw new Error(`expected a rejection with "${code}"`);
}

function count(n: number): Message {
  return { kind: 'count', n };
}

function bulk(n: number, length: number): Message {
  return { kind: 'data', n, data: 'x'.repeat(length) };
}

function talkSuite(name: string): ReturnType<typeof suite<{ nodes: Nodes }>> {
  const subject = suite<{ nodes: Nodes }>(name);
  subject.before(async (context) => {
    context.nodes = await openNodes();
  });
  subject.after(async ({ nodes }) => {
    await nodes.guest[Symbol.asyncDispose]();
    await nodes.hub[Symbol.asyncDispose]();
  });
  return subject;
}

const both = talkSuite('openConversation()');

both('carries messages both ways, in order, with the key of the peer', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  assert.equal(near.remotePeer, nodes.hub.publicKey);
  assert.equal(far.remotePeer, nodes.guest.publicKey);
  await Promise.all([1, 2, 3].map((n) => near.send(count(n))));
  for (const n of [1, 2, 3]) assert.equal(await far.receive(), count(n));
  await far.send(count(4));
  assert.equal(await near.receive(), count(4));
  assert.is(far.receivedCount, 3);
  await near[Symbol.asyncDispose]();
});

both('hands a message to the stream at once when none waits before it', async ({ nodes }) => {
  const { near, far, stream } = await openPair(nodes);
  const handed: number[] = [];
  const send = stream.send.bind(stream);
  stream.send = (data) => {
    handed.push(data.byteLength);
    return send(data);
  };
  const sending = [near.send(count(1)), near.send(count(2))];
  assert.equal(handed, [encodeFrame(count(1)).length]);
  await Promise.all(sending);
  assert.equal(handed.length, 2);
  for (const n of [1, 2]) assert.equal(await far.receive(), count(n));
  await near[Symbol.asyncDispose]();
});

both('carries frames of the largest size', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  const length = MAX_FRAME_BYTES - JSON.stringify(bulk(0, 0)).length;
  const sent = Promise.all([near.send(bulk(0, length)), near.send(bulk(1, length))]);
  assert.equal(await far.receive(), bulk(0, length));
  assert.equal(await far.receive(), bulk(1, length));
  await sent;
  await rejects(near.send(bulk(0, length + 1)), 'frame-too-large');
  await near.send(count(9));
  assert.equal(await far.receive(), count(9), 'and the conversation goes on');
  await near[Symbol.asyncDispose]();
});

both('refuses to hold less than one frame and two windows', async ({ nodes }) => {
  const { stream, publicKey } = await dialRaw(nodes);
  const options = { schema, remotePublicKey: publicKey, maxQueuedBytes: MIN_QUEUED_BYTES - 1 };
  assert.throws(
    () => openConversation(stream, options),
    (error: unknown) => error instanceof RangeError,
  );
  stream.abort(new Error('done'));
});

both.run();

const receive = talkSuite('Conversation.receive()');

receive('gives null after all messages when the peer ends properly', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  for (let n = 0; n < 50; n++) await near.send(count(n));
  await near[Symbol.asyncDispose]();
  for (let n = 0; n < 50; n++) assert.equal(await far.receive(), count(n));
  assert.is(await far.receive(), null);
  assert.is(await far.receive(), null, 'and again');
  await far.closed;
});

receive(
  'gives what a paused stream holds to a reader who comes after the end',
  async ({ nodes }) => {
    const { near, far } = await openPair(nodes);
    const messages = 160; // a little more than it takes before it pauses
    for (let n = 0; n < messages; n++) await near.send(bulk(n, 10_000));
    await near[Symbol.asyncDispose]();
    await far.closed;
    for (let n = 0; n < messages; n++) assert.equal(await far.receive(), bulk(n, 10_000));
    assert.is(await far.receive(), null);
  },
);

receive('waits without a deadline of its own, until the signal aborts', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  const stop = new AbortController();
  const waiting = far.receive({ signal: stop.signal });
  const reason = new Error('enough');
  stop.abort(reason);
  assert.is(await waiting.catch((error: unknown) => error), reason);
  await near.send(count(1));
  assert.equal(await far.receive(), count(1), 'nothing is lost by it');
  await near[Symbol.asyncDispose]();
});

receive('takes one caller at a time', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  const first = far.receive();
  const second = await far.receive().catch((error: unknown) => error);
  assert.instance(second, TypeError);
  await near.send(count(1));
  assert.equal(await first, count(1));
  await near[Symbol.asyncDispose]();
});

receive(
  'throws stream-lost when the stream is reset, after what had arrived',
  async ({ nodes }) => {
    const { near, far, stream } = await openPair(nodes);
    await near.send(count(1));
    assert.equal(await far.receive(), count(1));
    const waiting = far.receive();
    stream.abort(new Error('gone'));
    await rejects(waiting, 'stream-lost');
    await rejects(far.receive(), 'stream-lost');
    await rejects(near.receive(), 'stream-lost');
  },
);

receive('throws stream-lost when the connection is cut', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  await near.send(count(1));
  await near.send(count(2));
  assert.equal(await far.receive(), count(1));
  await roundTrip(nodes);
  nodes.guest.disconnect(nodes.hub.publicKey);
  await far.closed;
  assert.equal(await far.receive(), count(2));
  await rejects(far.receive(), 'stream-lost');
  await rejects(near.receive(), 'stream-lost');
});

receive('refuses a message that the schema does not know, and goes on', async ({ nodes }) => {
  const { stream } = await dialRaw(nodes);
  const far = await accept(nodes);
  stream.send(encodeFrame({ kind: 'dance' }));
  stream.send(encodeFrame(count(1)));
  await rejects(far.receive(), 'message-unknown');
  assert.equal(await far.receive(), count(1));
  await stream.close();
  assert.is(await far.receive(), null);
});

const hostile: Record<string, { bytes: Uint8Array; code: string }> = {
  'a message with a field too much': {
    bytes: encodeFrame({ kind: 'count', n: 1, extra: true }),
    code: 'message-invalid',
  },
  'a message of the wrong type': {
    bytes: encodeFrame({ kind: 'count', n: 'one' }),
    code: 'message-invalid',
  },
  'a message that is no object': { bytes: encodeFrame([]), code: 'message-invalid' },
  'a frame that is too long': {
    bytes: new Uint8Array([0xff, 0xff, 0xff, 0xff]),
    code: 'frame-too-large',
  },
  garbage: {
    bytes: concatBytes(new Uint8Array([0, 0, 0, 7]), encodeUtf8('garbage')),
    code: 'frame-malformed',
  },
};

for (const [name, { bytes, code }] of Object.entries(hostile)) {
  receive(`resets the stream for ${name}`, async ({ nodes }) => {
    const { stream } = await dialRaw(nodes);
    const far = await accept(nodes);
    const { promise: reset, resolve } = Promise.withResolvers<void>();
    stream.addEventListener('close', () => resolve());
    stream.send(bytes);
    await rejects(far.receive(), code);
    await rejects(far.receive(), code);
    await rejects(far.send(count(1)), code);
    await reset;
    assert.is(stream.status, 'reset');
    await far[Symbol.asyncDispose]();
  });
}

receive('refuses an end inside a frame', async ({ nodes }) => {
  const { stream } = await dialRaw(nodes);
  const far = await accept(nodes);
  stream.send(encodeFrame(count(1)).subarray(0, -1));
  await stream.close();
  await rejects(far.receive(), 'frame-malformed');
});

receive('finds what was said and ended before it was opened', async ({ nodes }) => {
  const { hub, guest } = nodes;
  const opened = Promise.withResolvers<Stream>();
  const protocol = '/caisey/test/late/1';
  await hub.handle(protocol, (stream) => opened.resolve(stream));
  const { stream } = await guest.dial({
    addresses: hub.addresses,
    publicKey: hub.publicKey,
    protocol,
    signal: new AbortController().signal,
  });
  stream.send(encodeFrame(count(1)));
  await stream.close();
  const late = await opened.promise;
  while (late.remoteWriteStatus !== 'closed') await roundTrip(nodes);
  const talk: Talk = openConversation(late, { schema, remotePublicKey: guest.publicKey });
  assert.equal(await talk.receive(), count(1));
  assert.is(await talk.receive(), null);
});

receive.run();

/** Proves that all that was sent on the connection before has arrived. */
async function roundTrip(nodes: Nodes): Promise<void> {
  const { near, far } = await openPair(nodes);
  await near.send(count(0));
  await far.receive();
  await far.send(count(0));
  await near.receive();
  await near[Symbol.asyncDispose]();
}

const pressure = talkSuite('Conversation backpressure');

pressure('holds the sender when nobody reads, and loses nothing', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  const frames = 48;
  const length = 300_000;
  let sent = 0;
  const sending = (async () => {
    for (; sent < frames; sent++) await near.send(bulk(sent, length));
  })();
  let held = -1;
  while (far.queuedBytes > held) {
    held = far.queuedBytes;
    await roundTrip(nodes);
  }
  assert.ok(held <= MIN_QUEUED_BYTES, `${held} bytes are held`);
  assert.ok(held >= MIN_QUEUED_BYTES - STREAM_WINDOW_BYTES, `only ${held} bytes are held`);
  assert.ok(
    sent * length < MIN_QUEUED_BYTES + 3 * length,
    `${sent} frames were taken from the sender`,
  );
  let most = 0;
  for (let n = 0; n < frames; n++) {
    if (n % 5 === 0) await roundTrip(nodes);
    most = Math.max(most, far.queuedBytes);
    const message = await far.receive();
    assert.ok(message?.kind === 'data');
    assert.is(message.n, n);
    most = Math.max(most, far.queuedBytes);
  }
  assert.ok(most <= MIN_QUEUED_BYTES, `${most} bytes were held`);
  await sending;
  await near[Symbol.asyncDispose]();
});

pressure('holds a crowd of small messages to the same bound', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  const messages = 12_000;
  const sending = Promise.all(Array.from({ length: messages }, (_, n) => near.send(bulk(n, 400))));
  let held = -1;
  while (far.queuedBytes > held) {
    held = far.queuedBytes;
    await roundTrip(nodes);
  }
  assert.ok(held <= MIN_QUEUED_BYTES, `${held} bytes are held`);
  for (let n = 0; n < messages; n++) assert.is((await far.receive())?.n, n);
  await sending;
  await near[Symbol.asyncDispose]();
});

pressure('releases a waiting sender when the connection is lost', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  const sending = (async () => {
    for (let n = 0; ; n++) await near.send(bulk(n, 300_000));
  })();
  const lost = rejects(sending, 'stream-lost');
  await roundTrip(nodes);
  nodes.hub.disconnect(nodes.guest.publicKey);
  await lost;
  await far[Symbol.asyncDispose]();
});

pressure.run();

const dispose = talkSuite('Conversation[Symbol.asyncDispose]()');

dispose('lets both sides stop: receive and send reject, twice is harmless', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  const waiting = near.receive();
  const closing = near[Symbol.asyncDispose]();
  await rejects(waiting, 'closed');
  await rejects(near.receive(), 'closed');
  await rejects(near.send(count(1)), 'closed');
  await closing;
  await near[Symbol.asyncDispose]();
  await far.closed;
  await rejects(far.send(count(1)), 'peer-closed');
  assert.is(await far.receive(), null);
  await far[Symbol.asyncDispose]();
});

dispose('of both at once is an end for both', async ({ nodes }) => {
  const { near, far } = await openPair(nodes);
  await Promise.all([near[Symbol.asyncDispose](), far[Symbol.asyncDispose]()]);
  await Promise.all([near.closed, far.closed]);
});

dispose('hears out a peer whose sends are held', async ({ nodes }) => {
  const { near, far, stream } = await openPair(nodes);
  const sending = Promise.allSettled(
    Array.from({ length: 12 }, (_, n) => near.send(bulk(n, 500_000))),
  );
  await roundTrip(nodes);
  await far[Symbol.asyncDispose]();
  assert.is(stream.status, 'closed', 'a proper end, no reset');
  assert.is(await near.receive(), null);
  const results = await sending;
  const refused = results.filter(({ status }) => status === 'rejected');
  assert.ok(refused.length > 0);
  for (const result of refused) {
    assert.is(result.status === 'rejected' && (result.reason as ProtocolError).code, 'peer-closed');
  }
  await near[Symbol.asyncDispose]();
});

dispose('resets a stream whose peer does not end it', async ({ nodes }) => {
  const { stream } = await dialRaw(nodes);
  const far = await accept(nodes);
  const { promise: reset, resolve } = Promise.withResolvers<void>();
  stream.addEventListener('close', () => resolve());
  await far[Symbol.asyncDispose]();
  await far.closed;
  await reset;
  assert.is(stream.status, 'reset');
});

dispose('ends although the peer takes nothing more', async ({ nodes }) => {
  const { near, far, stream } = await openPair(nodes);
  for (let n = 0; !stream.writableNeedsDrain; n++) {
    await near.send(bulk(n, 700_000));
    await roundTrip(nodes);
  }
  await near[Symbol.asyncDispose]();
  assert.is(stream.status, 'aborted');
  await far[Symbol.asyncDispose]();
});

dispose.run();
