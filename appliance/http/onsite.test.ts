import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatVerifierKey } from '#crypto/key.ts';
import { FAKE_HOST } from '#scripts/testing/fake-agent.ts';
import { openOnsiteStage, PINS, fieldsOf } from '#scripts/testing/onsite-stage.ts';
import { createPageVisitor, type PageVisitor } from '#scripts/testing/page-visitor.ts';
import { siteFingerprints } from '#crypto/site-fingerprints.ts';
import { rosterOf } from '#scripts/testing/story-statements.ts';
import type { Session } from '../work/session.ts';

import { MAX_FORM_BYTES } from './form.ts';

const onsite = suite('onsiteRoutes()');

onsite('onsiteRoutes() lets an approver approve by PIN, and shows the receipt', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash, outcome } = await stage.ask({ state: 'terminal = off\n' });
  const list = await visitor.get('/');
  assert.match(list.text, `/requests/${hash}`);
  const shown = await visitor.get(`/requests/${hash}`);
  assert.is(shown.status, 200);
  for (const part of [
    'Alice Ash',
    'frontdesk-1',
    'systemctl restart card-terminal',
    'terminal = off',
  ]) {
    assert.match(shown.text, part);
  }
  const answer = await decide(visitor, hash);
  assert.is(answer.status, 303);
  assert.is(answer.headers.get('Location'), `/requests/${hash}/receipt?refresh=5`);
  assert.is((await outcome).outcome, 'exited');
  const [granted] = await stage.entries('approval.granted');
  assert.is(fieldsOf(granted)['method'], 'pin');
  assert.is(fieldsOf(granted)['approver_id'], 'carol');
  assert.is(fieldsOf(granted)['comment'], 'go on');
  const receipt = await visitor.get(`/requests/${hash}/receipt`);
  assert.match(receipt.text, `Entry ${granted?.index ?? -1} of the record`);
  assert.match(receipt.text, 'Approved');
  assert.match(receipt.text, 'title="2026-11-21 02:09:14 UTC"');
  assert.match(receipt.text, 'Sat, 21 Nov 2026, 03:09');
  assert.match(receipt.text, /Times are those of\s+Europe\/Berlin/);
  assert.match(receipt.text, 'It ran, exit code 0.');
});

onsite(
  'onsiteRoutes() names the folder that a command runs in, and says when root runs it',
  async () => {
    await using stage = await openOnsiteStage();
    const visitor = createPageVisitor(stage.app);
    const pageOf = async (cwd: string | null): Promise<string> => {
      const { hash } = await stage.ask({ cwd, command: `touch ${cwd ?? 'here'}` });
      return (await visitor.get(`/requests/${hash}`)).text;
    };
    assert.match(await pageOf(null), 'the home folder of the user that the agent runs as');
    stage.host = { ...FAKE_HOST, runsAs: { user: 'root', isRoot: true, folder: '/root' } };
    const asRoot = await pageOf(null);
    assert.match(asRoot, '<code>/root</code>, for none is named');
    assert.match(asRoot, '<code>root</code>, who may do anything on this machine');
    stage.host = { ...FAKE_HOST, runsAs: { user: 'till', isRoot: false, folder: '/home/till' } };
    const named = await pageOf('/srv/<shop>');
    assert.match(named, '<code>/srv/&lt;shop&gt;</code>');
    assert.not.match(named, '/home/till');
    assert.not.match(named, 'may do anything');
  },
);

onsite('onsiteRoutes() shows folder, settings and user as exactly as the command', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  stage.host = { ...FAKE_HOST, runsAs: { user: 'r\u043eot', isRoot: false, folder: '/' } };
  const { hash } = await stage.ask({ cwd: '/h\u0435me', env: { PATH: '/\u202ebin:\u03b1' } });
  const { text } = await visitor.get(`/requests/${hash}`);
  for (const number of ['U+043E', 'U+0435', 'U+03B1']) assert.match(text, number);
  assert.match(text, '<code>PATH=/<mark>\\u{202e}</mark>bin:\u03b1</code>');
  assert.match(
    text,
    /dd code \{[^}]*unicode-bidi: bidi-override/,
    'letters of both directions stay in order',
  );
});

