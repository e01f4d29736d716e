import '#scripts/testing/deno-exit.ts';

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import process from 'node:process';
import { createInterface } from 'node:readline';

import { generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import * as z from 'zod';

import type { Bytes } from '#crypto/bytes.ts';
import { openConversation } from './conversation.ts';
import { ProtocolError } from './error.ts';
import { openPeerNode, type PeerNode } from './node.ts';
import { formatPeer } from './peer.ts';

const PROTOCOL = '/caisey/test/echo/1';
const LOOPBACK = '/ip4/127.0.0.1/tcp/0';
const NEVER = new AbortController().signal;

function seed(byte: number): Bytes {
  return new Uint8Array(32).fill(byte);
}

async function publicKeyOf(byte: number): Promise<Bytes> {
  const { publicKey } = await generateKeyPairFromSeed('Ed25519', seed(byte));
  return new Uint8Array(publicKey.raw);
}

async function openHub(byte = 1): Promise<PeerNode> {
  const hub = await openPeerNode({ seed: seed(byte), listen: [LOOPBACK], gater: {} });
  await hub.handle(PROTOCOL, (stream, remotePublicKey) => {
    const talk = openConversation(stream, { schema: z.json(), remotePublicKey });
    const served = (async () => {
      const said = await talk.receive();
      if (said !== null) await talk.send(said);
      await talk[Symbol.asyncDispose]();
    })();
    served.catch(() => undefined); // who asked has gone, and knows better why
  });
  return hub;
}

async function echo(
  node: PeerNode,
  to: Pick<PeerNode, 'addresses' | 'publicKey'>,
): Promise<unknown> {
  const { addresses, publicKey } = to;
  const { stream, remotePublicKey } = await node.dial({
    addresses,
    publicKey,
    protocol: PROTOCOL,
    signal: NEVER,
  });
  await using talk = openConversation(stream, { schema: z.json(), remotePublicKey });
  await talk.send({ from: formatPeer(node.publicKey) });
  return await talk.receive();
}

/** As `echo`. A machine that is too slow for the time that a dial has dials again; who is refused does not. */
async function echoInTime(node: PeerNode, to: PeerNode): Promise<unknown> {
  for (;;) {
    try {
      return await echo(node, to);
    } catch (cause) {
      if (!/timeout/.test(String(cause))) throw cause;
    }
  }
}

async function rejects(promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(
    () => new Error('it resolved'),
    (reason: unknown) => reason,
  );
  assert.instance(error, ProtocolError, String(error));
  assert.is((error as ProtocolError).code, code, (error as ProtocolError).message);
}

const open = suite('openPeerNode()');

open('makes the Ed25519 key of the seed, listens only when asked', async () => {
  await using hub = await openHub();
  await using guest = await openPeerNode({ seed: seed(2) });
  assert.is(formatPeer(hub.publicKey), '12D3KooWK99VoVxNE7XzyBwXEzW7xhK7Gpv85r9F3V3fyKSUKPH5');
  assert.ok(hub.addresses[0]?.endsWith(`/p2p/${formatPeer(hub.publicKey)}`));
  assert.equal(guest.addresses, []);
});

open('refuses a seed of another length', async () => {
  const error = await openPeerNode({ seed: new Uint8Array(31) }).catch((reason: unknown) => reason);
  assert.instance(error, RangeError);
});

open('lets nobody in by default', async () => {
  await using closed = await openPeerNode({ seed: seed(1), listen: [LOOPBACK] });
  await using guest = await openPeerNode({ seed: seed(2) });
  await rejects(echo(guest, closed), 'peer-unreachable');
});

open('lets sixty agents behind one address connect at once', async () => {
  await using stack = new AsyncDisposableStack();
  const hub = stack.use(await openHub());
  const agents: PeerNode[] = [];
  for (let i = 0; i < 60; i++) {
    agents.push(stack.use(await openPeerNode({ seed: seed(100 + i) })));
  }
  const answers = await Promise.all(agents.map((agent) => echoInTime(agent, hub)));
  const names = agents.map((agent) => ({ from: formatPeer(agent.publicKey) }));
  assert.equal(answers, names);
  assert.ok(agents.every((agent) => hub.isConnected(agent.publicKey)));
});

open.run();

const dial = suite('PeerNode.dial()');

dial('pins the key: another one at the address is refused', async () => {
  await using hub = await openHub();
  await using guest = await openPeerNode({ seed: seed(2) });
  const publicKey = await publicKeyOf(3);
  const bare = hub.addresses.map((address) => address.replace(/\/p2p\/.*$/, ''));
  await rejects(echo(guest, { addresses: bare, publicKey }), 'peer-unknown');
  await rejects(echo(guest, { addresses: hub.addresses, publicKey }), 'peer-unknown');
  assert.is(hub.isConnected(guest.publicKey), false);
});

dial('takes the next address when the first does not answer', async () => {
  await using hub = await openHub();
  await using guest = await openPeerNode({ seed: seed(2) });
  const addresses = ['/ip4/127.0.0.1/tcp/1', ...hub.addresses];
  assert.equal(await echo(guest, { addresses, publicKey: hub.publicKey }), {
    from: formatPeer(guest.publicKey),
  });
  assert.equal(
    await echo(guest, { addresses: [], publicKey: hub.publicKey }),
    { from: formatPeer(guest.publicKey) },
    'an open connection needs no address',
  );
});

dial('says why it cannot', async () => {
  await using hub = await openHub();
  await using guest = await openPeerNode({ seed: seed(2) });
  const { publicKey } = hub;
  await rejects(echo(guest, { addresses: [], publicKey }), 'peer-unreachable');
  await rejects(echo(guest, { addresses: ['nonsense'], publicKey }), 'peer-unreachable');
  await rejects(
    echo(guest, { addresses: ['/ip4/127.0.0.1/tcp/1'], publicKey }),
    'peer-unreachable',
  );
  const unknown = { addresses: hub.addresses, publicKey, protocol: '/caisey/test/none/1' };
  await rejects(guest.dial({ ...unknown, signal: NEVER }), 'protocol-unsupported');
});

dial('ends with the reason of its signal', async () => {
  const silent = createServer(() => undefined).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  await using guest = await openPeerNode({ seed: seed(2) });
  const stop = new AbortController();
  const reason = new Error('enough');
  silent.once('connection', (socket) => {
    socket.on('error', () => undefined); // the reset of the dial that we abort
    stop.abort(reason);
  });
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const error = await guest
    .dial({
      addresses: [`/ip4/127.0.0.1/tcp/${port}`],
      publicKey: await publicKeyOf(9),
      protocol: PROTOCOL,
      signal: stop.signal,
    })
    .catch((thrown: unknown) => thrown);
  silent.close();
  assert.is(error, reason);
});

dial.run();

const cut = suite('PeerNode.disconnect()');

cut('closes the connections of one peer at once, and of no other', async () => {
  await using hub = await openHub();
  await using first = await openPeerNode({ seed: seed(2) });
  await using second = await openPeerNode({ seed: seed(3) });
  await echo(first, hub);
  await echo(second, hub);
  hub.disconnect(first.publicKey);
  assert.is(hub.isConnected(first.publicKey), false);
  assert.is(hub.isConnected(second.publicKey), true);
  assert.equal(await echo(second, { ...hub, addresses: [] }), {
    from: formatPeer(second.publicKey),
  });
});

cut.run();

interface Spawned extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly address: string;
}

