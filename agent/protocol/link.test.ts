import '#scripts/testing/deno-exit.ts';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import type { Bytes } from '#crypto/bytes.ts';
import {
  type LinkDetail,
  type LinkOptions,
  type LinkState,
  openLink,
  retryDelayMs,
} from './link.ts';
import { type Conversation, openConversation } from './conversation.ts';
import { isProtocolError, ProtocolError } from './error.ts';
import { openPeerNode, type PeerNode } from './node.ts';

const PROTOCOL = '/caisey/test/link/1';
const schema = z.string();
type Talk = Conversation<string, string>;

function seed(byte: number): Bytes {
  return new Uint8Array(32).fill(byte);
}

/** An appliance that greets, and lets the test end each conversation. */
interface Host extends AsyncDisposable {
  node: PeerNode;
  talks: Talk[];
}

async function openHost(listen: string): Promise<Host> {
  const node = await openPeerNode({ seed: seed(1), listen: [listen], gater: {} });
  const talks: Talk[] = [];
  await node.handle(PROTOCOL, (stream, remotePublicKey) => {
    const talk: Talk = openConversation(stream, { schema, remotePublicKey });
    talks.push(talk);
    void talk.send('hello').catch(() => undefined); // a guest that has gone already is part of the tests
  });
  return { node, talks, [Symbol.asyncDispose]: () => node[Symbol.asyncDispose]() };
}

interface Journal {
  entries: { state: LinkState; detail: LinkDetail }[];
  onState: LinkOptions<string, string>['onState'];
  /** The next entry of that state. */
  next(state: LinkState): Promise<LinkDetail>;
}

function openJournal(): Journal {
  const entries: Journal['entries'] = [];
  const waiters: { state: LinkState; resolve: (detail: LinkDetail) => void }[] = [];
  return {
    entries,
    onState(state, detail) {
      entries.push({ state, detail });
      const at = waiters.findIndex((waiter) => waiter.state === state);
      if (at >= 0) waiters.splice(at, 1)[0]?.resolve(detail);
    },
    next: (state) => new Promise((resolve) => waiters.push({ state, resolve })),
  };
}

/** Says hello back to each greeting; throws when the conversation is lost. */
async function answer(talk: Talk, heard: string[]): Promise<void> {
  for (let said = await talk.receive(); said !== null; said = await talk.receive())
    heard.push(said);
}

interface Subject {
  journal: Journal;
  heard: string[];
  options: LinkOptions<string, string>;
}

function prepare(
  node: Pick<PeerNode, 'dial' | 'discovered'>,
  host: Pick<PeerNode, 'publicKey'>,
): Subject {
  const journal = openJournal();
  const heard: string[] = [];
  const options: LinkOptions<string, string> = {
    node,
    appliance: { publicKey: host.publicKey, addresses: () => [] },
    protocol: PROTOCOL,
    schema,
    serve: (talk) => answer(talk, heard),
    signal: new AbortController().signal,
    random: () => 0,
    onState: journal.onState,
    backoff: { firstMs: 1_000, maxMs: 30_000 },
  };
  return { journal, heard, options };
}

const link = suite('openLink()');

link('dials, serves, and dials again when the appliance ends, drops or cuts the link', async () => {
  await using host = await openHost('/ip4/127.0.0.1/tcp/0');
  await using guest = await openPeerNode({ seed: seed(2) });
  const { journal, heard, options } = prepare(guest, host.node);
  options.appliance.addresses = () => host.node.addresses;
  const connected = journal.next('connected');
  await using _ = openLink(options);
  await connected;
  const endings: readonly [string, () => unknown, string | undefined][] = [
    ['ends', () => host.talks.at(-1)?.[Symbol.asyncDispose](), undefined],
    ['cuts', () => host.node.disconnect(guest.publicKey), 'stream-lost'],
    ['ends again', () => host.talks.at(-1)?.[Symbol.asyncDispose](), undefined],
  ];
  for (const [name, end, code] of endings) {
    while (heard.length < host.talks.length || host.talks.length === 0)
      await turn(guest, host.node);
    const waiting = journal.next('waiting');
    const again = journal.next('connected');
    await end();
    const { error, failures, retryInMs } = await waiting;
    assert.is(isProtocolError(error) ? error.code : error, code, name);
    assert.is(failures, 1, 'a peer that spoke is no failed attempt');
    assert.is(retryInMs, 0);
    await again;
  }
  assert.is(host.talks.length, 4);
});

