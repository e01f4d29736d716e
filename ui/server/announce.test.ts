import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { announcedAddresses } from './announce.ts';

const OWN = '12D3KooWBdzjsnvsR8Feu5U4pw893fyuy6HG4BDtVVXabv8PZMA9';
const OTHER = '12D3KooWHniGxw68b99ri276RQAii9b2s6KcMdWxFkn1yQuzD1sA';

const announced = suite('announcedAddresses()');

announced('adds the peer id of the relay where an address names none', () => {
  const given = ['/dns/relay.example/tcp/443/wss', `/ip4/192.0.2.1/tcp/4020/p2p/${OWN}`];
  assert.equal(announcedAddresses(given, OWN), [
    `/dns/relay.example/tcp/443/wss/p2p/${OWN}`,
    `/ip4/192.0.2.1/tcp/4020/p2p/${OWN}`,
  ]);
  assert.equal(announcedAddresses([], OWN), []);
});

announced('refuses the peer id of another, and says what to do', () => {
  const other = `/ip4/192.0.2.1/tcp/4020/p2p/${OTHER}`;
  assert.throws(() => announcedAddresses([other], OWN), /another peer.*leave \/p2p\/… out/);
});

announced.run();
