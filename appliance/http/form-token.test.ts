import { Hono } from 'hono';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createFormTokens, type FormTokens, VISITOR_COOKIE } from './form-token.ts';
import { PageError } from './problem.ts';

const tokens = suite('createFormTokens()');

tokens(
  'createFormTokens() takes a token back from its visitor, for its purpose, alone',
  async () => {
    const app = createTokenApp(createFormTokens());
    const one = await issue(app, 'a');
    const two = await issue(app, 'a');
    assert.is(await check(app, { ...one, purpose: 'a' }), 'ok');
    assert.is(await check(app, { ...one, purpose: 'b' }), 'form-stale');
    assert.is(
      await check(app, { token: one.token, cookie: two.cookie, purpose: 'a' }),
      'form-stale',
    );
    assert.is(await check(app, { token: one.token, cookie: '', purpose: 'a' }), 'form-stale');
    assert.is(await check(app, { token: '', cookie: one.cookie, purpose: 'a' }), 'form-stale');
    for (const cookie of [`${VISITOR_COOKIE}=`, `${VISITOR_COOKIE}=x`, one.cookie.slice(0, -1)]) {
      assert.is(await check(app, { token: one.token, cookie, purpose: 'a' }), 'form-stale');
    }
  },
);

tokens('createFormTokens() gives the forms of a first page to one visitor', async () => {
  const formTokens = createFormTokens();
  const app = createTokenApp(formTokens);
  app.get('/page', (c) => c.text(`${formTokens.issue(c, 'a')} ${formTokens.issue(c, 'b')}`));
  const response = await app.request('/page');
  const cookies = response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '');
  assert.is(cookies.length, 1);
  const [a = '', b = ''] = (await response.text()).split(' ');
  const [cookie = ''] = cookies;
  assert.is(await check(app, { token: a, cookie, purpose: 'a' }), 'ok');
  assert.is(await check(app, { token: b, cookie, purpose: 'b' }), 'ok');
});

tokens('createFormTokens() knows no token of another process', async () => {
  const issued = await issue(createTokenApp(createFormTokens()), 'a');
  const other = createTokenApp(createFormTokens());
  assert.is(await check(other, { ...issued, purpose: 'a' }), 'form-stale');
});

tokens.run();

function createTokenApp(formTokens: FormTokens): Hono {
  const app = new Hono();
  app.get('/issue/:purpose', (c) => c.text(formTokens.issue(c, c.req.param('purpose'))));
  app.get('/check/:purpose', (c) => {
    const form = { purpose: c.req.param('purpose'), token: c.req.header('Token') ?? '' };
    formTokens.check(c, form);
    return c.text('ok');
  });
  app.onError((error, c) => c.text(error instanceof PageError ? error.code : String(error)));
  return app;
}

async function issue(app: Hono, purpose: string): Promise<{ token: string; cookie: string }> {
  const response = await app.request(`/issue/${purpose}`);
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return { token: await response.text(), cookie };
}

async function check(
  app: Hono,
  { token, cookie, purpose }: { token: string; cookie: string; purpose: string },
): Promise<string> {
  const headers = { Token: token, Cookie: cookie };
  return (await app.request(`/check/${purpose}`, { headers })).text();
}
