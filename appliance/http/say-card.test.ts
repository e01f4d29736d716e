import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import {
  fieldsOf,
  openOnsiteStage,
  type OnsiteStage,
  PINS,
} from '#scripts/testing/onsite-stage.ts';
import { type Answer, createPageVisitor, type PageVisitor } from '#scripts/testing/page-visitor.ts';

import { MAX_FORM_BYTES, MAX_SAID_CHARS } from './form.ts';

const TEXT = 'Not before six, please.\nWe have customers.';

const say = suite('sayCard()');

say('sayCard() has an approver speak in the session, by name and on record', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { id } = await stage.session();
  const before = (await visitor.get(`/sessions/${id}`)).text;
  assert.match(before, /It goes on record with your\s+name/);
  const answer = await speak(visitor, id, { text: ` ${TEXT.replace('\n', '\r\n')}\r\n` });
  const [said] = await stage.entries('chat.said');
  const path = `/sessions/${id}?said=${said?.index ?? -1}`;
  assert.equal([answer.status, answer.headers.get('Location')], [303, path]);
  const { from, name } = fieldsOf(said);
  assert.equal([from, name, said?.leaf.s], ['client', 'Carol Miller', id]);
  assert.equal(await linesOf(stage), [TEXT]);
  const { text } = await visitor.get(path);
  assert.match(text, 'Said, and on record');
  assert.match(text, TEXT);
  const later = `/sessions/${id}?said=${(said?.index ?? 0) - 1}`;
  assert.not.match((await visitor.get(later)).text, 'Said, and on record');
});

say('sayCard() says nothing for the words of somebody else', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const session = await stage.session();
  const line = { from: 'technician', name: 'Alice Ash', text: 'Ready?' } as const;
  const { index } = await stage.sessions.say(session, line);
  const { text } = await visitor.get(`/sessions/${session.id}?said=${index}`);
  assert.not.match(text, 'Said, and on record');
});

say('sayCard() keeps hostile text as it is on record, and shows it by its characters', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { id } = await stage.session();
  const hostile = 'a</textarea><script>alert(1)</script>\u202egpj\u0000\u001b[2J\u200bz';
  const wrong = await speak(visitor, id, { text: hostile, pin: '739151' });
  assert.match(wrong.text, 'a&lt;/textarea&gt;&lt;script&gt;');
  assert.is((await speak(visitor, id, { text: hostile })).status, 303);
  assert.equal(await linesOf(stage), [hostile]);
  const { text } = await visitor.get(`/sessions/${id}`);
  for (const raw of ['<script', '\u202e', '\u0000', '\u001b', '\u200b']) {
    assert.not.match(text, raw);
  }
  assert.ok(text.includes('alert(1)&lt;/script&gt;\\u{202e}gpj\\x00\\x1b[2J\\u{200b}z'));
});

say('sayCard() says nothing for a form that no page of this visit gave', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { id } = await stage.session();
  const path = `/sessions/${id}`;
  const token = await visitor.tokenOf(path, `${path}/say`);
  const form = formOf({ token });
  const stop = await visitor.tokenOf(path, `${path}/stop`);
  const send = (over: Record<string, string>, init?: RequestInit): Promise<Answer> =>
    visitor.send(`${path}/say`, { ...form, ...over }, init);
  const attacks = [
    { name: 'no cookie', answer: await createPageVisitor(stage.app).send(`${path}/say`, form) },
    { name: 'no token', answer: await send({ token: '' }) },
    { name: 'token of the other form', answer: await send({ token: stop }) },
    {
      name: 'other origin',
      answer: await send({}, { headers: { Origin: 'http://evil.example' } }),
    },
    { name: 'no origin', answer: await send({}, { headers: { Origin: '' } }) },
    { name: 'same site', answer: await send({}, { headers: { 'Sec-Fetch-Site': 'same-site' } }) },
  ];
  for (const { name, answer } of attacks) assert.is(answer.status, 403, name);
  const stopping = { approver: 'carol', pin: PINS.carol, comment: '', token };
  assert.is((await visitor.send(`${path}/stop`, stopping)).status, 403, 'nor does it stop');
  const { token: _token, ...tokenless } = form;
  assert.is((await visitor.send(`${path}/say`, tokenless)).status, 400);
  assert.is((await send({ from: 'technician' })).status, 400);
  assert.is((await send({ name: 'Alice Ash' })).status, 400);
  assert.equal(await linesOf(stage), []);
  assert.is(stage.sessions.open.length, 1);
  assert.is((await stage.entries('alert.raised')).length, 0, 'no PIN was tried');
});

