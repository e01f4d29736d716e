import '#scripts/testing/deno-exit.ts';

import { type PeerDiscovery, type PeerInfo, TypedEventEmitter } from '@libp2p/interface';
import { multiaddr } from '@multiformats/multiaddr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { Bytes } from '#crypto/bytes.ts';
import { Discovery } from './discovery.ts';
import { peerIdFromPublicKey } from './peer.ts';

function key(n: number): Bytes {
  const bytes = new Uint8Array(32).fill(1);
  new DataView(bytes.buffer).setUint32(0, n);
  return bytes;
}

/** A network on which anybody may claim anything. */
class Network extends TypedEventEmitter<{ peer: CustomEvent<PeerInfo> }> implements PeerDiscovery {
  announce(publicKey: Bytes, ...addresses: readonly string[]): void {
    const id = peerIdFromPublicKey(publicKey);
    const detail = { id, multiaddrs: addresses.map((address) => multiaddr(address)) };
    this.dispatchEvent(new CustomEvent('peer', { detail }));
  }
}

const discovery = suite('Discovery.addressesOf()');

discovery('gives what a peer announced last', () => {
  const network = new Network();
  const subject = new Discovery(network);
  assert.equal(subject.addressesOf(key(1)), []);
  network.announce(key(1), '/ip4/192.0.2.1/tcp/4010');
  network.announce(key(2), '/ip4/192.0.2.2/tcp/4010');
  network.announce(key(1), '/ip4/192.0.2.9/tcp/4010', '/ip4/192.0.2.10/tcp/4010');
  assert.equal(subject.addressesOf(key(1)), [
    '/ip4/192.0.2.9/tcp/4010',
    '/ip4/192.0.2.10/tcp/4010',
  ]);
});

discovery('is bounded: the peers and addresses that a flood makes up are forgotten', () => {
  const network = new Network();
  const subject = new Discovery(network);
  const many = Array.from({ length: 100 }, (_, i) => `/ip4/192.0.2.${i}/tcp/4010`);
  for (let n = 0; n < 1000; n++) network.announce(key(n), ...many);
  assert.equal(subject.addressesOf(key(0)), []);
  assert.is(subject.addressesOf(key(999)).length, 8);
  let known = 0;
  for (let n = 0; n < 1000; n++) if (subject.addressesOf(key(n)).length > 0) known++;
  assert.is(known, 256);
});

discovery('keeps a peer that goes on announcing', () => {
  const network = new Network();
  const subject = new Discovery(network);
  for (let n = 1; n < 1000; n++) {
    network.announce(key(0), '/ip4/192.0.2.1/tcp/4010');
    network.announce(key(n), '/ip4/192.0.2.2/tcp/4010');
  }
  assert.equal(subject.addressesOf(key(0)), ['/ip4/192.0.2.1/tcp/4010']);
});

discovery.run();
