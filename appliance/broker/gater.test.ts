import { generateKeyPair } from '@libp2p/crypto/keys';
import type { MultiaddrConnection, PeerId } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { peerIdFromPublicKey } from '#agent/protocol/peer.ts';
import { type Bytes, equalBytes } from '#crypto/bytes.ts';
import { CONSOLE, createGater, GUEST, type Pins, type Refusal } from './gater.ts';
import { MAX_REPORTS, REPORT_MS } from './report-limit.ts';

const known: Bytes = new Uint8Array(32).fill(1);
const unknown: Bytes = new Uint8Array(32).fill(2);
const consoleKey: Bytes = new Uint8Array(32).fill(3);
const removed: Bytes = new Uint8Array(32).fill(4);
const pins: Pins = {
  roleOf(key) {
    if (equalBytes(key, removed)) return 'removed';
    if (equalBytes(key, consoleKey)) return CONSOLE;
    return equalBytes(key, known) ? 'endpoint' : null;
  },
  admit: (_key, { isRemoved }) => isRemoved,
};
const address = multiaddr('/ip4/192.0.2.7/tcp/4010');
const connection = { remoteAddr: address } as MultiaddrConnection; // all that the gater reads of it

function openGater(): {
  refusals: Refusal[];
  clock: { nowMs: number };
  knock: (peer: PeerId) => unknown;
  gater: ReturnType<typeof createGater>;
} {
  const refusals: Refusal[] = [];
  const clock = { nowMs: 1_000 };
  const gater = createGater({
    pins,
    onRefused: (refusal) => refusals.push(refusal),
    now: () => clock.nowMs,
  });
  return {
    refusals,
    clock,
    gater,
    knock: (peer) => gater.denyInboundEncryptedConnection?.(peer, connection),
  };
}

const gate = suite('createGater()');

gate('lets pinned peers in and reports the others', () => {
  const { knock, refusals } = openGater();
  assert.is(knock(peerIdFromPublicKey(known)), false);
  assert.is(knock(peerIdFromPublicKey(unknown)), true);
  assert.equal(refusals, [{ publicKey: unknown, address: address.toString(), unreported: 0 }]);
});

gate('lets an endpoint in that was removed, to be told so, and asks for it nowhere', () => {
  const { knock, gater, refusals } = openGater();
  const peer = peerIdFromPublicKey(removed);
  assert.is(knock(peer), false);
  assert.equal(refusals, []);
  assert.is(gater.denyDialPeer?.(peer), true);
  const friend = peerIdFromPublicKey(known);
  assert.is(gater.denyInboundRelayedConnection?.(peer, friend), true);
  assert.is(gater.denyInboundRelayedConnection?.(friend, peer), true);
});

gate('asks for each connection of a removed endpoint whether there is room for it', () => {
  const rooms = [true, false];
  const gater = createGater({
    pins: {
      ...pins,
      admit: (key, { isRemoved }) =>
        isRemoved && equalBytes(key, removed) && rooms.shift() === true,
    },
    onRefused: () => undefined,
    now: () => 0,
  });
  const peer = peerIdFromPublicKey(removed);
  const answers = [1, 2].map(() => gater.denyInboundEncryptedConnection?.(peer, connection));
  assert.equal(answers, [false, true]);
});

gate('refuses keys of another type, whatever they are', async () => {
  const { knock, refusals } = openGater();
  assert.is(knock(peerIdFromPrivateKey(await generateKeyPair('secp256k1'))), true);
  assert.is(refusals[0]?.publicKey, null);
});

gate('dials pinned peers only, and keeps addresses of no other', () => {
  const { gater } = openGater();
  for (const [publicKey, isDenied] of [
    [known, false],
    [unknown, true],
  ] as const) {
    const peer = peerIdFromPublicKey(publicKey);
    assert.is(gater.denyDialPeer?.(peer), isDenied);
    assert.is(gater.denyOutboundConnection?.(peer, connection), isDenied);
    assert.is(gater.denyOutboundEncryptedConnection?.(peer, connection), isDenied);
    assert.is(gater.filterMultiaddrForPeer?.(peer, address), !isDenied);
  }
});

gate('is reached through the relay of the console alone, and relays for nobody', () => {
  const { gater } = openGater();
  const relays = [consoleKey, known, unknown].map(peerIdFromPublicKey);
  for (const peer of relays) {
    const answers = relays.map((relay) => gater.denyInboundRelayedConnection?.(relay, peer));
    assert.equal(answers, [false, true, true], 'who comes is asked after the handshake');
    assert.is(gater.denyInboundRelayReservation?.(peer), true);
  }
});

gate('asks for each connection of a guest whether it may come in, and dials none', () => {
  const asked: string[] = [];
  const gater = createGater({
    pins: {
      roleOf: (key) => (equalBytes(key, known) ? GUEST : null),
      admit: (key, { address: from, isRemoved }) => {
        assert.not(isRemoved);
        asked.push(from);
        return equalBytes(key, known) && asked.length < 3;
      },
    },
    onRefused: () => undefined,
    now: () => 0,
  });
  const guest = peerIdFromPublicKey(known);
  const answers = [1, 2, 3].map(() => gater.denyInboundEncryptedConnection?.(guest, connection));
  assert.equal(answers, [false, false, true]);
  assert.equal(asked, [address, address, address].map(String));
  assert.is(gater.denyDialPeer?.(guest), true);
});

gate('reports no more than MAX_REPORTS a minute, and how many it kept silent', () => {
  const { knock, refusals, clock } = openGater();
  const stranger = peerIdFromPublicKey(unknown);
  for (let i = 0; i < MAX_REPORTS + 5; i++) assert.is(knock(stranger), true);
  assert.is(refusals.length, MAX_REPORTS);
  clock.nowMs += REPORT_MS - 1;
  knock(stranger);
  assert.is(refusals.length, MAX_REPORTS);
  clock.nowMs += 1;
  knock(stranger);
  assert.is(refusals.length, MAX_REPORTS + 1);
  assert.is(refusals.at(-1)?.unreported, 6);
  knock(stranger);
  assert.is(refusals.at(-1)?.unreported, 0);
});

gate.run();
