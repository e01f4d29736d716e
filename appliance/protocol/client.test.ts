// A client over a conversation that a test plays: what it asks, what it believes, and how it loses the appliance.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { Conversation } from '#agent/protocol/conversation.ts';
import { ProtocolError } from '#agent/protocol/error.ts';
import { createInbox, type Inbox } from '#scripts/testing/agent-appliance.ts';
import { refusalOf } from '#scripts/testing/live-session.ts';
import { Client, ClientError } from './client.ts';
import type { ClientAnswer, ClientEvent, ClientRequest } from './client-message.ts';

interface Played {
  readonly client: Client;
  /** What the client asked. */
  readonly asked: Inbox<ClientRequest>;
  answer(message: ClientAnswer | Error | null): void;
}

/** A client whose appliance is the test. `onSend` sees each request before it is sent. */
function play(onSend: (request: ClientRequest) => Promise<void> = () => Promise.resolve()): Played {
  const asked = createInbox<ClientRequest>();
  const answers = createInbox<ClientAnswer | Error | null>();
  const conversation: Conversation<ClientAnswer, ClientRequest> = {
    remotePeer: new Uint8Array(32),
    receivedCount: 0,
    queuedBytes: 0,
    closed: Promise.resolve(),
    async send(request) {
      await onSend(request);
      asked.put(request);
    },
    async receive() {
      const answer = await answers.take();
      if (answer instanceof Error) throw answer;
      return answer;
    },
    [Symbol.asyncDispose]() {
      answers.put(null);
      return Promise.resolve();
    },
  };
  return { client: new Client(conversation), asked, answer: (message) => answers.put(message) };
}

const ID = 'c2Vzc2lvbi0wMDAwMDAwMQ';
const gone = new ProtocolError('stream-lost', 'Cannot receive: the connection was lost');
const call = suite('Client.call()');

call('gives each answer to the call that it is of', async () => {
  const { client, asked, answer } = play();
  const first = client.call('session.list', { state: 'open', limit: 1 });
  const second = client.call('chat.say', { session: ID, text: 'y' });
  const [{ id: one }, { id: two }] = [await asked.take(), await asked.take()];
  assert.not.equal(one, two);
  answer({ id: two, kind: 'answer', value: { index: 5 } });
  answer({ id: one, kind: 'answer', value: { sessions: [], next: null } });
  assert.equal(await second, { index: 5 });
  assert.equal(await first, { sessions: [], next: null });
  await client[Symbol.asyncDispose]();
});

call('gives events in order, the next when the last was taken', async () => {
  const { client, asked, answer } = play();
  const seen: string[] = [];
  const gate = Promise.withResolvers<undefined>();
  const exporting = client.call(
    'records.export',
    { session: ID },
    {
      async onEvent(event) {
        seen.push(`begin ${dataOf(event)}`);
        if (dataOf(event) === 'a') await gate.promise;
        seen.push(`end ${dataOf(event)}`);
      },
    },
  );
  const { id } = await asked.take();
  for (const data of ['a', 'b']) answer({ id, kind: 'event', event: { kind: 'chunk', data } });
  answer({ id, kind: 'answer', value: { bytes: 2, checkpoint: '' } });
  gate.resolve(undefined);
  await exporting;
  assert.equal(seen, ['begin a', 'end a', 'begin b', 'end b']);
  await client[Symbol.asyncDispose]();
});

call('rejects with the appliance’s code and its time to try again', async () => {
  const { client, asked, answer } = play();
  const asking = client.call('site.status', {});
  const { id } = await asked.take();
  answer({ id, kind: 'failed', code: 'overloaded', message: 'Full', retryAfterMs: 250 });
  const error = (await asking.catch((cause: unknown) => cause)) as { retryAfterMs: number };
  assert.is(error.retryAfterMs, 250);
  assert.is(await refusalOf(asking), 'overloaded');
  await client[Symbol.asyncDispose]();
});

call('believes no answer that is not of its verb', async () => {
  const { client, asked, answer } = play();
  const asking = client.call('chat.say', { session: ID, text: 'y' });
  const { id } = await asked.take();
  answer({ id, kind: 'answer', value: { index: 'five' } });
  const error = await asking.catch((cause: unknown) => cause);
  assert.instance(error, Error);
  await client[Symbol.asyncDispose]();
});

call('ignores answers of calls that it never made', async () => {
  const { client, asked, answer } = play();
  const asking = client.call('session.list', { state: 'open', limit: 1 });
  const { id } = await asked.take();
  answer({ id: id + 50, kind: 'answer', value: {} });
  answer({ id, kind: 'answer', value: { sessions: [], next: null } });
  await asking;
  await client[Symbol.asyncDispose]();
});

