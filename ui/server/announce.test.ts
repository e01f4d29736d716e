import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatPeer } from '#agent/protocol/peer.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { announcedAddresses } from './announce.ts';

const keyOf = async (byte: number) => (await importSigner(new Uint8Array(32).fill(byte))).publicKey;

const announced = suite('announcedAddresses()');

announced('adds the peer id of the relay where an address names none', async () => {
  const key = await keyOf(1);
  const own = formatPeer(key);
  const given = ['/dns/relay.example/tcp/443/wss', `/ip4/192.0.2.1/tcp/4020/p2p/${own}`];
  assert.equal(announcedAddresses(given, key), [
    `/dns/relay.example/tcp/443/wss/p2p/${own}`,
    `/ip4/192.0.2.1/tcp/4020/p2p/${own}`,
  ]);
  assert.equal(announcedAddresses([], key), []);
});

announced('refuses the peer id of another, and says what to do', async () => {
  const key = await keyOf(1);
  const other = `/ip4/192.0.2.1/tcp/4020/p2p/${formatPeer(await keyOf(2))}`;
  assert.throws(() => announcedAddresses([other], key), /another peer.*leave \/p2p\/… out/);
});

announced.run();
