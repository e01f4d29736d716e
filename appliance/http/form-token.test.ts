import { Hono } from 'hono';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { createFormTokens, type FormTokens, MAX_DONE, VISITOR_COOKIE } from './form-token.ts';
import { PageError } from './problem.ts';

const tokens = suite('createFormTokens()');

tokens(
  'createFormTokens() takes a token back from its visitor, for its purpose, alone',
  async () => {
    const app = createTokenApp(createFormTokens());
    const one = await issue(app, 'a');
    const two = await issue(app, 'a');
    assert.is(await send(app, { ...one, purpose: 'a' }), 'done 1');
    assert.is(await send(app, { ...one, purpose: 'b' }), 'form-stale');
    assert.is(
      await send(app, { token: one.token, cookie: two.cookie, purpose: 'a' }),
      'form-stale',
    );
    assert.is(await send(app, { token: one.token, cookie: '', purpose: 'a' }), 'cookie-missing');
    for (const cookie of [`${VISITOR_COOKIE}=`, `${VISITOR_COOKIE}=x`, one.cookie.slice(0, -1)]) {
      assert.is(await send(app, { token: one.token, cookie, purpose: 'a' }), 'cookie-missing');
    }
    const [number = '', mac = ''] = one.token.split('.');
    const forged = [`2.${mac}`, `0${number}.${mac}`, `${number}.`, mac, `NaN.${mac}`, '.', ''];
    for (const token of forged) {
      assert.is(await send(app, { token, cookie: one.cookie, purpose: 'a' }), 'form-stale', token);
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
  assert.is(await send(app, { token: a, cookie, purpose: 'a' }), 'done 1');
  assert.is(await send(app, { token: b, cookie, purpose: 'b' }), 'done 2');
});

tokens('createFormTokens() knows no token of another process', async () => {
  const issued = await issue(createTokenApp(createFormTokens()), 'a');
  const other = createTokenApp(createFormTokens());
  assert.is(await send(other, { ...issued, purpose: 'a' }), 'form-stale');
});

tokens('createFormTokens() does once what a form asks for, and answers alike', async () => {
  const app = createTokenApp(createFormTokens());
  const form = { ...(await issue(app, 'a')), purpose: 'a' };
  const both = await Promise.all([send(app, form), send(app, form)]);
  assert.equal(both, ['done 1', 'done 1']);
  assert.is(await send(app, form), 'done 1');
  assert.is(await send(app, { ...form, asked: 'another thing' }), 'done 2');
  assert.is(await send(app, { ...form, ...(await issue(app, 'a')) }), 'done 3');
});

tokens('createFormTokens() does anew what failed', async () => {
  const app = createTokenApp(createFormTokens());
  const form = { ...(await issue(app, 'a')), purpose: 'a', asked: 'fail once' };
  assert.equal(await Promise.all([send(app, form), send(app, form)]), ['failed 1', 'failed 1']);
  assert.equal([await send(app, form), await send(app, form)], ['done 2', 'done 2']);
});

tokens('createFormTokens() takes no form that it may have forgotten', async () => {
  const app = createTokenApp(createFormTokens());
  const waiting = { ...(await issue(app, 'a')), purpose: 'a' };
  const first = { ...(await issue(app, 'a')), purpose: 'a' };
  const last = { ...(await issue(app, 'a')), purpose: 'a' };
  assert.is(await send(app, first), 'done 1');
  for (let others = 1; others < MAX_DONE; others++) {
    await send(app, { ...last, asked: String(others) });
  }
  assert.is(await send(app, first), 'done 1', 'as many are remembered');
  assert.is(await send(app, last), `done ${MAX_DONE + 1}`);
  assert.is(await send(app, first), 'form-stale', 'it would be done twice');
  assert.is(await send(app, waiting), 'form-stale', 'what is older cannot be told apart from it');
  assert.is(await send(app, last), `done ${MAX_DONE + 1}`);
});

tokens.run();

/** Each form that is taken counts; the first that asks to fail does. */
function createTokenApp(formTokens: FormTokens): Hono {
  const app = new Hono();
  let deeds = 0;
  app.get('/issue/:purpose', (c) => c.text(formTokens.issue(c, c.req.param('purpose'))));
  app.get('/send/:purpose/:asked', async (c) => {
    const { purpose, asked } = c.req.param();
    const form = { purpose, token: c.req.header('Token') ?? '', asked: { asked } };
    const done = formTokens.once(c, form, async () => {
      deeds += 1;
      const at = deeds;
      await Promise.resolve();
      if (at === 1 && asked === 'fail once') throw new Error(`failed ${at}`);
      return `done ${at}`;
    });
    return c.text(await done);
  });
  app.onError((error, c) => c.text(error instanceof PageError ? error.code : error.message));
  return app;
}

/** A form of a new visitor. */
async function issue(app: Hono, purpose: string): Promise<{ token: string; cookie: string }> {
  const response = await app.request(`/issue/${purpose}`);
  const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
  return { token: await response.text(), cookie };
}

async function send(
  app: Hono,
  {
    token,
    cookie,
    purpose,
    asked = 'this',
  }: { token: string; cookie: string; purpose: string; asked?: string },
): Promise<string> {
  const headers = { Token: token, Cookie: cookie };
  return (await app.request(`/send/${purpose}/${encodeURIComponent(asked)}`, { headers })).text();
}
