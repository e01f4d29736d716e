import { connect } from 'node:net';

import { Hono } from 'hono';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openOnsiteStage } from '#scripts/testing/onsite-stage.ts';
import { createPageVisitor } from '#scripts/testing/page-visitor.ts';

import { createApp } from './app.ts';
import { serveHttp } from './serve.ts';
import { STYLES, STYLES_SOURCE } from './styles.ts';

const app = suite('createApp()');

app('createApp() serves the log where its readers look for it, by GET alone', async () => {
  await using stage = await openOnsiteStage();
  await stage.ledger.checkpointFor(stage.ledger.size);
  const visitor = createPageVisitor(stage.app);
  const checkpoint = await visitor.get('/checkpoint');
  assert.is(checkpoint.status, 200);
  assert.is(checkpoint.text, stage.ledger.checkpoint.note);
  const tile = await visitor.get(`/tile/entries/000.p/${stage.ledger.checkpoint.size}`);
  assert.is(tile.status, 200);
  assert.is((await visitor.get('/tile/entries/0')).status, 404);
  assert.is((await visitor.send('/checkpoint', {})).status, 405);
});

app('createApp() tells a watchdog whether the log takes entries', async () => {
  await using stage = await openOnsiteStage();
  const { status, text } = await createPageVisitor(stage.app).get('/healthz');
  assert.is(status, 200);
  assert.is((JSON.parse(text) as { state: unknown }).state, 'ok');
});

app('createApp() sends every page, also of failures, with all its guards', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  for (const path of ['/', `/requests/${hash}`, '/nowhere', `/requests/${'A'.repeat(43)}`]) {
    const { headers, text } = await visitor.get(path);
    const policy = headers.get('Content-Security-Policy') ?? '';
    assert.match(policy, "default-src 'none'");
    assert.match(policy, "form-action 'self'");
    assert.match(policy, "frame-ancestors 'none'");
    assert.match(policy, "base-uri 'none'");
    assert.not.match(policy, 'unsafe');
    assert.is(headers.get('X-Content-Type-Options'), 'nosniff');
    assert.is(headers.get('Cache-Control'), 'no-store');
    assert.is(headers.get('Cross-Origin-Opener-Policy'), 'same-origin');
    assert.is(headers.get('Referrer-Policy'), 'same-origin');
    assert.ok(
      text.includes(`<style>${STYLES}</style>`),
      'the style is the one that the policy names',
    );
    assert.ok(policy.includes(STYLES_SOURCE));
    assert.not.match(text, /<script|\son[a-z]+=|style="/i);
  }
});

app('createApp() gives its cookie to this site and to no script', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  const [cookie = ''] = (await visitor.get(`/requests/${hash}`)).headers.getSetCookie();
  assert.match(cookie, 'HttpOnly');
  assert.match(cookie, 'SameSite=Strict');
  assert.not.match(cookie, 'Secure');
  const again = await visitor.get(`/requests/${hash}`);
  assert.equal(
    again.headers.getSetCookie(),
    [],
    'a visitor keeps the cookie: other tabs go on working',
  );
  const secure = await stage.app.request(`https://localhost/requests/${hash}`);
  assert.match(secure.headers.getSetCookie()[0] ?? '', 'Secure');
});

app('createApp() answers under its own names and in numbers, not under a stranger’s', async () => {
  await using stage = await openOnsiteStage();
  const { site, requests, sessions, pinDesk, clock, applianceKey } = stage;
  const others = { hostOf: () => null, unsaidLevel: () => null, onFailure: () => undefined };
  const ports = { site, requests, sessions, pinDesk, clock, applianceKey, ...others };
  const named = createApp({ ...ports, hosts: ['Caisey.Miller.Example'] });
  const statusOf = async (host: string, path = '/'): Promise<number> =>
    (await named.request(`http://${host}${path}`)).status;
  for (const host of [
    ...['localhost', 'localhost:8080', '127.0.0.1', '192.168.1.5:80', '[::1]:8080'],
    ...['[fe80::1]', 'caisey.miller.example', 'CAISEY.miller.example:81', 'caisey.miller.example.'],
  ]) {
    assert.is(await statusOf(host), 200, host);
  }
  for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example']) {
    assert.is(await statusOf(host), 421, host);
    assert.is(await statusOf(host, '/checkpoint'), 200, 'the log is public');
  }
});

app('createApp() says nothing of a failure that it does not know', async () => {
  await using stage = await openOnsiteStage();
  const { site, requests, sessions, pinDesk, clock, applianceKey } = stage;
  const failures: unknown[] = [];
  const broken = createApp({
    ...{ site, requests, pinDesk, clock, applianceKey },
    ...{ hostOf: () => null, unsaidLevel: () => null },
    sessions: {
      get open(): never {
        throw new Error('secret of the house');
      },
      find: (id) => sessions.find(id),
      say: (session, line) => sessions.say(session, line),
      closeSession: (session, closing) => sessions.closeSession(session, closing),
    },
    onFailure: (cause) => failures.push(cause),
  });
  const { status, text } = await createPageVisitor(broken).get('/');
  assert.is(status, 500);
  assert.not.match(text, 'secret of the house');
  assert.match(String(failures[0]), 'secret of the house');
});

app('createApp() takes no failure from a browser that breaks off while it sends', async () => {
  await using stage = await openOnsiteStage();
  const { site, requests, sessions, pinDesk, clock, applianceKey } = stage;
  const failures: unknown[] = [];
  const others = { hostOf: () => null, unsaidLevel: () => null };
  const ports = { site, requests, sessions, pinDesk, clock, applianceKey, ...others };
  const watched = createApp({ ...ports, onFailure: (cause) => failures.push(cause) });
  const { hash } = await stage.ask();
  const taken = new Hono();
  const [reached, answered] = [Promise.withResolvers<null>(), Promise.withResolvers<number>()];
  taken.all('*', async (c) => {
    reached.resolve(null);
    const response = await watched.fetch(c.req.raw);
    answered.resolve(response.status);
    return response;
  });
  await using server = await serveHttp(taken, { host: '127.0.0.1', port: 0 });
  const { host, port } = new URL(server.url);
  const socket = connect(Number(port), '127.0.0.1');
  const form = 'Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 999';
  const head = `POST /requests/${hash}/decide HTTP/1.1\r\nHost: ${host}\r\nOrigin: ${server.url}`;
  socket.write(`${head}\r\n${form}\r\n\r\nhalf`);
  await reached.promise;
  socket.resetAndDestroy();
  assert.is(await answered.promise, 400);
  assert.equal(failures, []);
});

app.run();