call('rejects with what its listener throws, and goes on', async () => {
  const { client, asked, answer } = play();
  const bad = client.call(
    'records.export',
    { session: ID },
    {
      onEvent() {
        throw new RangeError('disk full');
      },
    },
  );
  const { id } = await asked.take();
  answer({ id, kind: 'event', event: { kind: 'chunk', data: 'a' } });
  assert.instance(await bad.catch((cause: unknown) => cause), RangeError);
  const good = client.call('session.list', { state: 'open', limit: 1 });
  const next = await asked.take();
  answer({ id: next.id, kind: 'answer', value: { sessions: [], next: null } });
  await good;
  await client[Symbol.asyncDispose]();
});

call(
  'tells the appliance to stop when its signal aborts, and asks nothing after that',
  async () => {
    const { client, asked, answer } = play();
    const stop = new AbortController();
    const following = client.call(
      'session.read',
      { session: ID, from: 0, follow: true },
      { signal: stop.signal },
    );
    const { id } = await asked.take();
    stop.abort(new RangeError('enough'));
    const stopping = await asked.take();
    assert.ok(stopping.verb === 'stop' && stopping.target === id);
    answer({ id: stopping.id, kind: 'answer', value: {} });
    answer({ id, kind: 'failed', code: 'stopping', message: 'Stopped', retryAfterMs: null });
    assert.is(await refusalOf(following), 'stopping');
    const late = client.call('site.status', {}, { signal: stop.signal });
    assert.instance(await late.catch((cause: unknown) => cause), RangeError);
    await client[Symbol.asyncDispose]();
  },
);

call('loses the appliance once: what waits, and what comes after', async () => {
  for (const end of [null, gone]) {
    const { client, asked, answer } = play();
    const waiting = [client.call('site.status', {}), client.call('endpoint.list', {})];
    await asked.take();
    answer(end);
    const codes = await Promise.all(waiting.map((each) => refusalOf(each)));
    assert.equal(codes, ['stream-lost', 'stream-lost']);
    assert.is(await refusalOf(client.call('site.status', {})), 'stream-lost');
    await client[Symbol.asyncDispose]();
  }
});

call('is lost while it asks without a rejection that nobody hears', async () => {
  const unheard: unknown[] = [];
  const listen = (cause: unknown): void => {
    unheard.push(cause);
  };
  process.on('unhandledRejection', listen);
  const played = play(async () => {
    played.answer(gone);
    await new Promise((resolve) => setImmediate(resolve)); // it reads the loss before it is told here
    throw new ProtocolError('stream-lost', 'Cannot send: the connection was lost');
  });
  assert.is(await refusalOf(played.client.call('site.status', {})), 'stream-lost');
  await played.client[Symbol.asyncDispose]();
  await new Promise((resolve) => setImmediate(resolve));
  process.off('unhandledRejection', listen);
  assert.equal(unheard, []);
});

for (const [name, ask, said] of [
  [
    'a note that is too long',
    (client: Client) =>
      client.call('session.close', { session: ID, note: 'x'.repeat(4097), ticket: null }),
    'Cannot ask "session.close": "note" is longer than 4096 characters',
  ],
  [
    'half of a surrogate pair',
    (client: Client) => client.call('chat.say', { session: ID, text: 'lone \ud800' }),
    'Cannot ask "chat.say": "text" is not well-formed Unicode: it has half of a character',
  ],
  [
    'an empty line of chat',
    (client: Client) => client.call('chat.say', { session: ID, text: '' }),
    'Cannot ask "chat.say": "text" is empty',
  ],
  [
    'a name that no endpoint can have',
    (client: Client) => client.call('endpoint.token', { name: 'no name', labels: [], lifeS: 60 }),
    'Cannot ask "endpoint.token": "name": letters, digits, dot, dash and underline only',
  ],
  [
    'an id that is none',
    (client: Client) => client.call('session.read', { session: 'x', from: 0, follow: false }),
    'Cannot ask "session.read": "session" is shorter than 22 characters',
  ],
] as const) {
  call(`refuses ${name} in plain words, and sends nothing`, async () => {
    const { client, asked, answer } = play();
    const refused = await ask(client).catch((cause: unknown) => cause);
    assert.instance(refused, ClientError);
    assert.is((refused as ClientError).code, 'request-invalid');
    assert.is((refused as ClientError).message, said);
    const next = client.call('session.list', { state: 'open', limit: 1 });
    const { id, verb } = await asked.take();
    assert.is(verb, 'session.list'); // nothing was sent before it
    answer({ id, kind: 'answer', value: { sessions: [], next: null } });
    await next;
    await client[Symbol.asyncDispose]();
  });
}

call('says that a request is too long for one message', async () => {
  const { client } = play(() => {
    throw new ProtocolError('frame-too-large', 'Cannot encode frame: 2000000 bytes');
  });
  assert.is(await refusalOf(client.call('site.status', {})), 'request-invalid');
  await client[Symbol.asyncDispose]();
});

call.run();

function dataOf(event: ClientEvent): string {
  return event.kind === 'chunk' ? event.data : '';
}
