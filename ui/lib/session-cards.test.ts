import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ToldSession } from '#scripts/testing/told-session.ts';
import { Grown } from './grown.ts';
import { type Card, type CommandCard, commandStatus } from './session-card.ts';
import { SessionCards } from './session-cards.ts';

function cardsOf({ entries }: ToldSession): readonly Card[] {
  const cards = new SessionCards();
  for (const entry of entries) cards.take(entry);
  return cards.cards();
}

function commandsOf(told: ToldSession): readonly CommandCard[] {
  return cardsOf(told).filter((card) => card.kind === 'command');
}

function only(told: ToldSession): CommandCard {
  const [card, ...others] = commandsOf(told);
  assert.is(others.length, 0, 'one card');
  if (card === undefined) throw new Error('unreachable: there is one');
  return card;
}

const take = suite('SessionCards.take()');

take('SessionCards.take() makes one card of a command from its start to its end', async () => {
  const told = new ToldSession();
  await told.open();
  const started = told.start(await told.sign('uptime -p'));
  told.print(started, 'up 2 ');
  told.print(started, 'oops\n', 'stderr');
  told.print(started, 'days\n');
  told.exit(started, 3);
  const card = only(told);
  assert.is(card.work?.command, 'uptime -p');
  assert.equal(card.work?.envNames, ['LANG']);
  assert.is(card.output?.text.text(), 'up 2 days\noops');
  assert.equal([card.output?.stdoutBytes, card.output?.stderrBytes], [10, 5]);
  assert.is(card.exit?.code, 3);
  assert.is(commandStatus(card), 'failed');
  assert.is(card.entries.length, 5);
  assert.is(card.index, started.leaf.i);
});

take('SessionCards.take() keeps cards in the order of the log', async () => {
  const told = new ToldSession();
  await told.open();
  const slow = told.start(await told.sign('sleep 9'));
  told.say('client', 'Is it the spooler?\u202e');
  const quick = told.start(await told.sign('id'));
  told.exit(quick);
  told.print(slow, 'done\n');
  told.exit(slow);
  told.close();
  const words = cardsOf(told).map((card) => {
    if (card.kind === 'command') return card.work?.command;
    return card.kind === 'chat' ? card.text : card.title;
  });
  assert.equal(words, [
    'Tess Technician opened a session on till-1',
    'sleep 9',
    'Is it the spooler?\\u{202e}',
    'id',
    'A technician closed the session',
  ]);
});

take('SessionCards.take() folds states into the command whose request cites them', async () => {
  const told = new ToldSession();
  const command = await told.sign('systemctl restart cups');
  const state = await told.state('before', 'stopped\n');
  const other = told.start(await told.sign('id'));
  const request = told.request(command, { state });
  told.exit(other);
  const approval = await told.decide(request);
  const started = told.start(command, { request, approval });
  told.exit(started);
  await told.state('after', 'running\n');
  const [id, card, ...others] = commandsOf(told);
  assert.is(others.length, 0);
  assert.equal([id?.before, id?.entries.length], [null, 2]);
  assert.is(card?.entries.items()[0]?.leaf.i, told.entries[0]?.leaf.i);
  assert.is(card?.work?.command, 'systemctl restart cups');
  assert.equal([card?.before?.text, card?.after?.text], ['stopped\n', 'running\n']);
  assert.is(commandStatus(card as CommandCard), 'succeeded');
  assert.is(id?.work?.command, 'id');
});

take('SessionCards.take() folds a state that stands right before a command not asked', async () => {
  const told = new ToldSession();
  await told.state('before', 'one\n');
  told.exit(told.start(await told.sign('touch /tmp/x')));
  const card = only(told);
  assert.equal([card.before?.text, card.work?.command], ['one\n', 'touch /tmp/x']);
});

take('SessionCards.take() does not guess whose state it is', async () => {
  const told = new ToldSession();
  const a = told.start(await told.sign('lpstat', { purpose: 'state-before' }));
  const b = told.start(await told.sign('lpstat', { purpose: 'state-before' }));
  for (const started of [a, b]) {
    told.capture(started, 'before', 'one\n');
    told.exit(started);
  }
  told.start(await told.sign('touch /tmp/x'));
  const found = commandsOf(told).map(({ before, work }) => [before?.text, work?.command]);
  assert.equal(found, [
    ['one\n', undefined],
    ['one\n', undefined],
    [undefined, 'touch /tmp/x'],
  ]);
});