say('sayCard() says nothing by GET or HEAD, whatever the address says', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { id } = await stage.session();
  const token = await visitor.tokenOf(`/sessions/${id}`, `/sessions/${id}/say`);
  const query = new URLSearchParams(formOf({ token }));
  const size = stage.ledger.size;
  const answer = await visitor.get(`/sessions/${id}/say?${query}`);
  assert.equal([answer.status, answer.headers.get('Location')], [303, `/sessions/${id}`]);
  await visitor.get(`/sessions/${id}/say?${query}`, { method: 'HEAD' });
  await visitor.get(`/sessions/${id}?${query}`);
  assert.is(stage.ledger.size, size);
});

say('sayCard() has wrong PINs counted and on record, and what was typed comes back', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { id } = await stage.session();
  const wrong = await speak(visitor, id, { pin: '739151' });
  assert.is(wrong.status, 403);
  assert.match(wrong.text, 'Nothing was said. 2 tries are left');
  assert.match(wrong.text, `>\n${TEXT}</textarea>`);
  assert.match(wrong.text, /value="carol" selected/);
  assert.not.match(wrong.text, '739151');
  await speak(visitor, id, { pin: '739151' });
  const locked = await speak(visitor, id, { pin: '739151' });
  assert.equal([locked.status, locked.headers.get('Retry-After')], [429, '30']);
  assert.is((await speak(visitor, id)).status, 429, 'the right PIN waits as well');
  const alerts = await stage.entries('alert.raised');
  assert.equal(
    alerts.map((alert) => fieldsOf(alert)['code']),
    ['wrong-pin', 'wrong-pin', 'wrong-pin', 'pin-locked'],
  );
  const other = await speak(visitor, id, { approver: 'mallory', pin: PINS.carol });
  assert.is(other.status, 403);
  assert.match(other.text, 'Nothing was said. Please choose your name again.');
  assert.match(other.text, TEXT);
  assert.equal(await linesOf(stage), []);
  stage.clock.advance(30_000);
  assert.is((await speak(visitor, id)).status, 303);
});

say('sayCard() says a line once, however often its form is sent', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { id } = await stage.session();
  const action = `/sessions/${id}/say`;
  const form = formOf({ token: await visitor.tokenOf(`/sessions/${id}`, action) });
  const twice = await Promise.all([visitor.send(action, form), visitor.send(action, form)]);
  const reloaded = await visitor.send(action, form);
  const [said] = await stage.entries('chat.said');
  for (const { status, headers } of [...twice, reloaded]) {
    const path = `/sessions/${id}?said=${said?.index ?? -1}`;
    assert.equal([status, headers.get('Location')], [303, path]);
  }
  assert.equal(await linesOf(stage), [TEXT]);
  assert.is((await visitor.send(action, { ...form, text: 'And not at noon.' })).status, 303);
  assert.is((await speak(visitor, id)).status, 303);
  assert.equal(await linesOf(stage), [TEXT, 'And not at noon.', TEXT], 'what is meant is said');
});

say('sayCard() counts a wrong PIN once for a form that is sent twice at once', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { id } = await stage.session();
  const action = `/sessions/${id}/say`;
  const form = formOf({ token: await visitor.tokenOf(`/sessions/${id}`, action) });
  const wrong = { ...form, pin: '739151' };
  const twice = await Promise.all([visitor.send(action, wrong), visitor.send(action, wrong)]);
  for (const { status, text } of twice) {
    assert.is(status, 403);
    assert.match(text, '2 tries are left');
  }
  assert.is((await stage.entries('alert.raised')).length, 1);
  assert.is(
    (await visitor.send(action, form)).status,
    303,
    'nothing was said by it: it is still good',
  );
});

say('sayCard() says nothing that is empty or too long, and tries no PIN for it', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { id } = await stage.session();
  const pin = '739151';
  for (const text of ['', ' \r\n\t ']) {
    const answer = await speak(visitor, id, { text, pin });
    assert.is(answer.status, 400);
    assert.match(answer.text, 'Nothing was said yet');
  }
  const long = 'x'.repeat(MAX_SAID_CHARS + 1);
  const answer = await speak(visitor, id, { text: long, pin });
  assert.is(answer.status, 413);
  assert.match(answer.text, `at most ${MAX_SAID_CHARS} characters`);
  assert.ok(answer.text.includes(`${long}</textarea>`));
  assert.is((await speak(visitor, id, { text: 'x'.repeat(MAX_FORM_BYTES), pin })).status, 413);
  assert.equal(await linesOf(stage), []);
  assert.is((await stage.entries('alert.raised')).length, 0);
  const longest = '\uffe6\n'.repeat(MAX_SAID_CHARS / 2 - 1).concat('\u{1f4b3}');
  const sent = longest.replaceAll('\n', '\r\n');
  assert.is((await speak(visitor, id, { text: sent })).status, 303);
  assert.equal(await linesOf(stage), [longest]);
});