onsite('onsiteRoutes() shows the keys of the box and of its record to be compared', async () => {
  await using stage = await openOnsiteStage();
  const { applianceKey: appliance, site } = stage;
  const { text } = await createPageVisitor(stage.app).get('/');
  const fingerprints = siteFingerprints({ appliance, log: formatVerifierKey(site.logKey) });
  assert.match(text, `<dd><code>${fingerprints.appliance}</code></dd>`);
  assert.match(text, `<code>${fingerprints.log}</code>`);
});

onsite('onsiteRoutes() names the provider as the roster in force does', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  const over = { msp: 'Northwind IT', version: 2 };
  await stage.site.changeRoster(await rosterOf(stage.people, { over }));
  for (const path of ['/', `/requests/${hash}`, `/sessions/${(await stage.session()).id}`]) {
    const { text } = await visitor.get(path);
    assert.match(text, 'Northwind IT', path);
    assert.not.match(text, stage.people.root.name, path);
  }
});

onsite('onsiteRoutes() lets an approver deny, and the command never starts', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash, outcome } = await stage.ask();
  assert.is((await decide(visitor, hash, { decision: 'deny' })).status, 303);
  assert.is((await outcome).outcome, 'denied');
  assert.is((await stage.entries('command.started')).length, 0);
  assert.match((await visitor.get(`/requests/${hash}`)).text, 'Denied');
});

onsite('onsiteRoutes() decides nothing by GET or HEAD, whatever the address says', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  const before = stage.ledger.size;
  await visitor.get(`/requests/${hash}`, { method: 'HEAD' });
  assert.is(stage.ledger.size, before, 'HEAD looks at nothing');
  const token = await visitor.tokenOf(`/requests/${hash}`);
  const form = formOf({ token });
  const paths = [
    `/requests/${hash}`,
    `/requests/${hash}/decide`,
    `/requests/${hash}/receipt`,
    '/',
    `/sessions/${(await stage.session()).id}/stop`,
  ];
  for (const path of paths) await visitor.get(`${path}?${new URLSearchParams(form)}`);
  assert.is(stage.requests.show(hash).state, 'waiting');
  assert.is(stage.sessions.open.length, 1);
  assert.is(stage.ledger.size, before + 1, 'only the first look is on record');
  assert.is((await stage.entries('approval.viewed')).length, 1);
});

onsite(
  'onsiteRoutes() brings the form back for a wrong PIN, which is on record before',
  async () => {
    await using stage = await openOnsiteStage();
    const visitor = createPageVisitor(stage.app);
    const { hash } = await stage.ask();
    const answer = await decide(visitor, hash, { pin: '739151', comment: '<b>careful</b>' });
    assert.is(answer.status, 403);
    assert.match(answer.text, '2 tries are left');
    assert.match(answer.text, '&lt;b&gt;careful&lt;/b&gt;');
    assert.not.match(answer.text, '739151');
    const [alert] = await stage.entries('alert.raised');
    assert.is(fieldsOf(alert)['code'], 'wrong-pin');
    assert.is(fieldsOf(alert)['subject'], 'carol');
    assert.is(stage.requests.show(hash).state, 'waiting');
  },
);

onsite('onsiteRoutes() answers 429 with a time to wait, also to the right PIN', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  for (let i = 0; i < 2; i++) await decide(visitor, hash, { pin: '000001' });
  const locked = await decide(visitor, hash, { pin: '000001' });
  assert.is(locked.status, 429);
  assert.is(locked.headers.get('Retry-After'), '30');
  assert.match(locked.text, 'please wait 30 seconds');
  stage.clock.advance(29_999);
  const right = await decide(visitor, hash);
  assert.is(right.status, 429);
  assert.is(right.headers.get('Retry-After'), '1');
  stage.clock.advance(1);
  assert.is((await decide(visitor, hash)).status, 303);
});

onsite('onsiteRoutes() says what happened when a decision comes too late', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash, outcome } = await stage.ask();
  const token = await visitor.tokenOf(`/requests/${hash}`);
  await decide(visitor, hash, { decision: 'deny' });
  const second = await visitor.send(
    `/requests/${hash}/decide`,
    formOf({ token, approver: 'dave' }),
  );
  assert.is(second.status, 409);
  assert.match(second.text, 'came too late');
  assert.match(second.text, 'Denied');
  await outcome;
  const other = await stage.ask({ command: 'reboot' });
  stage.clock.advance(1_800_000);
  assert.is((await other.outcome).outcome, 'expired');
  assert.match((await visitor.get(`/requests/${other.hash}`)).text, 'Expired');
});