take('SessionCards.take() tells a request in the words of the log', async () => {
  const told = new ToldSession();
  const command = await told.sign('reboot');
  const request = told.request(command, { approvals: 2 });
  const notice = { channel: 'page', to: null, by: null };
  told.add('approval.notified', notice, { request: request.name });
  told.add('approval.viewed', { channel: 'page', by: 'Carla' }, { request: request.name });
  assert.is(only(told).request?.state, 'waiting');
  assert.match(only(told).request?.match ?? '', /^[0-9A-Z]{3}-[0-9A-Z]{3}$/);
  await told.decide(request, { approver: 'carla' });
  assert.is(only(told).request?.state, 'waiting', 'one of two');
  const approval = await told.decide(request, { approver: 'dave' });
  const card = only(told);
  assert.is(commandStatus(card), 'approved');
  assert.equal([card.request?.asked.length, card.request?.viewed[0]?.by], [1, 'Carla']);
  told.start(command, { request, approval });
  assert.is(commandStatus(only(told)), 'running');
});

take('SessionCards.take() counts an approver once', async () => {
  const told = new ToldSession();
  const request = told.request(await told.sign('reboot'), { approvals: 2 });
  await told.decide(request, { approver: 'carla' });
  await told.decide(request, { approver: 'carla' });
  assert.is(only(told).request?.state, 'waiting');
});

for (const end of ['denied', 'withdrawn', 'expired'] as const) {
  take(`SessionCards.take() shows what was ${end}`, async () => {
    const told = new ToldSession();
    const request = told.request(await told.sign('reboot'));
    const ref = { request: request.name };
    if (end === 'denied') await told.decide(request, { grant: false });
    else if (end === 'expired') told.add('approval.expired', { after_s: 600 }, ref);
    else told.add('approval.withdrawn', { by: 'Tess', reason: 'Wrong\u0007' }, ref);
    const card = only(told);
    assert.is(commandStatus(card), end);
    assert.is(
      card.request?.ended?.comment,
      { denied: 'Fine.', withdrawn: 'Wrong\\x07', expired: null }[end],
    );
  });
}

take('SessionCards.take() shows a refusal, with a start and without', async () => {
  const told = new ToldSession();
  const denied = await told.sign('format c:');
  told.refuse(denied, { by: 'policy', why: 'Never.', ref: { policy: told.request(denied).name } });
  const started = told.start(await told.sign('id'));
  told.refuse(await told.sign('id'), { why: 'It left.', ref: { command: started.name } });
  const found = commandsOf(told).map((card) => [commandStatus(card), card.refused?.why]);
  assert.equal(found, [
    ['refused', 'Never.'],
    ['refused', 'It left.'],
  ]);
});

take('SessionCards.take() tells a state that could not be captured', async () => {
  const told = new ToldSession();
  told.refuse(await told.sign('lpstat', { purpose: 'state-before' }), { why: 'Offline.' });
  told.refuse(await told.sign('reboot'), { why: 'The state before it is not known.' });
  const card = only(told);
  assert.equal([card.before?.problem, card.before?.isOver], ['Offline.', true]);
  assert.is(commandStatus(card), 'refused');
});

take('SessionCards.take() shows a second start of the same signed command apart', async () => {
  const told = new ToldSession();
  const command = await told.sign('id');
  told.exit(told.start(command));
  told.start(command);
  assert.equal(commandsOf(told).map(commandStatus), ['succeeded', 'running']);
});

take('SessionCards.take() leaves cards that were given out as they were', async () => {
  const told = new ToldSession();
  const started = told.start(await told.sign('id'));
  const cards = new SessionCards();
  told.entries.forEach((entry) => cards.take(entry));
  const before = cards.cards();
  cards.take(told.exit(started));
  assert.is((before[0] as CommandCard).exit, null);
  assert.is(before[0]?.entries.length, 1);
  assert.is(cards.cards()[0]?.entries.length, 2);
});

take('SessionCards.take() shows what belongs to nothing by its fields', async () => {
  const told = new ToldSession();
  const elsewhere = new ToldSession();
  const started = elsewhere.start(await elsewhere.sign('id'));
  told.print(started, 'whose?');
  const alert = {
    code: 'disk',
    severity: 'critical',
    subject: null,
    detail: 'Full\u0000',
  } as const;
  told.add('alert.raised', alert);
  const facts = cardsOf(told).map((card) => card.kind === 'fact' && [card.title, card.tone]);
  assert.equal(facts, [
    ['command.output', 'plain'],
    ['Alert: Full\\x00', 'bad'],
  ]);
});

take.run();

const has = suite('SessionCards.has()');

has(
  'SessionCards.has() knows a signed command as soon as the log says anything of it',
  async () => {
    const told = new ToldSession();
    const command = await told.sign('reboot');
    const cards = new SessionCards();
    assert.is(cards.has(command.hash), false);
    cards.take(told.request(command));
    assert.is(cards.has(command.hash), true);
  },
);

has.run();

const grown = suite('Grown.with()');

grown('Grown.with() leaves the list it was made from as it was', () => {
  const one = new Grown(['a']);
  const two = one.with('b');
  const other = one.with('c');
  assert.equal([one.items(), two.items(), other.items()], [['a'], ['a', 'b'], ['a', 'c']]);
  assert.equal([one.get(1), two.get(1), other.get(1)], [undefined, 'b', 'c']);
});

grown.run();