/** Lets the network go one round: a stream of its own, opened and refused. */
async function turn(guest: PeerNode, host: PeerNode): Promise<void> {
  const dialled = guest.dial({
    addresses: host.addresses,
    publicKey: host.publicKey,
    protocol: '/caisey/test/none/1',
    signal: new AbortController().signal,
  });
  const error = await dialled.catch((reason: unknown) => reason);
  assert.ok(isProtocolError(error, 'protocol-unsupported'), String(error));
}

link('finds an appliance that came back at the same address', async () => {
  const first = await openHost('/ip4/127.0.0.1/tcp/0');
  const { addresses } = first.node;
  const port = /tcp\/(\d+)/.exec(addresses[0] ?? '')?.[1] ?? '';
  await using guest = await openPeerNode({ seed: seed(2) });
  const { journal, options } = prepare(guest, first.node);
  options.appliance.addresses = () => addresses;
  options.random = () => 0.01;
  const connected = journal.next('connected');
  await using _ = openLink(options);
  await connected;
  const waiting = journal.next('waiting');
  await first[Symbol.asyncDispose]();
  await waiting;
  const again = journal.next('connected');
  await using second = await openHost(`/ip4/127.0.0.1/tcp/${port}`);
  await again;
  await second.node[Symbol.asyncDispose]();
});

link('tries at once when it is poked, and starts its back-off over', async () => {
  const lost = new ProtocolError('peer-unreachable', 'Cannot dial: no route');
  let release: (() => void) | undefined;
  const node = { dial: () => Promise.reject(lost), discovered: () => [] };
  const { journal, options } = prepare(node, { publicKey: seed(1) });
  options.random = () => 0.9;
  const waits: number[] = [];
  const sixth = new Promise<void>((resolve) => (release = resolve));
  const subject = openLink({
    ...options,
    onState(state, detail) {
      journal.onState(state, detail);
      if (state !== 'waiting') return;
      assert.is(detail.error, lost);
      waits.push(detail.retryInMs ?? -1);
      if (waits.length === 6) release?.();
      else queueMicrotask(() => subject.poke());
    },
  });
  await sixth;
  assert.equal(waits, Array(6).fill(900), 'each poke begins anew');
  const disposed = subject[Symbol.asyncDispose]();
  subject.poke();
  await disposed;
});

link('counts failures, so that each wait may be longer', async () => {
  const { journal, options } = prepare(
    { dial: () => Promise.reject(new Error('no route')), discovered: () => [] },
    { publicKey: seed(1) },
  );
  const details: LinkDetail[] = [];
  const { promise: fifth, resolve } = Promise.withResolvers<void>();
  await using _ = openLink({
    ...options,
    backoff: { firstMs: 1, maxMs: 4 },
    random: () => 1,
    onState(state, detail) {
      journal.onState(state, detail);
      if (state === 'waiting' && details.push(detail) === 5) resolve();
    },
  });
  await fifth;
  assert.equal(
    details.map(({ failures, retryInMs }) => ({ failures, retryInMs })),
    [1, 2, 4, 4, 4].map((retryInMs, i) => ({ failures: i + 1, retryInMs })),
  );
});

link('tries what the local network says when the configured address fails', async () => {
  await using host = await openHost('/ip4/127.0.0.1/tcp/0');
  await using guest = await openPeerNode({ seed: seed(2) });
  const { journal, options } = prepare(
    { dial: (to) => guest.dial(to), discovered: () => host.node.addresses },
    host.node,
  );
  options.appliance.addresses = () => ['/ip4/127.0.0.1/tcp/1'];
  const connected = journal.next('connected');
  await using _ = openLink(options);
  await connected;
});