onsite('onsiteRoutes() takes two approvals where two are needed, each once', async () => {
  await using stage = await openOnsiteStage({
    rules: { time_zone: 'UTC', rules: [], ask: { approvals: 2, expires_s: 600 } },
  });
  const visitor = createPageVisitor(stage.app);
  const { hash, outcome } = await stage.ask();
  assert.is((await decide(visitor, hash)).status, 303);
  assert.match((await visitor.get(`/requests/${hash}/receipt`)).text, 'Waiting for more approvals');
  assert.match((await visitor.get(`/requests/${hash}`)).text, 'given so far by Carol Miller');
  const again = await decide(visitor, hash);
  assert.is(again.status, 409);
  assert.match(again.text, 'You have approved this already');
  assert.is((await decide(visitor, hash, { approver: 'dave', pin: PINS.dave })).status, 303);
  assert.is((await outcome).outcome, 'exited');
});

onsite('onsiteRoutes() refuses forms that no page of this visit gave', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  const { hash: other } = await stage.ask({ command: 'reboot' });
  const token = await visitor.tokenOf(`/requests/${hash}`);
  const path = `/requests/${hash}/decide`;
  const form = formOf({ token });
  const stranger = createPageVisitor(stage.app);
  const attacks = [
    { name: 'no cookie', answer: await stranger.send(path, form) },
    {
      name: 'token of another request',
      answer: await visitor.send(`/requests/${other}/decide`, form),
    },
    { name: 'no token', answer: await visitor.send(path, formOf({ token: '' })) },
    { name: 'no origin', answer: await visitor.send(path, form, { headers: { Origin: '' } }) },
    {
      name: 'null origin',
      answer: await visitor.send(path, form, { headers: { Origin: 'null' } }),
    },
    {
      name: 'other origin',
      answer: await visitor.send(path, form, { headers: { Origin: 'http://evil.example' } }),
    },
    {
      name: 'other port',
      answer: await visitor.send(path, form, { headers: { Origin: 'http://localhost:81' } }),
    },
    {
      name: 'same site only',
      answer: await visitor.send(path, form, { headers: { 'Sec-Fetch-Site': 'same-site' } }),
    },
  ];
  for (const { name, answer } of attacks) assert.is(answer.status, 403, name);
  assert.is(stage.requests.show(hash).state, 'waiting');
  assert.is(stage.requests.show(other).state, 'waiting');
  assert.is((await stage.entries('alert.raised')).length, 0, 'no PIN was tried');
});

onsite('onsiteRoutes() decides nothing for a form that is incomplete or says more', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  const token = await visitor.tokenOf(`/requests/${hash}`);
  const path = `/requests/${hash}/decide`;
  const { decision: _decision, ...undecided } = formOf({ token });
  const { pin: _pin, ...pinless } = formOf({ token });
  for (const form of [undecided, pinless, { ...formOf({ token }), admin: '1' }]) {
    assert.is((await visitor.send(path, form)).status, 400);
  }
  for (const decision of ['', 'Approve', 'yes']) {
    assert.is((await visitor.send(path, formOf({ token, decision }))).status, 400, decision);
  }
  const twice = `${new URLSearchParams(formOf({ token, decision: 'deny' }))}&decision=approve`;
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
  assert.is((await visitor.send(path, {}, { body: twice, headers })).status, 400);
  const json = JSON.stringify(formOf({ token }));
  const asJson = { body: json, headers: { 'Content-Type': 'application/json' } };
  assert.is((await visitor.send(path, {}, asJson)).status, 400);
  const long = formOf({ token, comment: 'x'.repeat(MAX_FORM_BYTES) });
  assert.is((await visitor.send(path, long)).status, 413);
  assert.is(stage.requests.show(hash).state, 'waiting');
});

onsite('onsiteRoutes() refuses an approver of nobody', async () => {
  await using stage = await openOnsiteStage({ holders: ['carol'] });
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  for (const approver of ['dave', 'mallory', '', '__proto__']) {
    const answer = await decide(visitor, hash, { approver, pin: PINS.dave });
    assert.is(answer.status, 403, approver);
  }
  assert.is(stage.requests.show(hash).state, 'waiting');
});

