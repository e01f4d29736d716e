// The console behind a reverse proxy, as ui/README.md says to set one up: pages and relay each behind a name of their
// own, the proxy speaking https to the world and http to the console.

import { once } from 'node:events';
import { createServer, request as ask, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatPeer } from '#agent/protocol/peer.ts';
import { openClient, openClientNode } from '#appliance/protocol/client-node.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import { openSecretFile } from '#ui/server/secret-file.ts';
import { openConsoleProcess } from './console-process.ts';

const ORIGIN = 'https://console.example';

const FOUNDER = {
  ...{ organisation: 'Acme IT', name: 'Sarah', email: 'sarah@acme.example' },
  password: 'correct horse battery',
};

/** What nginx would do: tells who asked and by what scheme, and passes WebSockets on. */
async function openProxy(port: number): Promise<{ port: number } & AsyncDisposable> {
  const headersOf = (headers: NodeJS.Dict<string | string[]>) => ({
    ...headers,
    host: 'console.example',
    'x-forwarded-proto': 'https',
    'x-forwarded-for': '203.0.113.9',
  });
  const server: Server = createServer((incoming, outgoing) => {
    const { method, url, headers } = incoming;
    const options = { host: '127.0.0.1', port, method, path: url, headers: headersOf(headers) };
    const passed = ask(options, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    passed.on('error', () => outgoing.destroy());
    incoming.pipe(passed);
  });
  server.on('upgrade', ({ method, url, rawHeaders }, socket, head) => {
    const lines = rawHeaders.flatMap((name, at) =>
      at % 2 === 0 ? [`${name}: ${rawHeaders[at + 1] ?? ''}`] : [],
    );
    const onward = connect(port, '127.0.0.1', () => {
      onward.write(`${method ?? 'GET'} ${url ?? '/'} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      onward.write(head);
      onward.pipe(socket).pipe(onward);
    });
    for (const end of [onward, socket]) end.on('error', () => socket.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const test = suite('console behind a proxy');

test('takes forms, sets secure cookies, names its relay, and carries WebSockets', async () => {
  await using stack = new AsyncDisposableStack();
  const env = { ORIGIN, ADDRESS_HEADER: 'x-forwarded-for' };
  const { ports, data } = stack.use(await openConsoleProcess(() => env));
  const pages = stack.use(await openProxy(ports.pages));
  const relay = stack.use(await openProxy(ports.ws));
  const at = (path: string): string => `http://127.0.0.1:${pages.port}${path}`;

  const form = await fetch(at('/found'));
  assert.is(form.status, 200);
  const policy = form.headers.get('content-security-policy') ?? '';
  assert.match(policy, /connect-src 'self' *;/); // this relay has no secure address: none is named
  assert.match(policy, /script-src 'self' 'nonce-[^']+'/);

  const post = (origin: string) =>
    fetch(at('/found'), {
      method: 'POST',
      headers: { origin, accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(FOUNDER),
      redirect: 'manual',
    });
  assert.is((await post('https://evil.example')).status, 403, 'a form of another site');
  const founded = await post(ORIGIN);
  assert.is(founded.status, 303, await founded.text());
  const cookies = founded.headers.getSetCookie();
  assert.ok(cookies.length > 0 && cookies.every((cookie) => /; *secure/i.test(cookie)));

  const seed = randomBytes(32);
  const { publicKey } = await importSigner(seed);
  const registered = await fetch(at('/api/devices'), {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      cookie: cookies.map((cookie) => cookie.split(';', 1)[0]).join('; '),
    },
    body: JSON.stringify({ peerKey: formatPersonKey({ kind: 'ed25519', publicKey }) }),
  });
  assert.is(registered.status, 200, await registered.text());

  const relaySigner = await importSigner(await openSecretFile(join(data, 'relay.key')));
  const relayPeer = formatPeer(relaySigner.publicKey);
  const node = stack.use(await openClientNode({ seed }));
  const target = {
    publicKey: (await importSigner(randomBytes(32))).publicKey,
    addresses: [`/ip4/127.0.0.1/tcp/${relay.port}/ws/p2p/${relayPeer}/p2p-circuit`],
  };
  const caught = await openClient(node, { ...target, signal: AbortSignal.timeout(60_000) }).catch(
    (error: unknown) => error,
  );
  // The relay answered over the proxied WebSocket, end to end encrypted: there is no such appliance.
  assert.match(String(caught), /NO_RESERVATION|PERMISSION_DENIED/);
});

test('names the announced relay to pages, with its peer id', async () => {
  const announced = '/dns4/relay.example/tcp/443/tls/ws';
  await using stack = new AsyncDisposableStack();
  const env = { ORIGIN, RELAY_ANNOUNCE: `${announced},/dns4/relay.example/tcp/4020` };
  const { ports, data } = stack.use(await openConsoleProcess(() => env));
  const pages = stack.use(await openProxy(ports.pages));
  const at = (path: string): string => `http://127.0.0.1:${pages.port}${path}`;
  const form = await fetch(at('/found'));
  const policy = form.headers.get('content-security-policy') ?? '';
  assert.match(policy, /connect-src 'self' wss:\/\/relay\.example:443 *;/);

  const founded = await fetch(at('/found'), {
    method: 'POST',
    headers: {
      ...{ origin: ORIGIN, accept: 'text/html' },
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams(FOUNDER),
    redirect: 'manual',
  });
  const cookie = founded.headers
    .getSetCookie()
    .map((each) => each.split(';', 1)[0])
    .join('; ');
  const sites = await fetch(at('/api/notices'), { headers: { cookie } });
  const { publicKey } = await importSigner(await openSecretFile(join(data, 'relay.key')));
  assert.ok((await sites.text()).includes(`"${announced}/p2p/${formatPeer(publicKey)}"`));
});

test.run();