say('sayCard() is for open sessions: one that ended keeps what was typed on the page', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const session = await stage.session();
  const action = `/sessions/${session.id}/say`;
  const token = await visitor.tokenOf(`/sessions/${session.id}`, action);
  const form = formOf({ token, pin: '739151' });
  session.isClosing = true;
  const closing = await visitor.send(action, form);
  assert.is(closing.status, 409);
  for (const part of ['This session has ended', 'It was not said', TEXT, 'It is being stopped']) {
    assert.match(closing.text, part);
  }
  assert.not.match(closing.text, '<form');
  session.isClosing = false;
  const end = { by: 'Alice Ash', reason: 'technician', note: null, ticket: null } as const;
  await stage.sessions.closeSession(session, end);
  const ended = await visitor.send(action, form);
  assert.is(ended.status, 404);
  for (const part of ['This session has ended', 'It was not said', TEXT, 'Alice Ash closed it.']) {
    assert.match(ended.text, part);
  }
  assert.not.match(ended.text, '<form');
  const forged = await visitor.send(action, { ...form, token: 'x' });
  assert.is(forged.status, 403);
  const { text } = await visitor.get(`/sessions/${session.id}`);
  assert.not.match(text, 'What you typed');
  const nowhere = `/sessions/${'A'.repeat(22)}/say`;
  assert.is((await visitor.send(nowhere, form)).status, 404);
  assert.equal(await linesOf(stage), []);
  assert.is((await stage.entries('alert.raised')).length, 0, 'no PIN was tried');
});

say('sayCard() says nothing in a session that ends while the PIN is tried', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const session = await stage.session();
  const action = `/sessions/${session.id}/say`;
  const token = await visitor.tokenOf(`/sessions/${session.id}`, action);
  const end = { by: 'Alice Ash', reason: 'technician', note: null, ticket: null } as const;
  const { find } = stage.sessions;
  const closed: Promise<unknown>[] = [];
  stage.sessions.find = (id) => {
    const found = find.call(stage.sessions, id);
    closed.push(Promise.resolve().then(() => stage.sessions.closeSession(found, end)));
    return found;
  };
  const answer = await visitor.send(action, formOf({ token }));
  await Promise.all(closed);
  assert.is(answer.status, 409);
  assert.match(answer.text, 'It was not said');
  assert.match(answer.text, TEXT);
  assert.equal(await linesOf(stage), []);
});

say('sayCard() is not offered where nobody has a PIN', async () => {
  await using stage = await openOnsiteStage({ holders: [] });
  const { id } = await stage.session();
  const { text } = await createPageVisitor(stage.app).get(`/sessions/${id}`);
  assert.match(text, 'Nobody can answer or stop it on this page');
  assert.not.match(text, '<form');
});

say('sayCard() approves nothing: what waits goes on waiting', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  const { id } = await stage.session();
  assert.match((await visitor.get(`/requests/${hash}`)).text, `/sessions/${id}#say`);
  assert.is((await speak(visitor, id, { text: 'approved' })).status, 303);
  assert.is(stage.requests.show(hash).state, 'waiting');
  assert.is((await stage.entries('approval.granted')).length, 0);
});

say.run();

function formOf(over: Record<string, string>): Record<string, string> {
  return { approver: 'carol', pin: PINS.carol, text: TEXT, ...over };
}

async function speak(
  visitor: PageVisitor,
  session: string,
  over: Record<string, string> = {},
): Promise<Answer> {
  const action = `/sessions/${session}/say`;
  const token = await visitor.tokenOf(`/sessions/${session}`, action);
  return visitor.send(action, formOf({ token, ...over }));
}

/** What the log says was said, as bytes hold it. */
async function linesOf(stage: OnsiteStage): Promise<string[]> {
  const said = await stage.entries('chat.said');
  return said.map(({ content }) =>
    Buffer.concat(content?.texts[0]?.segments ?? []).toString('utf8'),
  );
}