/** Starts the echo peer on a runtime; null when that is not installed. */
async function spawnPeer(command: readonly string[], byte: number): Promise<Spawned | null> {
  const [program = '', ...before] = command;
  const path = new URL('../../scripts/testing/echo-peer.ts', import.meta.url).pathname;
  const child = spawn(program, [...before, path, String(byte)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const started = await once(child, 'spawn').then(
    () => true,
    () => false,
  );
  if (!started) return null;
  const exit = once(child, 'exit');
  const lines = createInterface(child.stdout);
  const died = exit.then((): never => {
    throw new Error(`${program} left before it listened`);
  });
  const [address] = (await Promise.race([once(lines, 'line'), died])) as [string];
  died.catch(() => undefined); // from here on its death is what we test
  return {
    child,
    address,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exit;
    },
  };
}

const runtimes: Record<string, readonly string[]> = { Node: ['node'], Deno: ['deno', 'run', '-A'] };
const own = 'Deno' in globalThis ? 'Deno' : 'Node';
const pairing = suite('PeerNode across runtimes');

for (const [name, command] of Object.entries(runtimes)) {
  pairing(`${own} talks to ${name}, and sees it die`, async () => {
    const spawned = await spawnPeer(command, 9);
    if (spawned === null) {
      process.stdout.write(`\n  skipped: ${name} is not installed\n`);
      return;
    }
    await using peer = spawned;
    await using guest = await openPeerNode({ seed: seed(2) });
    const { stream, remotePublicKey } = await guest.dial({
      addresses: [peer.address],
      publicKey: await publicKeyOf(9),
      protocol: PROTOCOL,
      signal: NEVER,
    });
    await using talk = openConversation(stream, { schema: z.json(), remotePublicKey });
    const long = 'ü'.repeat(300_000);
    await talk.send(long);
    assert.is(await talk.receive(), long);
    const waiting = talk.receive();
    peer.child.kill('SIGKILL');
    await rejects(waiting, 'stream-lost');
    await rejects(talk.send('anyone?'), 'stream-lost');
  });
}

pairing.run();