onsite('onsiteRoutes() shows hostile text by its characters, escaped and explained', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const command = 'echo "<script>alert(1)</script>" \u202e\u200b; rm -rf \u0430\x1b[8m';
  const env = { 'A"><b>': '\u2066x' };
  const { hash } = await stage.ask({ command, env, why: '<img src=x>\u202eevil', state: '\x07ok' });
  const { text } = await visitor.get(`/requests/${hash}`);
  for (const raw of ['<script', '<img', '<b>', '\u202e', '\u200b', '\x1b', '\x07', '\u2066']) {
    assert.not.match(text, raw);
  }
  for (const shown of [
    '&lt;script&gt;alert(1)&lt;/script&gt;',
    '<mark>\\u{202e}</mark>',
    '<mark>\\u{200b}</mark>',
    '<mark>\\x1b</mark>',
    'text after it can appear backwards',
    'a letter of the Cyrillic alphabet (U+0430)',
  ]) {
    assert.ok(text.includes(shown), shown);
  }
});

onsite('onsiteRoutes() tells requests apart in the list: the command on one line', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  await stage.ask({ command: 'reboot\nrm <b>\u202e' });
  await stage.ask({ command: `echo ${'x'.repeat(30_000)}; rm -rf /` });
  const { text } = await visitor.get('/');
  assert.match(text, '<code>reboot ⏎ rm &lt;b&gt;\\u{202e}</code>');
  assert.match(text, `<code>echo ${'x'.repeat(154)}…</code>`);
  assert.match(text, /\.taste code[^{]*\{[^}]*unicode-bidi: bidi-override/);
});

onsite('onsiteRoutes() never cuts a command', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const command = `echo ${'x'.repeat(30_000)}${'\n'.repeat(500)}rm -rf /`;
  const { hash } = await stage.ask({ command });
  const { text } = await visitor.get(`/requests/${hash}`);
  assert.ok(text.includes(command));
  assert.match(text, '501 lines');
});

onsite('onsiteRoutes() stops a session by PIN, and takes back what waits in it', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash, outcome } = await stage.ask();
  const { id } = await stage.session();
  const path = `/sessions/${id}`;
  assert.match((await visitor.get('/')).text, path);
  const token = await visitor.tokenOf(path, `${path}/stop`);
  const form = { approver: 'dave', pin: '000000x', comment: '', token };
  assert.is((await visitor.send(`${path}/stop`, form)).status, 403);
  assert.is(stage.sessions.open.length, 1);
  const answer = await visitor.send(`${path}/stop`, { ...form, pin: PINS.dave });
  assert.is(answer.status, 303);
  assert.is((await outcome).outcome, 'withdrawn');
  const [closed] = await stage.entries('session.closed');
  assert.is(fieldsOf(closed)['by'], 'Dave Miller');
  assert.is(fieldsOf(closed)['reason'], 'approver');
  const receipt = await visitor.get(path);
  assert.match(receipt.text, `Entry ${closed?.index ?? -1}`);
  assert.match((await visitor.get(`/requests/${hash}`)).text, 'Withdrawn');
  const late = await visitor.send(`${path}/stop`, { ...form, comment: 'Now!', pin: PINS.dave });
  assert.is(late.status, 404);
  assert.match(late.text, 'Nothing was stopped');
  assert.match(late.text, 'Dave Miller stopped it.');
});

onsite('onsiteRoutes() decides and stops once, however often a form is sent', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  const path = `/sessions/${(await stage.session()).id}`;
  const decision = formOf({ token: await visitor.tokenOf(`/requests/${hash}`) });
  const deciding = [1, 2].map(() => visitor.send(`/requests/${hash}/decide`, decision));
  const [first, second] = await Promise.all(deciding);
  const receipt = `/requests/${hash}/receipt`;
  assert.match(first?.headers.get('Location') ?? '', receipt);
  assert.match(second?.headers.get('Location') ?? '', receipt, 'not: it came too late');
  assert.is((await stage.entries('approval.granted')).length, 1);
  const other = { ...decision, decision: 'deny' };
  const late = await visitor.send(`/requests/${hash}/decide`, other);
  assert.is(late.status, 409, 'another decision is another form');
  const token = await visitor.tokenOf(path, `${path}/stop`);
  const stopping = { approver: 'carol', pin: PINS.carol, comment: '', token };
  for (let sent = 0; sent < 2; sent++) {
    const { status, headers } = await visitor.send(`${path}/stop`, stopping);
    assert.equal([status, headers.get('Location')], [303, path]);
  }
  assert.is((await stage.entries('session.closed')).length, 1);
});

