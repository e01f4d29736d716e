import { generateKeyPair, generateKeyPairFromSeed } from '@libp2p/crypto/keys';
import { peerIdFromPrivateKey } from '@libp2p/peer-id';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ProtocolError } from './error.ts';
import { formatPeer, parsePeer, peerIdFromPublicKey, publicKeyOfPeer } from './peer.ts';

const key = await generateKeyPairFromSeed('Ed25519', new Uint8Array(32).fill(7));
const publicKey = new Uint8Array(key.publicKey.raw);

function isPeerUnknown(error: unknown): boolean {
  return error instanceof ProtocolError && error.code === 'peer-unknown';
}

const ids = suite('peerIdFromPublicKey()');

ids('and publicKeyOfPeer() undo each other', () => {
  const peer = peerIdFromPublicKey(publicKey);
  assert.is(peer.toString(), peerIdFromPrivateKey(key).toString());
  assert.equal(publicKeyOfPeer(peer), publicKey);
});

ids('refuses a length that would be another type of key', () => {
  assert.throws(
    () => peerIdFromPublicKey(new Uint8Array(33)),
    (error: unknown) => error instanceof RangeError,
  );
});

ids.run();

const keys = suite('publicKeyOfPeer()');

keys('refuses secp256k1 keys', async () => {
  const other = await generateKeyPair('secp256k1');
  assert.throws(() => publicKeyOfPeer(peerIdFromPrivateKey(other)), isPeerUnknown);
});

keys.run();

const texts = suite('parsePeer()');

texts('reads what formatPeer() wrote', () => {
  assert.match(formatPeer(publicKey), /^12D3KooW/);
  assert.equal(parsePeer(formatPeer(publicKey)), publicKey);
});

texts('refuses anything else', async () => {
  const other = peerIdFromPrivateKey(await generateKeyPair('secp256k1')).toString();
  const cid = peerIdFromPublicKey(publicKey).toCID().toString();
  const texts = [
    '',
    'x',
    other,
    cid,
    formatPeer(publicKey).slice(0, -1),
    ` ${formatPeer(publicKey)}`,
  ];
  for (const text of texts) assert.throws(() => parsePeer(text), isPeerUnknown, text);
});

texts.run();
