// Guests, on a clock that the test moves: how many, for how long, and by which ways.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import type { Bytes } from '#crypto/bytes.ts';
import { ManualClock } from '#scripts/testing/manual-clock.ts';
import { Guests, HELLO_MS, MAX_DIRECT, MAX_REMOVED, MAX_UNIDENTIFIED } from './guests.ts';

const WS = '/ip4/192.0.2.7/tcp/40100/ws';
const RELAYED = '/ip4/198.51.100.1/tcp/443/ws/p2p/12D3KooW/p2p-circuit/p2p/12D3KooX';

function openGuests(): { guests: Guests; clock: ManualClock; disconnected: Uint8Array[] } {
  const clock = new ManualClock();
  const disconnected: Uint8Array[] = [];
  const guests = new Guests({ clock, disconnect: (publicKey) => disconnected.push(publicKey) });
  return { guests, clock, disconnected };
}

function keyOf(byte: number): Bytes {
  return new Uint8Array(32).fill(byte);
}

const admit = suite('Guests.admit()');

admit('lets strangers in over WebSocket and the relay, and by no other way', () => {
  const { guests } = openGuests();
  const ways: readonly (readonly [string, boolean])[] = [
    [WS, true],
    [`${WS}/p2p/12D3KooX`, true],
    ['/dns4/box.example/tcp/443/wss', true],
    [RELAYED, true],
    ['/ip4/192.0.2.7/tcp/40100', false],
    ['/ip4/192.0.2.7/udp/40100/quic-v1', false],
    ['/dns4/ws.example/tcp/40100', false],
    ['', false],
  ];
  for (const [i, [address, isAdmitted]] of ways.entries()) {
    assert.is(guests.admit(keyOf(i), { address }), isAdmitted, address);
    assert.is(guests.roleOf(keyOf(i)), isAdmitted ? 'guest' : null, address);
  }
});

admit('holds no more than MAX_UNIDENTIFIED, of which MAX_DIRECT came without the relay', () => {
  const { guests } = openGuests();
  for (let i = 0; i < MAX_DIRECT; i++) assert.ok(guests.admit(keyOf(i), { address: WS }));
  assert.not(guests.admit(keyOf(100), { address: WS }));
  for (let i = MAX_DIRECT; i < MAX_UNIDENTIFIED; i++)
    assert.ok(guests.admit(keyOf(i), { address: RELAYED }));
  assert.not(guests.admit(keyOf(101), { address: RELAYED }));
  guests.forget(keyOf(0));
  assert.ok(guests.admit(keyOf(101), { address: RELAYED }));
});

admit('counts each connection of one key', () => {
  const { guests } = openGuests();
  for (let i = 0; i < MAX_DIRECT; i++) assert.ok(guests.admit(keyOf(1), { address: WS }));
  assert.not(guests.admit(keyOf(1), { address: WS }));
  assert.not(guests.admit(keyOf(2), { address: WS }));
  guests.forget(keyOf(1));
  assert.ok(guests.admit(keyOf(2), { address: WS }));
});

admit('ends the connections of whoever has not said who they are in time', () => {
  const { guests, clock, disconnected } = openGuests();
  assert.ok(guests.admit(keyOf(1), { address: WS }));
  assert.ok(guests.admit(keyOf(2), { address: WS }));
  guests.forget(keyOf(2));
  clock.advance(HELLO_MS - 1);
  assert.equal(disconnected, []);
  assert.ok(guests.admit(keyOf(1), { address: WS }), 'another connection gives no more time');
  clock.advance(1);
  assert.equal(disconnected, [keyOf(1)]);
  assert.is(guests.roleOf(keyOf(1)), null);
});

admit('lets few removed endpoints in by any way, beside the guests, and not for long', () => {
  const { guests, clock, disconnected } = openGuests();
  const removed = { address: '/ip4/192.0.2.7/tcp/40100', isRemoved: true };
  for (let i = 0; i < MAX_DIRECT; i++) assert.ok(guests.admit(keyOf(i), { address: WS }));
  for (let i = 0; i < MAX_REMOVED; i++) assert.ok(guests.admit(keyOf(100), removed));
  assert.not(guests.admit(keyOf(100), removed));
  assert.not(guests.admit(keyOf(101), removed));
  assert.ok(guests.admit(keyOf(102), { address: RELAYED }), 'they take no place of the guests');
  guests.forget(keyOf(100));
  assert.ok(guests.admit(keyOf(101), removed));
  clock.advance(HELLO_MS);
  assert.ok(disconnected.some((key) => key[0] === 101));
});

admit.run();
