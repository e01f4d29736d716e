import { generateKeyPair } from '@libp2p/crypto/keys';
import type { MultiaddrConnection, PeerId } from '@libp2p/interface';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { multiaddr } from '@multiformats/multiaddr';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { peerIdFromPublicKey } from '#agent/protocol/peer.ts';
import { type Bytes, equalBytes } from '#crypto/bytes.ts';
import { createGater, MAX_REPORTS, type Pins, type Refusal, REPORT_MS } from './gater.ts';

const known: Bytes = new Uint8Array(32).fill(1);
const unknown: Bytes = new Uint8Array(32).fill(2);
const pins: Pins = { roleOf: (key) => (equalBytes(key, known) ? 'endpoint' : null) };
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

gate('lets through a relay only the pinned peer over the pinned relay', () => {
  const { gater } = openGater();
  const peers = [known, unknown].map(peerIdFromPublicKey);
  const answers = peers.flatMap((relay) =>
    peers.map((peer) => gater.denyInboundRelayedConnection?.(relay, peer)),
  );
  assert.equal(answers, [false, true, true, true]);
  for (const peer of peers) assert.is(gater.denyInboundRelayReservation?.(peer), true);
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
