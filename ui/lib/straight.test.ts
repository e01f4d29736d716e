import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openRelayNode } from '#appliance/protocol/relay-node.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { findStraight, MAX_STRAIGHT, straightAddresses } from './straight.ts';

const addresses = suite('straightAddresses()');

addresses('takes WebSockets of private networks and of this computer alone', () => {
  const straight = [
    '/ip4/10.0.0.2/tcp/4011/ws',
    '/ip4/172.16.0.1/tcp/4011/ws',
    '/ip4/172.31.0.1/tcp/4011/ws',
    '/ip4/192.168.1.2/tcp/4011/ws',
    '/ip4/127.0.0.1/tcp/4011/ws',
    '/ip6/fd00::7/tcp/4011/ws',
    '/ip6/::1/tcp/4011/ws',
  ];
  const others = [
    '/ip4/192.168.1.2/tcp/4010',
    '/ip4/198.51.100.7/tcp/4011/ws',
    '/ip4/172.32.0.1/tcp/4011/ws',
    '/ip4/10.0.0.999/tcp/4011/ws',
    '/ip4/10.0.0.2/tcp/99999/ws',
    '/ip6/2001:db8::1/tcp/4011/ws',
    '/ip6/fe80::1/tcp/4011/ws',
    '/ip6/fd00:::::/tcp/4011/ws',
    '/dns4/appliance.example/tcp/4011/ws',
    '/ip4/10.0.0.2/tcp/4011/ws/p2p/x/p2p-circuit',
    'ws://10.0.0.2:4011/',
    '',
  ];
  assert.equal(straightAddresses([...others, ...straight]), straight);
  const many = Array.from({ length: 99 }, (_, i) => `/ip4/10.0.0.${i}/tcp/4011/ws`);
  assert.is(straightAddresses(many).length, MAX_STRAIGHT);
});

addresses.run();

const find = suite('findStraight()');
const { signal } = new AbortController();

/** Something that takes connections and never answers. */
async function openSilent(): Promise<{ address: string } & AsyncDisposable> {
  const server = createServer((socket) => socket.on('error', () => undefined).resume());
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `/ip4/127.0.0.1/tcp/${(server.address() as AddressInfo).port}/ws`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

find('finds the address that answers beside those that do not', async () => {
  const never = (): Promise<boolean> => Promise.resolve(false);
  await using silent = await openSilent();
  await using node = await openRelayNode({
    ...{ seed: randomBytes(32), listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
    rules: { mayConnect: never, mayReserve: never, mayReach: never },
  });
  const there = (node.addresses[0] ?? '').replace(/\/p2p\/.*$/, '');
  const nobody = '/ip4/127.0.0.1/tcp/1/ws';
  assert.is(await findStraight([nobody, silent.address, there], { signal }), there);
  assert.is(await findStraight([nobody], { signal }), null, 'refused');
  assert.is(await findStraight([silent.address], { signal, withinMs: 1 }), null, 'too late');
  assert.is(await findStraight([], { signal }), null);
});

find('gives up when it is told to', async () => {
  await using silent = await openSilent();
  const leaving = new AbortController();
  const finding = findStraight([silent.address], { signal: leaving.signal });
  leaving.abort(new Error('gone'));
  const caught = await finding.catch((error: unknown) => error);
  assert.is(String(caught), 'Error: gone');
});

find.run();