/** Resolves when a command of the session runs. */
async function untilRunning({ commands }: Session): Promise<void> {
  const isRunning = (): boolean => [...commands.values()].some((live) => live?.run != null);
  while (!isRunning()) await new Promise(setImmediate);
}

onsite('onsiteRoutes() counts what runs apart from what waits', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  stage.hold = 'until-cancelled';
  const { hash } = await stage.ask();
  const session = await stage.session();
  const path = `/sessions/${session.id}`;
  const waiting = (await visitor.get(path)).text;
  assert.match(waiting, /Running now<\/dt>\s*<dd>\s*nothing/);
  assert.match(waiting, 'Waiting for you');
  assert.match(waiting, `/requests/${hash}`);
  await decide(visitor, hash);
  await untilRunning(session);
  const running = (await visitor.get(path)).text;
  assert.match(running, /Running now<\/dt>\s*<dd>\s*1 command/);
  assert.not.match(running, 'Waiting for you');
});

onsite('onsiteRoutes() cancels what runs in a session that is stopped', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  stage.hold = 'until-cancelled';
  const { hash, outcome } = await stage.ask();
  await decide(visitor, hash);
  const session = await stage.session();
  await untilRunning(session);
  assert.is((await stop(visitor, session.id)).status, 303);
  assert.is((await outcome).outcome, 'cancelled');
});

onsite('onsiteRoutes() answers while a session is slow to end, and says so', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  stage.hold = 'until-released';
  const { hash, outcome } = await stage.ask();
  await decide(visitor, hash);
  const session = await stage.session();
  await untilRunning(session);
  const answer = stop(visitor, session.id);
  while (!session.isClosing) await new Promise(setImmediate);
  stage.clock.advance(60_000);
  assert.is((await answer).status, 303);
  assert.match((await visitor.get(`/sessions/${session.id}`)).text, 'It is being stopped');
  stage.hold = 'no';
  await outcome;
  while (stage.sessions.open.length > 0) await new Promise(setImmediate);
  assert.match((await visitor.get(`/sessions/${session.id}`)).text, 'Carol Miller stopped it.');
  assert.equal(stage.failures, []);
});

onsite('onsiteRoutes() decides nothing while the log cannot be written, and says why', async () => {
  await using stage = await openOnsiteStage();
  const visitor = createPageVisitor(stage.app);
  const { hash } = await stage.ask();
  const token = await visitor.tokenOf(`/requests/${hash}`);
  stage.isLogBroken = true;
  const answer = await visitor.send(`/requests/${hash}/decide`, formOf({ token }));
  assert.is(answer.status, 503);
  assert.match(answer.text, 'The record cannot be written just now');
  assert.is(stage.failures.length, 1);
  assert.is(stage.requests.show(hash).state, 'waiting');
});

onsite(
  'onsiteRoutes() has a face for when nothing waits, and for what it does not know',
  async () => {
    await using stage = await openOnsiteStage();
    const visitor = createPageVisitor(stage.app);
    const home = await visitor.get('/');
    assert.match(home.text, 'Nothing is waiting for you');
    assert.match(home.text, 'Nobody is working on your machines');
    assert.is(home.headers.get('Refresh'), null);
    assert.is((await visitor.get('/?refresh=30')).headers.get('Refresh'), '30');
    assert.is((await visitor.get('/?refresh=0')).headers.get('Refresh'), null);
    assert.is((await visitor.get(`/requests/${'A'.repeat(43)}`)).status, 404);
    assert.is((await visitor.get(`/sessions/${'A'.repeat(22)}`)).status, 404);
    assert.is((await visitor.get('/requests/short')).status, 404);
  },
);

onsite.run();

function formOf(over: Record<string, string>): Record<string, string> {
  const form = { approver: 'carol', pin: PINS.carol, comment: 'go on', decision: 'approve' };
  return { ...form, ...over };
}

async function decide(visitor: PageVisitor, hash: string, over: Record<string, string> = {}) {
  const token = await visitor.tokenOf(`/requests/${hash}`);
  return visitor.send(`/requests/${hash}/decide`, formOf({ token, ...over }));
}

async function stop(visitor: PageVisitor, session: string) {
  const action = `/sessions/${session}/stop`;
  const token = await visitor.tokenOf(`/sessions/${session}`, action);
  const form = { approver: 'carol', pin: PINS.carol, comment: '', token };
  return visitor.send(action, form);
}
