import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { admitClerk, narrowSockets, socketSources } from './content-policy.ts';

const PEER = '12D3KooWBdzjsnvsR8Feu5U4pw893fyuy6HG4BDtVVXabv8PZMA9';

const sources = suite('socketSources()');

sources('socketSources() names the relay alone to a secure page', () => {
  const relay = [
    `/dns4/relay.example/tcp/443/tls/ws/p2p/${PEER}`,
    `/dns4/relay.example/tcp/8443/wss/p2p/${PEER}`,
    `/ip6/2001:db8::1/tcp/443/tls/ws/p2p/${PEER}`,
    `/ip4/192.0.2.7/tcp/4021/ws/p2p/${PEER}`, // plain: a secure page may not open it
  ];
  assert.equal(socketSources(relay, { isSecurePage: true }), [
    'wss://relay.example:443',
    'wss://relay.example:8443',
    'wss://[2001:db8::1]:443',
  ]);
});

sources('socketSources() lets a plain page reach its own network', () => {
  assert.equal(socketSources([], { isSecurePage: false }), ['ws:', 'wss:']);
});

sources.run();

const narrow = suite('narrowSockets()');

narrow('narrowSockets() leaves the rest of a policy as it is', () => {
  const policy = "default-src 'none'; connect-src 'self' ws: wss:; img-src 'self'";
  assert.is(
    narrowSockets(policy, ['wss://a:443', 'wss://b:443']),
    "default-src 'none'; connect-src 'self' wss://a:443 wss://b:443; img-src 'self'",
  );
  assert.is(narrowSockets(policy, []), "default-src 'none'; connect-src 'self' ; img-src 'self'");
  assert.throws(() => narrowSockets("default-src 'none'", []), /no sockets/);
});

narrow.run();

const clerk = suite('admitClerk()');

clerk('admitClerk() lets in that one host, and style elements by the nonce alone', () => {
  const policy = [
    "default-src 'none'",
    "script-src 'self' 'nonce-abc'",
    "style-src 'self'",
    "style-src-attr 'unsafe-hashes'",
    "img-src 'self' data:",
    "connect-src 'self' wss://relay.example:443",
    "require-trusted-types-for 'script'",
    'trusted-types svelte-trusted-html',
  ].join('; ');
  assert.equal(admitClerk(policy, 'clerk.msp.example').split('; '), [
    "default-src 'none'",
    "script-src 'self' 'nonce-abc' https://clerk.msp.example",
    "style-src 'self' 'nonce-abc'",
    "style-src-attr 'unsafe-hashes'",
    "img-src 'self' data:",
    "connect-src 'self' wss://relay.example:443 https://clerk.msp.example",
    "require-trusted-types-for 'script'",
    'trusted-types svelte-trusted-html default',
  ]);
});

clerk.run();