link('tells of both failures when neither address answers', async () => {
  await using guest = await openPeerNode({ seed: seed(2) });
  const { journal, options } = prepare(
    { dial: (to) => guest.dial(to), discovered: () => ['/ip4/127.0.0.1/tcp/2'] },
    { publicKey: new Uint8Array(guest.publicKey).reverse() },
  );
  options.appliance.addresses = () => ['/ip4/127.0.0.1/tcp/1'];
  options.random = () => 0.99;
  const waiting = journal.next('waiting');
  await using _ = openLink(options);
  const { error } = await waiting;
  assert.instance(error, AggregateError);
});

link('tells what serve throws, and what the addresses throw', async () => {
  await using host = await openHost('/ip4/127.0.0.1/tcp/0');
  await using guest = await openPeerNode({ seed: seed(2) });
  const broken = new TypeError('broken');
  for (const part of ['serve', 'addresses'] as const) {
    const { journal, options } = prepare(guest, host.node);
    options.random = () => 0.99;
    options.appliance.addresses = () => host.node.addresses;
    if (part === 'serve') options.serve = () => Promise.reject(broken);
    else options.appliance.addresses = () => Promise.reject(broken);
    const waiting = journal.next('waiting');
    await using _ = openLink(options);
    assert.is((await waiting).error, broken);
  }
});

link('ends its conversation properly when it is disposed', async () => {
  await using host = await openHost('/ip4/127.0.0.1/tcp/0');
  await using guest = await openPeerNode({ seed: seed(2) });
  const { journal, options } = prepare(guest, host.node);
  options.appliance.addresses = () => host.node.addresses;
  const connected = journal.next('connected');
  const subject = openLink(options);
  await connected;
  while (host.talks.length === 0) await turn(guest, host.node);
  await subject[Symbol.asyncDispose]();
  assert.is(await host.talks[0]?.receive(), null);
  assert.is(journal.entries.at(-1)?.state, 'connected');
});

link('ends by its signal while it dials', async () => {
  const stop = new AbortController();
  const { journal, options } = prepare(
    {
      dial({ signal }) {
        queueMicrotask(() => stop.abort());
        return new Promise((_, reject) => {
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        });
      },
      discovered: () => [],
    },
    { publicKey: seed(1) },
  );
  const dialled = new Promise((resolve) => stop.signal.addEventListener('abort', resolve));
  await using subject = openLink({ ...options, signal: stop.signal });
  await dialled;
  await subject[Symbol.asyncDispose]();
  assert.equal(
    journal.entries.map(({ state }) => state),
    ['connecting'],
  );
});

link('ends by its signal while it waits', async () => {
  const stop = new AbortController();
  const { journal, options } = prepare(
    { dial: () => Promise.reject(new Error('no route')), discovered: () => [] },
    { publicKey: seed(1) },
  );
  options.random = () => 0.99;
  const waiting = journal.next('waiting');
  await using subject = openLink({ ...options, signal: stop.signal });
  await waiting;
  stop.abort();
  await subject[Symbol.asyncDispose]();
  assert.is(journal.entries.length, 2);
});

link.run();

const delay = suite('retryDelayMs()');

delay('doubles its bound up to the most, and spreads below it', () => {
  const backoff = { firstMs: 500, maxMs: 60_000 };
  const bounds = [0, 1, 2, 6, 7, 2000].map((n) => retryDelayMs(n, { ...backoff, random: () => 1 }));
  assert.equal(bounds, [500, 1000, 2000, 32_000, 60_000, 60_000]);
  assert.is(retryDelayMs(5, { ...backoff, random: () => 0 }), 0);
  assert.is(retryDelayMs(1, { ...backoff, random: () => 0.25 }), 250);
});

delay.run();
