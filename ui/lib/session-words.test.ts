import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ToldSession } from '#scripts/testing/told-session.ts';
import type { CommandCard, RequestPart } from './session-card.ts';
import { SessionCards } from './session-cards.ts';
import { askedWords, linkWords, remindAtMs, requestWords, statusWords } from './session-words.ts';

function cardOf({ entries }: ToldSession): CommandCard {
  const cards = new SessionCards();
  for (const entry of entries) cards.take(entry);
  const card = cards.cards().find(({ kind }) => kind === 'command');
  if (card?.kind !== 'command') throw new Error('unreachable: there is one');
  return card;
}

const status = suite('statusWords()');

status('statusWords() says how long it has run, then how it ended', async () => {
  const told = new ToldSession();
  const started = told.start(await told.sign('id'));
  const nowMs = Date.parse(started.leaf.t) + 65_000;
  assert.equal(statusWords(cardOf(told), nowMs), { tone: 'busy', text: 'Running 1 min 05 s' });
  told.exit(started, 2);
  assert.equal(statusWords(cardOf(told), nowMs), { tone: 'bad', text: 'Exit code 2, 1.2 s' });
});

status('statusWords() claims nothing of what the page learns no more', async () => {
  const told = new ToldSession();
  const started = told.start(await told.sign('id'));
  assert.equal(statusWords(cardOf(told), null), { tone: 'idle', text: 'Was running' });
  told.exit(started, 2);
  assert.is(statusWords(cardOf(told), null).text, 'Exit code 2, 1.2 s', 'what is known stays');
});

status.run();

const request = suite('requestWords()');

request('requestWords() counts down, and counts approvals', async () => {
  const told = new ToldSession();
  const asked = told.request(await told.sign('reboot'), { approvals: 2 });
  await told.decide(asked);
  const part = cardOf(told).request as RequestPart;
  const endMs = Date.parse(part.expires);
  const waits = 'The client is asked, 1 of 2 approvals: ';
  assert.is(requestWords(part, endMs - 61_000), `${waits}1 min 01 s left`);
  assert.is(requestWords(part, endMs + 1), `${waits}its time is over`);
});

request('requestWords() counts nothing down when the page hears no answer', async () => {
  const told = new ToldSession();
  const asked = told.request(await told.sign('reboot'), { approvals: 1 });
  assert.match(requestWords(cardOf(told).request as RequestPart, null), /does not hear the answer/);
  await told.decide(asked);
  assert.match(requestWords(cardOf(told).request as RequestPart, null), /^Approved by/);
});

request.run();

const remind = suite('remindAtMs()');

remind(
  'remindAtMs() waits for a minute after a reminder, and never after the first asking',
  async () => {
    const told = new ToldSession();
    const asked = told.request(await told.sign('reboot'));
    const notify = (by: string | null): RequestPart => {
      told.add('approval.notified', { channel: 'page', to: 'Carla', by }, { request: asked.name });
      return cardOf(told).request as RequestPart;
    };
    const first = notify(null);
    assert.is(remindAtMs(first, 0), null);
    const reminded = notify('Tim');
    const nextMs = Date.parse(reminded.asked[1]?.at ?? '') + 60_000;
    assert.is(remindAtMs(reminded, nextMs - 1), nextMs);
    assert.is(remindAtMs(reminded, nextMs), null);
  },
);

remind.run();

const said = suite('askedWords()');

said('askedWords() says who was asked, and who reminded them', () => {
  const asked = { to: 'Carla', by: null, channel: 'on-site page', at: '' };
  assert.is(askedWords(asked), 'Asked Carla, by on-site page');
  assert.is(askedWords({ ...asked, to: null }), 'Asked every approver, by on-site page');
  assert.is(askedWords({ ...asked, by: 'Tim' }), 'Tim reminded Carla, by on-site page');
});

said.run();

const link = suite('linkWords()');

link('linkWords() says when it is tried again', () => {
  const words = linkWords({ kind: 'away', why: 'No answer', retryAtMs: 4_000 }, 500);
  assert.is(words?.title, 'The site cannot be reached; trying again in 4 s.');
  assert.is(linkWords({ kind: 'open', isRelayed: true }, 0), null);
});

link('linkWords() says the same while it is tried again as before, but for when', () => {
  const waits = linkWords({ kind: 'away', why: 'No answer', retryAtMs: 4_000 }, 500);
  const tries = linkWords({ kind: 'connecting', why: 'No answer' }, 500);
  assert.is(tries?.title, 'The site cannot be reached; trying again now …');
  assert.equal([waits?.retry, tries?.retry], ['waits', 'tries']);
  assert.equal({ ...tries, title: '', retry: null }, { ...waits, title: '', retry: null });
  const first = linkWords({ kind: 'connecting', why: null }, 500);
  assert.equal([first?.title, first?.retry], ['Connecting to the site …', null]);
});

link.run();
