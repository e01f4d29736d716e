import { connect } from 'node:net';

import { Hono } from 'hono';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { rejection } from '#scripts/testing/ledger-place.ts';

import { serveHttp } from './serve.ts';

const LOOPBACK = { host: '127.0.0.1', port: 0 };

const serving = suite('serveHttp()');

serving('serveHttp() listens on a free port and says where', async () => {
  const app = new Hono().get('/', (c) => c.text(c.req.url));
  await using server = await serveHttp(app, LOOPBACK);
  assert.match(server.url, /^http:\/\/127\.0\.0\.1:[0-9]+$/);
  const response = await fetch(server.url);
  assert.is(await response.text(), `${server.url}/`);
});

serving('serveHttp() finishes an answer under way before it is closed', async () => {
  const [asked, answer] = [Promise.withResolvers<null>(), Promise.withResolvers<string>()];
  const app = new Hono().get('/', async (c) => {
    asked.resolve(null);
    return c.text(await answer.promise);
  });
  const server = await serveHttp(app, LOOPBACK);
  const response = fetch(server.url);
  await asked.promise;
  const closed = server[Symbol.asyncDispose]();
  answer.resolve('done');
  assert.is(await (await response).text(), 'done');
  await closed;
  await server[Symbol.asyncDispose]();
  assert.is((await rejection(fetch(server.url))).code, 'TypeError');
});

serving('serveHttp() closes by its signal, and not open when that came before', async () => {
  const stop = new AbortController();
  const server = await serveHttp(new Hono(), { ...LOOPBACK, signal: stop.signal });
  stop.abort();
  await server[Symbol.asyncDispose]();
  await rejection(fetch(server.url));
  await rejection(serveHttp(new Hono(), { ...LOOPBACK, signal: stop.signal }));
});

serving('serveHttp() rejects when the port is taken', async () => {
  await using server = await serveHttp(new Hono(), LOOPBACK);
  const port = Number(new URL(server.url).port);
  assert.is((await rejection(serveHttp(new Hono(), { ...LOOPBACK, port }))).code, 'port-taken');
});

serving('serveHttp() outlives bytes that are no HTTP', async () => {
  await using server = await serveHttp(
    new Hono().get('/', (c) => c.text('up')),
    LOOPBACK,
  );
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
  socket.on('error', () => undefined); // a reset is an answer, too
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.end('\x16\x03\x01 this is not HTTP\r\n\r\n');
  socket.resume();
  await ended;
  assert.is(await (await fetch(server.url)).text(), 'up');
});

serving.run();
